"""Does a project folder agree with itself? Steps with commands, graphs with steps, environments with the version.

Reading the folder is one function, what is wrong with its parsed files another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Any

import yaml

from ..quantities import labels
from ..quantities.errors import InputFileError, nearest

FLAG = re.compile(r"--([a-z]+) \{(\w+)\}")


@dataclass(frozen=True)
class Project:
    """The parsed files of a project folder, by file name without its ending."""

    steps: Mapping[str, Any]
    environments: Mapping[str, Any]
    workflows: Mapping[str, Any]
    snakefile: str
    reana: Mapping[str, Any]
    campaigns: Mapping[str, Any]
    paths: Set[str]


def problems(project: Project, options: Mapping[str, Set[str]], version: str) -> Iterator[str]:
    """Say what does not agree; `options` maps each command of ours to the names of its options."""
    for name, step in project.steps.items():
        yield from _step(name, step, options, project.environments)
    for name, environment in project.environments.items():
        if environment["imagetag"] != version:
            yield f"envs/{name}.yml: imagetag is {environment['imagetag']}, the version is {version}"
    yield from _graphs(project)
    for name, specification in project.reana.items():
        yield from _reana(name, specification, project)


def _step(name: str, step: Any, options: Mapping[str, Set[str]], environments: Mapping[str, Any]) -> Iterator[str]:
    where, command = f"steps/{name}.yml", step["process"]["cmd"]
    program, stage, *_ = command.split()
    if program != "robot-physicist" or stage not in options:
        yield f"{where}: '{program} {stage}' is not a command; {nearest(stage, options)}"
        return
    flags = dict(FLAG.findall(command))
    for flag in sorted(flags.keys() - options[stage]):
        yield f"{where}: {stage} has no option --{flag}; {nearest(flag, options[stage])}"
    for flag in sorted(options[stage] - flags.keys()):
        yield f"{where}: the option --{flag} of {stage} is not given; add --{flag} {{{flag}}}"
    placeholders = {field for _, field, _, _ in Formatter().parse(command) if field}
    for field in sorted(placeholders - set(flags.values())):
        yield f"{where}: the placeholder {{{field}}} does not follow an option"
    for field in sorted(step["publisher"].get("publish", {}).keys() - placeholders):
        yield f"{where}: it publishes {field}, which its command does not take; {nearest(field, placeholders)}"
    environment = step["environment"]["$ref"].removeprefix("../envs/").removesuffix(".yml")
    if environment not in environments:
        yield f"{where}: there is no envs/{environment}.yml; {nearest(environment, environments)}"


def _graphs(project: Project) -> Iterator[str]:
    in_yadage = set()
    for workflow, content in project.workflows.items():
        for kind, name in _references(content["stages"]):
            if kind == "step":
                in_yadage.add(name)
            elif name not in _targets(project):
                yield f"workflow/{workflow}.yml: there is no {name}; {nearest(name, _targets(project))}"
    in_snakemake = set(re.findall(r'command\(\s*"(\w+)"', project.snakefile))
    for graph, used in (("workflow/*.yml", in_yadage), ("Snakefile", in_snakemake)):
        for name in sorted(project.steps.keys() - used):
            yield f"{graph}: the step {name} is not used"
        for name in sorted(used - project.steps.keys()):
            yield f"{graph}: there is no step {name}; {nearest(name, project.steps)}"


def _references(stages: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What a graph refers to: steps by name, workflows as `NAME.yml`, stages as `NAME.yml#/stages/INDEX`."""
    for stage in stages:
        if "$ref" in stage:
            yield "stage", stage["$ref"]
        elif "step" in stage["scheduler"]:
            path = stage["scheduler"]["step"]["$ref"]
            yield "step", path.rsplit("/", 1)[-1].removesuffix(".yml")
        else:
            yield "workflow", stage["scheduler"]["workflow"]["$ref"].removeprefix("workflow/")


