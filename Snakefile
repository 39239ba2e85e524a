# The graph of a campaign for Snakemake: one branch per setting φ and sample θ, a reduce over θ per setting and
# exposure, and the design over all settings. Commands come from steps/, images from envs/.
include: "workflow/steps.smk"
include: "workflow/rounds.smk"
include: "workflow/sequence.smk"


report: "workflow/report/workflow.rst"


wildcard_constraints:
    round="(round=[0-9]+/(measurement/)?)?",
    setting="[^/]+",
    sample="[^/]+",
    exposure="[^/]+",
    first=FIRST,
    next=LATER,


localrules:
    all,


rule all:
    input:
        answers,


checkpoint propose:
    input:
        study_files,
        gains=gains_before,
        previous=search_before,
        campaign=CAMPAIGN,
    output:
        proposal=f"{RESULTS}/{{round}}campaign.yaml",
        search=f"{RESULTS}/{{round}}search.json",
        figures=report(
            directory(f"{RESULTS}/{{round}}figures"),
            patterns=["{figure}.png"],
            caption="workflow/report/search.rst",
            category="Search",
        ),
    log:
        f"{RESULTS}/{{round}}propose.log",
    wildcard_constraints:
        round=SEARCHED,
    container:
        image("propose")
    resources:
        mem_mb=memory_mb("propose"),
        kubernetes_memory_limit=limit("propose", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("propose", "kubernetes_job_timeout"),
    params:
        study_files_hold,
    message:
        "propose {wildcards.round} of {RESULTS}"
    shell:
        command("propose")


checkpoint begin:
    input:
        study_files,
        study=ancient(CAMPAIGN),
    output:
        campaign=f"{RESULTS}/{{first}}campaign.yaml",
        sequence=f"{RESULTS}/{{first}}sequence.json",
    log:
        f"{RESULTS}/{{first}}begin.log",
    container:
        image("begin")
    resources:
        mem_mb=memory_mb("begin"),
        kubernetes_memory_limit=limit("begin", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("begin", "kubernetes_job_timeout"),
    params:
        study_files_hold,
    message:
        "begin {RESULTS} {wildcards.first}"
    shell:
        command("begin", *STUDY)


checkpoint observe:
    input:
        taken,
        study=ancient(CAMPAIGN),
        campaign=own("campaign.yaml"),
        sequence=own("sequence.json"),
        design=own("design.json"),
    output:
        measurement=f"{RESULTS}/{{round}}measurement/campaign.yaml",
        data=f"{RESULTS}/{{round}}measurement/data.root",
    log:
        f"{RESULTS}/{{round}}measurement/observe.log",
    container:
        image("observe")
    resources:
        mem_mb=memory_mb("observe"),
        kubernetes_memory_limit=limit("observe", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("observe", "kubernetes_job_timeout"),
    params:
        data_of,
    message:
        "observe {RESULTS} {wildcards.round}"
    shell:
        command("observe", *STUDY)


checkpoint update:
    input:
        study_files,
        before("branches.json"),
        before("measurement/branches.json"),
        before("measurement/design.json"),
        study=ancient(CAMPAIGN),
        campaign=before("campaign.yaml"),
        previous=before("sequence.json"),
        design=before("design.json"),
        measurement=before("measurement/campaign.yaml"),
        posterior=posterior_before,
    output:
        next=f"{RESULTS}/round={{next}}/campaign.yaml",
        sequence=f"{RESULTS}/round={{next}}/sequence.json",
        figures=report(
            directory(f"{RESULTS}/round={{next}}/sequence"),
            patterns=["{figure}.png"],
            caption="workflow/report/figure.rst",
            category="Sequence",
        ),
    log:
        f"{RESULTS}/round={{next}}/update.log",
    container:
        image("update")
    resources:
        mem_mb=memory_mb("update"),
        kubernetes_memory_limit=limit("update", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("update", "kubernetes_job_timeout"),
    params:
        study_files_hold,
    message:
        "update {RESULTS} for round {wildcards.next}"
    shell:
        command("update", *STUDY)


rule branches:
    input:
        campaign=campaign_of,
    output:
        branches=f"{RESULTS}/{{round}}branches.json",
    log:
        f"{RESULTS}/{{round}}branches.log",
    container:
        image("branches")
    resources:
        mem_mb=memory_mb("branches"),
        kubernetes_memory_limit=limit("branches", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("branches", "kubernetes_job_timeout"),
    message:
        "branches of {RESULTS} {wildcards.round}"
    shell:
        command("branches")


rule simulate:
    input:
        campaign=campaign_for_events,
    output:
        events=f"{RESULTS}/{{round}}{{setting}}/{{sample}}/events.root",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{sample}}/simulate.log",
    container:
        image("simulate")
    resources:
        mem_mb=memory_mb("simulate"),
        kubernetes_memory_limit=limit("simulate", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("simulate", "kubernetes_job_timeout"),
    params:
        made_with,
    message:
        "simulate {wildcards.round}{wildcards.setting} {wildcards.sample}"
    shell:
        # a change of these, and of nothing else in the campaign, makes other events
        command("simulate", "seed")


rule histogram:
    input:
        campaign=campaign_for_events,
        events=rules.simulate.output.events,
    output:
        histogram=f"{RESULTS}/{{round}}{{setting}}/{{sample}}/histogram.json",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{sample}}/histogram.log",
    container:
        image("histogram")
    resources:
        mem_mb=memory_mb("histogram"),
        kubernetes_memory_limit=limit("histogram", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("histogram", "kubernetes_job_timeout"),
    params:
        made_with,
    message:
        "histogram {wildcards.round}{wildcards.setting} {wildcards.sample}"
    shell:
        command(
            "histogram",
            "seed",
            "simulation.folds",
            "observables",
        )


rule likelihood:
    input:
        files_named,
        campaign=campaign_for_inference,
        histograms=histograms_of,
    output:
        workspace=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/workspace.json",
        patchset=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/patchset.json",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/likelihood.log",
    container:
        image("likelihood")
    resources:
        mem_mb=memory_mb("likelihood"),
        kubernetes_memory_limit=limit("likelihood", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("likelihood", "kubernetes_job_timeout"),
    params:
        files_hold,
    message:
        "likelihood {wildcards.round}{wildcards.setting} {wildcards.exposure}"
    shell:
        command("likelihood", INFERENCE)


rule posterior:
    input:
        files_named,
        campaign=campaign_for_inference,
        workspace=rules.likelihood.output.workspace,
        patchset=rules.likelihood.output.patchset,
    output:
        posterior=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/posterior.json",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/posterior.log",
    container:
        image("posterior")
    resources:
        mem_mb=memory_mb("posterior"),
        kubernetes_memory_limit=limit("posterior", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("posterior", "kubernetes_job_timeout"),
    params:
        files_hold,
    message:
        "posterior {wildcards.round}{wildcards.setting} {wildcards.exposure}"
    shell:
        command("posterior", INFERENCE)


rule eig:
    input:
        files_named,
        campaign=campaign_for_inference,
        histograms=histograms_of,
    output:
        gain=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/eig.json",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/eig.log",
    container:
        image("eig")
    resources:
        mem_mb=memory_mb("eig"),
        kubernetes_memory_limit=limit("eig", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("eig", "kubernetes_job_timeout"),
    params:
        files_hold,
    message:
        "eig {wildcards.round}{wildcards.setting} {wildcards.exposure}"
    shell:
        command("eig", INFERENCE)


rule recast:
    input:
        files_named,
        campaign=campaign_for_inference,
        histograms=histograms_of,
    output:
        workspace=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/recast/workspace.json",
        patchset=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/recast/patchset.json",
        recast=f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/recast/recast.json",
    log:
        f"{RESULTS}/{{round}}{{setting}}/{{exposure}}/recast/recast.log",
    container:
        image("recast")
    resources:
        mem_mb=memory_mb("recast"),
        kubernetes_memory_limit=limit("recast", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("recast", "kubernetes_job_timeout"),
    params:
        files_hold,
    message:
        "recast {wildcards.round}{wildcards.setting} {wildcards.exposure}"
    shell:
        command("recast", INFERENCE)


rule design:
    input:
        campaign=campaign_of,
        gains=all_gains,
        posteriors=all_posteriors,
        histograms=all_histograms,
    output:
        design=f"{RESULTS}/{{round}}design.json",
        table=report(
            f"{RESULTS}/{{round}}design.csv",
            caption="workflow/report/table.rst",
            category="Design",
        ),
        figures=report(
            directory(f"{RESULTS}/{{round}}figures"),
            patterns=["{figure}.png"],
            caption="workflow/report/figure.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/{{round}}design.log",
    container:
        image("design")
    resources:
        mem_mb=memory_mb("design"),
        kubernetes_memory_limit=limit("design", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("design", "kubernetes_job_timeout"),
    message:
        "design of {RESULTS} {wildcards.round}"
    shell:
        command("design")


rule allocate:
    input:
        files_named,
        campaign=campaign_for_inference,
        histograms=all_histograms,
    output:
        allocation=f"{RESULTS}/{{round}}{{exposure}}/allocation.json",
        figures=report(
            directory(f"{RESULTS}/{{round}}{{exposure}}/figures"),
            patterns=["{figure}.png"],
            caption="workflow/report/allocation.rst",
            category="Shares",
        ),
    log:
        f"{RESULTS}/{{round}}{{exposure}}/allocate.log",
    wildcard_constraints:
        exposure=SHARED,
    container:
        image("allocate")
    resources:
        mem_mb=memory_mb("allocate"),
        kubernetes_memory_limit=limit("allocate", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("allocate", "kubernetes_job_timeout"),
    params:
        files_hold,
    message:
        "allocate {wildcards.round}{wildcards.exposure}"
    shell:
        command("allocate", INFERENCE, "settings", "title")
