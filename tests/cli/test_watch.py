"""robot-physicist watch: once, in a terminal, and beside a real campaign."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml
from support.campaigns import SMALL
from support.command_line import heeds_control_c

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign

COMMAND = [str(Path(sys.executable).parent / "robot-physicist"), "watch"]


def watch(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def test_once_prints_the_state_and_ends(campaign_file, tmp_path):
    done = watch("small.yaml", "--once", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("design 0/1; nothing there yet in results/small\n")
    done = watch(campaign_file, "--once", "--results", campaign_file)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_campaign_is_an_error_without_traceback(campaign_file):
    campaign_file.write_text(campaign_file.read_text().replace("bins", "bin"))
    for file, message in (
        (campaign_file, "did you mean 'bins'?"),
        (campaign_file.parent / "no.yaml", "no such campaign"),
    ):
        done = watch(file)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_control_c_in_a_terminal_ends_quietly(campaign_file, tmp_path):
    master, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "40"}
    process = subprocess.Popen(
        [*COMMAND, campaign_file],
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
        env=environment,
        preexec_fn=heeds_control_c,
    )
    os.close(terminal)
    seen = b""
    while b"nothing there yet" not in seen:
        seen += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    try:
        while more := os.read(master, 4096):
            seen += more
    except OSError:  # the other end is closed
        pass
    os.close(master)
    text = seen.decode()
    assert "0 of 10 branches" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back
    assert "Traceback" not in text
    assert "Abort" not in text


def run(file, folder):
    """A whole campaign, stage by stage, as an engine does it."""
    campaign = read_campaign(file)
    stages.branches(file, folder / "branches.json")
    gains, posteriors, histograms = [], [], {}
    for setting in ("variance=0.5", "variance=2"):
        histograms[setting] = []
        for sample in campaign.samples:
            events, histogram = (folder / setting / sample / name for name in ("events.root", "histogram.json"))
            stages.simulate(file, setting, sample, events)
            stages.histogram(file, setting, sample, events, histogram)
            histograms[setting].append(histogram)
        out = folder / setting / "events=5"
        published = out / "workspace.json", out / "patchset.json"
        stages.likelihood(file, setting, "events=5", histograms[setting], *published)
        stages.posterior(file, setting, "events=5", *published, out / "posterior.json")
        stages.eig(file, setting, "events=5", histograms[setting], out / "eig.json")
        gains.append(out / "eig.json")
        posteriors.append(out / "posterior.json")
    design = folder / "design.json"
    everything = [path for paths in histograms.values() for path in paths]
    stages.design(file, gains, posteriors, everything, design, folder / "design.csv", folder / "figures")
    return json.loads(design.read_text())["exposures"][0]


def test_a_real_campaign_from_start_to_end(tmp_path):
    file, folder = tmp_path / "small.yaml", tmp_path / "results/small"
    quick = {"exposure": {"events": 5}, "estimator": {"draws": 64, "replicas": 16, "pseudo_experiments": 10}}
    bins = {"x": {"range": [-2, 2], "bins": 4, "overflow": "include"}}
    file.write_text(yaml.safe_dump({**SMALL, **quick, "observables": bins}))
    with subprocess.Popen([*COMMAND, file], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        text = process.stdout.readline()
        assert text.startswith("0 of 10 branches")
        answer = run(file, folder)
        text += process.communicate(timeout=60)[0]
    assert process.returncode == 0
    seen = text.splitlines()
    assert len(seen) == len(set(seen)) > 2
    branches = [int(one.split(" of ")[0]) for one in seen]
    assert branches == sorted(branches)
    assert all("finished" not in one for one in seen[:-1])
    best = next(one["gain"]["corrected"] for one in answer["settings"] if one["rank"] == 1)
    assert seen[-1].endswith(
        f"design 1/1; finished; best at events=5: variance = 0.5, {best['value']:.3f} nats "
        f"({best['low']:.3f} … {best['high']:.3f}), 2 of 2 settings"
    )
    # what is finished stays so, and a change of the campaign does not
    assert watch(file, cwd=tmp_path).stdout == seen[-1] + "\n"
    os.utime(file, (time.time() + 5,) * 2)
    assert "design 0/1" in watch(file, "--once", cwd=tmp_path).stdout