def _targets(project: Project) -> set[str]:
    """All workflows and stages to which a graph may refer."""
    counted = {f"{name}.yml": len(content["stages"]) for name, content in project.workflows.items()}
    return counted.keys() | {f"{name}#/stages/{i}" for name, stages in counted.items() for i in range(stages)}


def _reana(name: str, specification: Any, project: Project) -> Iterator[str]:
    inputs = specification["inputs"]
    is_yadage = specification["workflow"]["type"] == "yadage"
    wanted = _init_parameters(project.workflows["workflow"]) if is_yadage else {"input"}
    given = set(inputs["parameters"])
    for parameter in sorted(given - wanted):
        advice = nearest(parameter, wanted)
        yield f"{name}: inputs.parameters.{parameter}: the workflow takes no such parameter; {advice}"
    for parameter in sorted(wanted - given):
        yield f"{name}: inputs.parameters: {parameter} is missing"
    tests = specification.get("tests", {}).get("files", [])
    listed = [*inputs["files"], *inputs["directories"], *inputs["parameters"].values(), *tests]
    for path in dict.fromkeys([*listed, specification["workflow"]["file"]]):
        if path not in project.paths:
            yield f"{name}: there is no {path}; {nearest(path, project.paths)}"
    for value in inputs["parameters"].values():
        yield from _named(name, value, [*inputs["files"], *inputs["directories"]], project)


def _named(name: str, file: str, sent: Sequence[str], project: Project) -> Iterator[str]:
    """What a campaign names has to go where the campaign goes."""
    if file not in project.campaigns:
        return
    campaign = project.campaigns[file]
    try:
        branches = labels.setting_labels(campaign), labels.exposure_labels(campaign)
    except (AttributeError, KeyError, TypeError, ValueError):
        yield f"{name}: {file} is not a campaign; `robot-physicist validate {file}` says what to do"
        return
    for place, path in labels.files_to_have(labels.named_files(campaign), *branches):
        beside = PurePosixPath(file).parent / path
        if str(beside) not in project.paths:
            advice = nearest(str(beside), project.paths)
            yield f"{name}: there is no {beside}, which {file} names at {place}; {advice}"
        elif not {str(beside), *map(str, beside.parents)} & {str(PurePosixPath(one)) for one in sent}:
            yield f"{name}: inputs.files: {beside} is missing, which {file} names at {place}; add it"


def _init_parameters(workflow: Any) -> set[str]:
    values = (value for stage in workflow["stages"] for value in stage["scheduler"]["parameters"].values())
    return {value["output"] for value in values if isinstance(value, dict) and value.get("step") == "init"}


def read_project(folder: Path) -> Project:
    """Read steps, environments, graphs and REANA specifications of a project folder."""

    def parsed(pattern: str) -> dict[str, Any]:
        return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(pattern))}

    visible = ("*", "workflow/*", "campaigns/**/*", "examples/**/*", "tests/reana/*", "src/robot_physicist/**/*")
    if not (folder / "Snakefile").is_file():
        raise InputFileError(f"{folder}: no Snakefile; give the folder of a checkout")
    reana = {f"{name}.yaml": content for name, content in parsed("reana*.yaml").items()}
    values = (value for content in reana.values() for value in content["inputs"]["parameters"].values())
    named = {str(value) for value in values if (folder / str(value)).is_file()}
    included = sorted(folder.glob("workflow/*.smk"))
    return Project(
        steps=parsed("steps/*.yml"),
        environments=parsed("envs/*.yml"),
        workflows=parsed("workflow/*.yml"),
        snakefile="".join(path.read_text(encoding="utf-8") for path in (folder / "Snakefile", *included)),
        reana=reana,
        campaigns={name: _campaign(folder / name) for name in sorted(named)},
        paths={str(path.relative_to(folder)) for pattern in visible for path in folder.glob(pattern)},
    )


def _campaign(path: Path) -> Any:
    """A campaign as its file has it; None when the file holds none."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError):
        return None
