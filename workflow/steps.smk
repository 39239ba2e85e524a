# Brings the facts that live elsewhere into the rules of the Snakefile: command lines from steps/, images from
# envs/, branches from the campaign. Needs nothing that Snakemake does not bring itself, so that it also works
# where the project is not installed.
import copy
import functools
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)


def by_path(name):
    """A module of the package that needs nothing else of it."""
    spec = importlib.util.spec_from_file_location(
        Path(name).name, ROOT / f"src/robot_physicist/{name}.py"
    )
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


labels = by_path("quantities/labels")
origin = by_path("files/origin")


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
    check_files(name)
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
        labels.files_at(config, "", "")
        labels.allocation_labels(config)
    except KeyError as error:
        raise WorkflowError(f"{campaign}: {error} is missing; {advice}")
    except (AttributeError, TypeError, ValueError) as error:
        raise WorkflowError(f"{campaign}: not a campaign ({error}); {advice}")


def is_main_process():
    """Is this the engine itself, and not one of its jobs?"""
    return getattr(workflow, "is_main_process", not getattr(workflow, "mode", 0))


def check_origin():
    """Stop where another campaign file of the same file name has its results."""
    reason = origin.stranger(Path(RESULTS), Path(CAMPAIGN), str(config.get("name")))
    if reason and is_main_process():
        print(f"error: {reason}", file=sys.stderr)
        # bad input, which Snakemake's own errors do not tell from a failed job
        sys.exit(2)


def check_files(campaign):
    """Stop at a campaign that names a file which is not there; a job elsewhere need not have those of others."""
    if not is_main_process():
        return
    for place, path in named_in(config, Path(campaign).parent):
        if not path.is_file():
            found = ", but a folder" if path.is_dir() else ""
            raise WorkflowError(
                f"{campaign}: {place}: {path}: no such file{found}; put it there, or correct the path"
            )


def named_in(campaign, folder):
    """The files that a campaign in a folder names, each with its place in the campaign."""
    branches = labels.setting_labels(campaign), labels.exposure_labels(campaign)
    named = labels.files_to_have(labels.named_files(campaign), *branches)
    return [(place, folder / path) for place, path in named]


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
    # in their order events are binned, and files with histograms are read
    is_ordered = key == "observables" and isinstance(value, Mapping)
    return [[name, value[name]] for name in value] if is_ordered else value


def files_named(wildcards):
    """Files that the campaign names and on which the inference of a branch, or of all branches, depends.

    The stages find them through the campaign, so the rules give them no name. Their age does not matter: what they
    hold is a parameter of the rules, and a file that is older than the results may still be another one.
    """
    path = Path(campaign_of(wildcards))
    campaign = content(path) if wildcards.round else config
    if "setting" not in wildcards.keys():
        return [ancient(str(one)) for _, one in named_in(campaign, path.parent)]
    names = labels.files_at(campaign, wildcards.setting, wildcards.exposure)
    return [ancient(str(path.parent / name)) for name in names]


def study_files(wildcards):
    """Files that the rounds of a study copy for themselves; data are taken round by round."""
    every = named_in(config, Path(CAMPAIGN).parent)
    return [
        ancient(str(path)) for place, path in every if not place.startswith("observed")
    ]


def contents(files):
    """What files hold, as one word; Snakemake runs a job again when it changes.

    Snakemake compares the parameters of a rule as a set, in which two files could exchange what they hold.
    """
    return " ".join(f"{file}={digest_of(Path(file))}" for file in files)


def digest_of(path):
    """SHA-256 of a file; of one that is not there Snakemake says so itself."""
    if not path.is_file():
        return ""
    status = path.stat()
    return digest_of_version(path, status.st_mtime_ns, status.st_size)


@functools.cache
def digest_of_version(path, changed, size):
    """The same, read once however many jobs ask, unless the file changes meanwhile."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def files_hold(wildcards):
    """What the files hold on which the inference of a branch depends."""
    return contents(files_named(wildcards))


def study_files_hold(wildcards):
    """What the files hold that the rounds of a study copy for themselves."""
    return contents(study_files(wildcards))


def everything_but(*keys):
    """The campaign without some of its keys, such as simulation.events or, of all parameters, parameters.*.label."""
    kept = copy.deepcopy(dict(config))
    for key in keys:
        remove(kept, key.split("."))
    return {**kept, "observables": section("observables")}


def sorted_keys(value):
    """The same campaign with its keys in another order is the same."""
    if isinstance(value, Mapping):
        return [[str(key), sorted_keys(value[key])] for key in sorted(value, key=str)]
    return [sorted_keys(one) for one in value] if isinstance(value, list) else value


def remove(content, path):
    """Remove what a path leads to, and sections that have become empty."""
    if not isinstance(content, Mapping):
        return
    first, *rest = path
    for name in list(content) if first == "*" else [first]:
        if name in content:
            if rest:
                remove(content[name], rest)
            if not rest or content[name] == {}:
                del content[name]


def command(name, *sections):
    """The command line of a stage: what it publishes is output, a branch's label is a wildcard, the rest is input.

    A comment holds a digest of these sections of the campaign, or of these parts: when one changes, so does the
    command, and Snakemake runs it again.
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
    parts = [section(key) if isinstance(key, str) else key for key in sections]
    content = json.dumps(sorted_keys(parts), default=str)
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


#: What cannot change a gain, a likelihood or a posterior: everything else in the campaign makes them again. Settings
#: and sizes of the simulation change the branches there are, and the histograms of a branch.
NO_GAIN = (
    "title",
    "settings",
    "chosen_settings",
    "parameters.*.label",
    "simulation.events",
    "simulation.events_at",
    "simulation.batches",
    "search",
    "sequence",
    "allocate",
)
BRANCH = ("setting", "sample", "exposure")
if not config:

    configfile: "campaigns/weinberg.yaml"


CAMPAIGN = campaign_file()
#: What likelihood, posterior and gain of a setting depend on, besides the histograms of that setting and named files.
#: The data of a sequence are those of a round, whose campaign names them.
INFERENCE = everything_but(*NO_GAIN, *(["observed"] if config.get("sequence") else []))
RESULTS = f"results/{Path(CAMPAIGN).stem}"
check_origin()


onstart:
    origin.claim(Path(RESULTS), Path(CAMPAIGN), str(config.get("name")))


ALLOCATIONS = labels.allocation_labels(config)
#: Exposures whose luminosity is shared; without any a pattern that nothing matches.
SHARED = "|".join(map(re.escape, ALLOCATIONS)) or "(?!)"
