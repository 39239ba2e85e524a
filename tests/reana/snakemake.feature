Feature: The design of the Weinberg campaign, Snakemake flavour

    Scenario: The workflow ends well
        When the workflow is finished
        Then the workflow status should be "finished"

    Scenario: The design and its figures are there
        When the workflow is finished
        Then the workspace should include "results/weinberg/design.json"
        And the workspace should include "results/weinberg/design.csv"
        And the workspace should include "results/weinberg/figures/gain.png"

    Scenario: The best settings are named
        When the workflow is finished
        Then the job logs for the step "design" should contain "√s = 83 GeV teaches most"
        And the job logs for the step "design" should contain "√s = 91 GeV teaches most"
