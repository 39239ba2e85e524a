# Brings the facts that live elsewhere into the rules of the Snakefile: command lines from steps/, images from
# envs/, branches from the campaign. Needs nothing that Snakemake does not bring itself, so that it also works
# where the project is not installed.
import importlib.util
from pathlib import Path
from string import Formatter

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)

_spec = importlib.util.spec_from_file_location(
    "labels", ROOT / "src/robot_physicist/labels.py"
)
labels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(labels)


def campaign_file():
    """The one --configfile of the command line; values given by --config would not reach the stages."""
    given = getattr(workflow, "configfiles", None) or workflow.overwrite_configfiles
    if len(given) != 1:
        raise WorkflowError(
            "give exactly one campaign: --configfile campaigns/NAME.yaml"
        )
    if yaml.safe_load(Path(given[0]).read_text()) != config:
        raise WorkflowError(
            f"--config is not supported: change {given[0]} instead, the stages read that file"
        )
    path = Path(given[0]).resolve()
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )


def step(name):
    """The packtivity of a stage with its environment."""
    spec = yaml.safe_load((ROOT / f"steps/{name}.yml").read_text())
    environment = yaml.safe_load(
        (ROOT / "steps" / spec["environment"]["$ref"]).read_text()
    )
    return spec, environment


def command(name):
    """The command line of a stage: what it publishes is output, a branch's label is a wildcard, the rest is input."""
    spec, _ = step(name)
    line = spec["process"]["cmd"]
    # a step that publishes what is in its file, and not the file, has the file's name
    published = spec["publisher"].get("publish", [name])
    sources = {
        field: f"{{{'output' if field in published else 'wildcards' if field in BRANCH else 'input'}.{field}}}"
        for _, field, _, _ in Formatter().parse(line)
        if field
    }
    return f"{line.format(**sources)} 2>&1 | tee {{log}}"


def image(name):
    """The container image of a stage."""
    _, environment = step(name)
    return f"docker://{environment['image']}:{environment['imagetag']}"


BRANCH = ("setting", "sample", "exposure")
if not config:

    configfile: "campaigns/weinberg.yaml"


CAMPAIGN = campaign_file()
RESULTS = "results/" + Path(CAMPAIGN).stem
SETTINGS = labels.setting_labels(config)
SAMPLES = labels.point_labels(config) + labels.background_labels(config)
EXPOSURES = labels.exposure_labels(config)
