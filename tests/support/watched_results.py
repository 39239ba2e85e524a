"""Results of a campaign on its way: files that are there, and what is counted and shown of them."""

import json
import os

from rich.console import Console

from robot_physicist.campaign.layout import jobs
from robot_physicist.watch.view import panel
from support.campaigns import ROOT

TINY = ROOT / "tests/data/tiny"
START = 1_700_000_000.0


def put(folder, outputs, start=START, step=1.0):
    """Files of jobs that are finished one after the other; gains are real, and larger at the smaller variance."""
    for index, output in enumerate(outputs):
        path = folder / output
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(gain(output) if output.endswith("eig.json") else "{}")
        os.utime(path, (start + step * index,) * 2)


def gain(output, value=None):
    content = json.loads((TINY / "variance=1/events=5/eig.json").read_text())
    setting, exposure = output.split("/")[-3:-1]
    value = value or 1 / float(setting.split("=")[1])
    corrected = {"value": value, "error": 0.01, "low": value - 0.02, "high": value + 0.02}
    return json.dumps({**content, "setting": setting, "exposure": exposure, "corrected": corrected})


def outputs(campaign, *names, folder="", last="design"):
    return [job.output for job in jobs(campaign, folder, last) if job.stage in names]


def counts(state):
    return {stage.name: (stage.done, stage.total) for stage in state.stages}


def rendered(state):
    console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(panel(state, 80))
    return console.export_text()
