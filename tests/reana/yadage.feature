Feature: The design of the Weinberg campaign, yadage flavour

    Scenario: The workflow ends well
        When the workflow is finished
        Then the workflow status should be "finished"

    Scenario: The design and its figures are there
        When the workflow is finished
        Then the workspace should include "design/design.json"
        And the workspace should include "design/design.csv"
        And the workspace should include "design/figures/gain.png"

    Scenario: The best settings are named
        When the workflow is finished
        Then the job logs for the step "design" should contain "√s = 83 GeV teaches most"
        And the job logs for the step "design" should contain "√s = 91 GeV teaches most"
