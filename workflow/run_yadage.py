"""Run a campaign with yadage, and end with an error when anything is missing.

    .venvs/yadage/bin/python workflow/run_yadage.py campaigns/gaussian.yaml --native

Needs the environment requirements/yadage.txt; the stages come from their containers, or with --native from PATH.
"""

import argparse
import importlib.util
import json
import logging
import os
import sys
from pathlib import Path

import yaml

ENVIRONMENT = {
    "YADAGE_IGNORE_PREPUBLISHING": "1",  # 14 instead of 50 ms per step
    "PACKTIVITY_LOGGING_STREAM_LEVEL": "CRITICAL",
    # Stages need no network, and what they write belongs to the caller.
    "PACKTIVITY_DOCKER_CMD_MOD": f"--network=none --user={os.getuid()}:{os.getgid()}",
}
ROOT = Path(__file__).resolve().parent.parent
LINES = 20


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("campaign", type=Path, help="campaign file; files it names lie beside or below it")
    parser.add_argument("--directory", type=Path, help="where to work; results/NAME.yadage by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="steps at the same time")
    parser.add_argument("--native", action="store_true", help="run commands here, without containers")
    parser.add_argument("--dask", metavar="ADDRESS", help="run on Dask: address of a scheduler, or 'local'")
    chosen = parser.parse_args()
    if not chosen.campaign.is_file():
        parser.error(f"{chosen.campaign}: no such campaign file")
    chosen.directory = chosen.directory or Path("results") / f"{chosen.campaign.stem}.yadage"
    return chosen


def backend(chosen):
    """Make the backend that the command line asks for."""
    from yadage.utils import setupbackend_fromstring

    if not chosen.dask:
        return setupbackend_fromstring(f"multiproc:{chosen.workers}")
    plugin = "yadage_native" if chosen.native else "yadage_strict"
    options = {"workers": chosen.workers, "preload": plugin}
    if chosen.dask != "local":
        options["address"] = chosen.dask
    return setupbackend_fromstring("py:yadage_dask:DaskBackend", options)


def workflow_of(chosen):
    """The graph of a campaign, and where its answers will be: recasts, the end of a sequence, a design, shares."""
    campaign = yaml.safe_load(chosen.campaign.read_text()) or {}
    if campaign.get("published"):
        return "workflow/recast.yml", ["setting_*/recast_*/recast.json"]
    if campaign.get("sequence"):
        return "workflow/sequence.yml", [f"round_{rounds_in('sequence')}/update/sequence.json"]
    shares = ["allocate_*/allocation.json"] if campaign.get("allocate") else []
    graph = "workflow" if campaign.get("search") is None else "search"
    return f"workflow/{graph}.yml", ["design/design.json", *shares]


def rounds_in(graph):
    """The number of rounds that a graph has; yadage has no loops."""
    stages = yaml.safe_load((ROOT / f"workflow/{graph}.yml").read_text())["stages"]
    return sum(stage["name"].startswith("round_") for stage in stages)


def missing_rounds(chosen):
    """Say that a search may make more rounds than are written out, or a sequence another number of them."""
    campaign = yaml.safe_load(chosen.campaign.read_text()) or {}
    for graph in ("search", "sequence"):
        there, section = rounds_in(graph), campaign.get(graph)
        wanted = section.get("rounds", there) if isinstance(section, dict) else there
        if isinstance(wanted, int) and (wanted > there or (graph == "sequence" and wanted != there)):
            how = "fewer" if graph == "search" else str(there)
            return (
                f"{graph}.rounds: is {wanted}, and workflow/{graph}.yml has {there} rounds; take {how}, or Snakemake"
            )
    return None


def by_path(name):
    """A module of the package that needs nothing else of it."""
    spec = importlib.util.spec_from_file_location(Path(name).name, ROOT / f"src/robot_physicist/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(chosen):
    """The name that a campaign gives itself."""
    campaign = yaml.safe_load(chosen.campaign.read_text())
    return str(campaign.get("name")) if isinstance(campaign, dict) else ""


def missing_files(chosen):
    """Say which file is not there that the campaign names; of what is no campaign the stages say so."""
    campaign = yaml.safe_load(chosen.campaign.read_text()) or {}
    labels = by_path("quantities/labels")
    try:
        branches = labels.setting_labels(campaign), labels.exposure_labels(campaign)
        named = labels.files_to_have(labels.named_files(campaign), *branches)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    for place, path in named:
        if not (chosen.campaign.parent / path).is_file():
            return f"{place}: {chosen.campaign.parent / path}: no such file; put it there, or correct the path"
    return None


def run(chosen):
    """Run the workflow; a failure is reported by the caller, who finds it in the snapshot."""
    from yadage.steering_api import run_workflow

    run_workflow(
        str(chosen.directory),
        workflow=workflow_of(chosen)[0],
        toplevel=str(ROOT),
        initdata={"campaign": chosen.campaign.name},
        dataopts={"initdir": str(chosen.campaign.resolve().parent)},
        backend=backend(chosen),
        accept_metadir=True,
        visualize=False,
    )


def failures(directory):
    """Describe every failed step: its command and the last lines it printed."""
    snapshot = directory / "_yadage/yadage_snapshot_workflow.json"
    if not snapshot.is_file():
        return
    for node in json.loads(snapshot.read_text())["dag"]["nodes"]:
        if node["state"] == "FAILED":
            folder = node["task"]["state"]["readwrite"][0]["path"]
            command = node["task"]["spec"]["process"]["cmd"]
            values = {
                name: " ".join(value) if isinstance(value, list) else value
                for name, value in node["task"]["parameters"].items()
            }
            yield command.format(**values).replace("{workdir}", folder)
            yield from (f"    {line}" for line in last_lines(Path(folder) / "_packtivity", node["name"]))


def last_lines(logs, name):
    """The end of what the command printed, or of packtivity's log when it did not start."""
    for kind in ("run", "step"):
        path = logs / f"{name}.{kind}.log"
        if path.is_file() and path.stat().st_size:
            return path.read_text(errors="replace").splitlines()[-LINES:]
    return ["(no output)"]


def main():
    """Run, and end with 0 only if all answers are there."""
    chosen = arguments()
    if problem := missing_rounds(chosen) or missing_files(chosen):
        print(f"error: {chosen.campaign}: {problem}", file=sys.stderr)
        return 2
    origin = by_path("files/origin")
    if reason := origin.stranger(chosen.directory, chosen.campaign, name_of(chosen)):
        print(f"error: {reason}", file=sys.stderr)
        return 2
    os.environ.update({name: value for name, value in ENVIRONMENT.items() if name not in os.environ})
    sys.path.insert(0, str(ROOT / "workflow"))
    __import__("yadage_native" if chosen.native else "yadage_strict")
    logging.disable(logging.CRITICAL)
    _, answers = workflow_of(chosen)
    for answer in answers:
        for earlier in chosen.directory.glob(answer):  # must not pass for that of this run
            earlier.unlink()
    try:
        run(chosen)
    except Exception as error:  # whatever yadage stumbles over, the failed steps say why
        found = list(failures(chosen.directory))
        print("\n".join(["error: yadage failed", *(found or [f"    {error}"])]), file=sys.stderr)
        return 1
    finally:
        origin.claim(chosen.directory, chosen.campaign, name_of(chosen))
    found = {answer: sorted(chosen.directory.glob(answer)) for answer in answers}
    for answer in answers:
        if not found[answer]:
            print(f"error: yadage ended well but made no {chosen.directory / answer}", file=sys.stderr)
            return 1
        print(*found[answer], sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
