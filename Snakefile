# The graph of a campaign for Snakemake: one branch per setting φ and sample θ, a reduce over θ per setting and
# exposure, and the design over all settings. Commands come from steps/, images from envs/.
include: "workflow/steps.smk"


report: "workflow/report/workflow.rst"


wildcard_constraints:
    setting="[^/]+",
    sample="[^/]+",
    exposure="[^/]+",


localrules:
    all,


rule all:
    input:
        f"{RESULTS}/branches.json",
        ANSWERS,


rule branches:
    input:
        campaign=CAMPAIGN,
    output:
        branches=f"{RESULTS}/branches.json",
    log:
        f"{RESULTS}/branches.log",
    container:
        image("branches")
    resources:
        mem_mb=memory_mb("branches"),
        kubernetes_memory_limit=limit("branches", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("branches", "kubernetes_job_timeout"),
    message:
        "branches of {RESULTS}"
    shell:
        command("branches")


rule simulate:
    input:
        campaign=ancient(CAMPAIGN),
    output:
        events=f"{RESULTS}/{{setting}}/{{sample}}/events.root",
    log:
        f"{RESULTS}/{{setting}}/{{sample}}/simulate.log",
    container:
        image("simulate")
    resources:
        mem_mb=memory_mb("simulate"),
        kubernetes_memory_limit=limit("simulate", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("simulate", "kubernetes_job_timeout"),
    params:
        made_with,
    message:
        "simulate {wildcards.setting} {wildcards.sample}"
    shell:
        # a change of these, and of nothing else in the campaign, makes other events
        command("simulate", "seed")


rule histogram:
    input:
        campaign=ancient(CAMPAIGN),
        events=rules.simulate.output.events,
    output:
        histogram=f"{RESULTS}/{{setting}}/{{sample}}/histogram.json",
    log:
        f"{RESULTS}/{{setting}}/{{sample}}/histogram.log",
    container:
        image("histogram")
    resources:
        mem_mb=memory_mb("histogram"),
        kubernetes_memory_limit=limit("histogram", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("histogram", "kubernetes_job_timeout"),
    params:
        made_with,
    message:
        "histogram {wildcards.setting} {wildcards.sample}"
    shell:
        command(
            "histogram",
            "seed",
            "simulation.folds",
            "observables",
        )


rule likelihood:
    input:
        observed,
        campaign=ancient(CAMPAIGN),
        histograms=expand(
            rules.histogram.output.histogram, sample=SAMPLES, allow_missing=True
        ),
    output:
        workspace=f"{RESULTS}/{{setting}}/{{exposure}}/workspace.json",
        patchset=f"{RESULTS}/{{setting}}/{{exposure}}/patchset.json",
    log:
        f"{RESULTS}/{{setting}}/{{exposure}}/likelihood.log",
    container:
        image("likelihood")
    resources:
        mem_mb=memory_mb("likelihood"),
        kubernetes_memory_limit=limit("likelihood", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("likelihood", "kubernetes_job_timeout"),
    message:
        "likelihood {wildcards.setting} {wildcards.exposure}"
    shell:
        command("likelihood", *INFERENCE)


rule posterior:
    input:
        campaign=ancient(CAMPAIGN),
        workspace=rules.likelihood.output.workspace,
        patchset=rules.likelihood.output.patchset,
    output:
        posterior=f"{RESULTS}/{{setting}}/{{exposure}}/posterior.json",
    log:
        f"{RESULTS}/{{setting}}/{{exposure}}/posterior.log",
    container:
        image("posterior")
    resources:
        mem_mb=memory_mb("posterior"),
        kubernetes_memory_limit=limit("posterior", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("posterior", "kubernetes_job_timeout"),
    message:
        "posterior {wildcards.setting} {wildcards.exposure}"
    shell:
        command("posterior", *INFERENCE)


rule eig:
    input:
        campaign=ancient(CAMPAIGN),
        histograms=rules.likelihood.input.histograms,
    output:
        gain=f"{RESULTS}/{{setting}}/{{exposure}}/eig.json",
    log:
        f"{RESULTS}/{{setting}}/{{exposure}}/eig.log",
    container:
        image("eig")
    resources:
        mem_mb=memory_mb("eig"),
        kubernetes_memory_limit=limit("eig", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("eig", "kubernetes_job_timeout"),
    message:
        "eig {wildcards.setting} {wildcards.exposure}"
    shell:
        command("eig", *INFERENCE)


rule recast:
    input:
        published(),
        campaign=ancient(CAMPAIGN),
        histograms=rules.likelihood.input.histograms,
    output:
        workspace=f"{RESULTS}/{{setting}}/{{exposure}}/recast/workspace.json",
        patchset=f"{RESULTS}/{{setting}}/{{exposure}}/recast/patchset.json",
        recast=f"{RESULTS}/{{setting}}/{{exposure}}/recast/recast.json",
    log:
        f"{RESULTS}/{{setting}}/{{exposure}}/recast/recast.log",
    container:
        image("recast")
    resources:
        mem_mb=memory_mb("recast"),
        kubernetes_memory_limit=limit("recast", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("recast", "kubernetes_job_timeout"),
    message:
        "recast {wildcards.setting} {wildcards.exposure}"
    shell:
        command("recast", *INFERENCE, "published")


rule design:
    input:
        campaign=CAMPAIGN,
        gains=expand(rules.eig.output.gain, setting=SETTINGS, exposure=EXPOSURES),
        posteriors=expand(
            rules.posterior.output.posterior, setting=SETTINGS, exposure=EXPOSURES
        ),
        histograms=expand(
            rules.histogram.output.histogram, setting=SETTINGS, sample=SAMPLES
        ),
    output:
        design=f"{RESULTS}/design.json",
        table=report(
            f"{RESULTS}/design.csv",
            caption="workflow/report/table.rst",
            category="Design",
        ),
        figures=report(
            directory(f"{RESULTS}/figures"),
            patterns=["{figure}.png"],
            caption="workflow/report/figure.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/design.log",
    container:
        image("design")
    resources:
        mem_mb=memory_mb("design"),
        kubernetes_memory_limit=limit("design", "kubernetes_memory_limit"),
        kubernetes_job_timeout=limit("design", "kubernetes_job_timeout"),
    message:
        "design of {RESULTS}"
    shell:
        command("design")
