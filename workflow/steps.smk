# Brings the facts that live elsewhere into the rules of the Snakefile: command lines from steps/, images from
# envs/, branches from the campaign. Needs nothing that Snakemake does not bring itself, so that it also works
# where the project is not installed.
import hashlib
import importlib.util
import json
import re
from pathlib import Path
from string import Formatter

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)

_spec = importlib.util.spec_from_file_location(
    "labels", ROOT / "src/robot_physicist/quantities/labels.py"
)
labels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(labels)


def campaign_file():
    """The campaign that the engine has read: the stages read it too, so values from elsewhere would not reach them.

    Snakemake gets its path as --configfile; REANA passes on the content alone.
    """
    given = getattr(workflow, "configfiles", None) or workflow.overwrite_configfiles
    candidates = [Path(path) for path in given] or sorted(
        Path("campaigns").glob("*.yaml")
    )
    found = [path for path in candidates if yaml.safe_load(path.read_text()) == config]
    if len(given) > 1 or not found:
        raise WorkflowError(
            "give exactly one campaign, --configfile campaigns/NAME.yaml, and change it there: "
            "--config is not supported, the stages read the file"
        )
    path = found[0].resolve()
    name = str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )
    check_labels(name)
    return name


def check_labels(campaign):
    """Stop at a campaign whose branches cannot be named; the stages say the same of all other mistakes."""
    advice = f"`robot-physicist validate {campaign}` says what to do"
    if not labels.SAFE.fullmatch(campaign):
        raise WorkflowError(
            f"{campaign}: the path has a blank or another character that means something to a shell; rename it"
        )
    try:
        labels.setting_labels(config)
        labels.point_labels(config)
        labels.background_labels(config)
        labels.exposure_labels(config)
        labels.observed_files(config, "", "")
        labels.allocation_labels(config)
    except KeyError as error:
        raise WorkflowError(f"{campaign}: {error} is missing; {advice}")
    except (AttributeError, TypeError, ValueError) as error:
        raise WorkflowError(f"{campaign}: not a campaign ({error}); {advice}")


def step(name):
    """The packtivity of a stage with its environment."""
    spec = yaml.safe_load((ROOT / f"steps/{name}.yml").read_text())
    environment = yaml.safe_load(
        (ROOT / "steps" / spec["environment"]["$ref"]).read_text()
    )
    return spec, environment


def section(key):
    """A part of the campaign, such as simulation.events."""
    value = config
    for part in key.split("."):
        value = (value or {}).get(part)
    return value


def published():
    """The files of a published likelihood, as paths that hold the wildcards of a setting and an exposure.

    The stage finds them through the campaign, so here too the rule gives no name.
    """
    beside = Path(CAMPAIGN).parent
    return [
        str(beside / path)
        .replace("SETTING", "{setting}")
        .replace("EXPOSURE", "{exposure}")
        for path in (section("published") or {}).values()
    ]


def observed(wildcards):
    """The observed data of a setting and exposure: other data make another likelihood."""
    path = campaign_of(wildcards)
    campaign = content(path) if wildcards.round else config
    names = labels.observed_files(campaign, wildcards.setting, wildcards.exposure)
    return [str(Path(path).parent / name) for name in names]


def command(name, *sections):
    """The command line of a stage: what it publishes is output, a branch's label is a wildcard, the rest is input.

    A comment holds a digest of these sections of the campaign: when one changes, so does the command, and Snakemake
    runs it again.
    """
    spec, _ = step(name)
    line = spec["process"]["cmd"]
    # a step that publishes what is in its file, and not the file, has the file's name
    published = spec["publisher"].get("publish", [name])
    sources = {
        field: f"{{{'output' if field in published else 'wildcards' if field in BRANCH else 'input'}.{field}}}"
        for _, field, _, _ in Formatter().parse(line)
        if field
    }
    content = json.dumps([section(key) for key in sections], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    comment = f" # {digest}" if sections else ""
    return f"{line.format(**sources)} 2>&1 | tee {{log}}{comment}"


def made_with(wildcards):
    """What else of the campaign makes the events of a branch; Snakemake runs a job again when it changes.

    No command has it, so the rules give it no name: REANA warns of names that are not used.
    """
    campaign = content(campaign_of(wildcards)) if wildcards.round else config
    background = wildcards.sample.partition("background=")[2]
    # another simulator for one background makes other events of that one, and of nothing else
    own = [
        entry for entry in section("backgrounds") or [] if entry["name"] == background
    ]
    return {
        "simulator": json.dumps(own or section("simulator"), sort_keys=True),
        "events": labels.events_at(campaign, wildcards.setting),
        "points": [] if background else labels.weighted_labels(campaign),
    }


def image(name):
    """The container image of a stage."""
    _, environment = step(name)
    return f"docker://{environment['image']}:{environment['imagetag']}"


def limit(name, kind):
    """A limit that the environment of a stage sets, such as its memory on REANA."""
    _, environment = step(name)
    return next(entry[kind] for entry in environment["resources"] if kind in entry)


def memory_mb(name):
    """The same memory in the unit of batch systems."""
    return int(limit(name, "kubernetes_memory_limit").removesuffix("Mi"))


#: What likelihood, posterior and gain of a setting depend on, besides the histograms of that setting.
INFERENCE = (
    "name",
    "seed",
    "simulator",
    "parameters",
    "prior",
    "observables",
    "exposure",
    "simulation.folds",
    "simulation.regularisation",
    "simulation.smoothing",
    "simulation.max_degree",
    "backgrounds",
    "systematics",
    "observed",
    "estimator",
)
BRANCH = ("setting", "sample", "exposure")
if not config:

    configfile: "campaigns/weinberg.yaml"


CAMPAIGN = campaign_file()
RESULTS = f"results/{Path(CAMPAIGN).stem}"
ALLOCATIONS = labels.allocation_labels(config)
#: Exposures whose luminosity is shared; without any a pattern that nothing matches.
SHARED = "|".join(map(re.escape, ALLOCATIONS)) or "(?!)"
