"""Watching: states of half-finished results, time left, lines and panels, and a real campaign from start to end."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, SMALL
from rich.console import Console

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.campaign.layout import jobs
from robot_physicist.campaign.model import PublishedLikelihood
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.options import Search
from robot_physicist.design.sequence.options import Sequence
from robot_physicist.watch.files import WatchedFiles
from robot_physicist.watch.progress import finished, seconds_each, seconds_left
from robot_physicist.watch.screen import look, states
from robot_physicist.watch.view import line, lines, panel

TINY = ROOT / "tests/data/tiny"
COMMAND = [str(Path(sys.executable).parent / "robot-physicist"), "watch"]
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


@pytest.fixture
def results(tmp_path):
    return WatchedFiles(tmp_path / "results/small")


def test_states_of_a_campaign_on_its_way(campaign, results):
    state = look(campaign, results, START)
    assert counts(state) == {
        "simulate": (0, 10), "histogram": (0, 10), "likelihood": (0, 4), "posterior": (0, 4), "eig": (0, 4), "design": (0, 1)
    }  # fmt: skip
    assert (state.left, state.quiet, state.best, state.finished) == (None, None, (), False)
    put(results.folder, outputs(campaign, "simulate")[:6])
    put(results.folder, outputs(campaign, "histogram")[:5], START + 10, 2)
    state = look(campaign, results, START + 20)
    assert counts(state)["simulate"] == (6, 10)
    assert counts(state)["histogram"] == (5, 10)
    assert state.left == 4 * 20 / 5 + 13 * 20 / 10
    assert state.quiet == 2
    put(results.folder, outputs(campaign, "simulate", "histogram", "likelihood", "posterior"), START)
    put(results.folder, outputs(campaign, "eig")[2:], START + 100)
    state = look(campaign, results, START + 101)
    assert [(one.exposure, one.setting, one.known, one.total) for one in state.best] == [
        ("events=1", "variance = 2", 1, 2), ("events=5", "variance = 2", 1, 2)
    ]  # fmt: skip
    put(results.folder, outputs(campaign, "eig")[:2], START + 102)
    state = look(campaign, results, START + 110)
    assert [one.setting for one in state.best] == ["variance = 0.5"] * 2
    assert (state.best[0].gain.low, state.best[0].gain.high) == (1.98, 2.02)
    assert not state.finished
    put(results.folder, ["design.json"], START + 120)
    state = look(campaign, results, START + 121, changed=START)
    assert state.finished
    assert state.left is None
    assert not look(campaign, results, START + 121, changed=START + 120.5).finished


def test_what_is_older_than_its_inputs_is_not_done(campaign, results):
    put(results.folder, [job.output for job in jobs(campaign)])
    assert look(campaign, results, START + 100).finished
    os.utime(results.folder / outputs(campaign, "simulate")[0], (START + 90,) * 2)
    state = look(campaign, results, START + 100)
    assert counts(state) == {
        "simulate": (10, 10), "histogram": (9, 10), "likelihood": (2, 4), "posterior": (2, 4), "eig": (2, 4), "design": (0, 1)
    }  # fmt: skip
    assert [one.known for one in state.best] == [1, 1]
    for output in outputs(campaign, "simulate"):
        (results.folder / output).unlink()
    assert look(campaign, results, START + 100).finished


def test_a_recast_ends_without_a_design(campaign, results):
    published = PublishedLikelihood(workspace="w.json", patchset="p.json")
    campaign = campaign.model_copy(update={"published": published})
    wanted = jobs(campaign)
    assert {job.stage for job in wanted} == {"simulate", "histogram", "recast"}
    put(results.folder, [job.output for job in wanted])
    assert look(campaign, results, START + 100).finished


@pytest.mark.parametrize(
    ("times", "now", "wanted"),
    [
        ([], 0, None),
        ([5, 6], 100, None),
        (range(0, 100, 10), 95, 95 / 9),
        # eight cores, whose files come together
        ([0] * 8 + [300] * 8 + [600] * 8, 900, 900 / 23),
        # a night between two runs
        ([0, 2, 4, 6, 80_000, 80_010, 80_020], 80_030, 15),
        # only the latest count
        ([*range(100), *range(100, 5100, 100)], 5100, 100 * 50 / 49),
        # a file server whose clock is ahead
        ([100, 105, 110], 90, 5),
    ],
)
def test_seconds_from_one_file_to_the_next(times, now, wanted):
    assert seconds_each(list(times), now) == (wanted if wanted is None else pytest.approx(wanted))


def test_the_time_left_is_that_of_the_slowest_stage_and_of_those_after_it(campaign):
    wanted = jobs(campaign)
    times = {output: 10.0 * i for i, output in enumerate(outputs(campaign, "simulate")[:8])}
    times |= {output: 60.0 + 3 * i for i, output in enumerate(outputs(campaign, "histogram")[:5])}
    assert seconds_left(wanted, finished(wanted, times), now=72.0) == pytest.approx(2 * 72 / 7 + 13 * 72 / 12)


def test_nothing_new_for_long_is_said_instead_of_a_time_left(campaign, results):
    put(results.folder, outputs(campaign, "simulate")[:5])
    assert "about" in line(look(campaign, results, START + 10))
    assert "the latest file is 3 h 0 min old" in line(look(campaign, results, START + 3 * 3600 + 4))


def test_half_written_and_foreign_files_are_as_good_as_none(campaign, results, campaign_file):
    put(results.folder, [job.output for job in jobs(campaign) if job.stage != "design"])
    first, second, third, _ = (results.folder / output for output in outputs(campaign, "eig"))
    for path, content in ((first, '{"setting": '), (second, "[]"), (third, "\xff")):
        path.write_bytes(content.encode("latin-1"))
    state = look(campaign, results, START + 100)
    assert [(one.exposure, one.setting) for one in state.best] == [("events=5", "variance = 2")]
    first.write_text(gain(outputs(campaign, "eig")[0]))
    os.utime(first, (START + 99,) * 2)
    assert [one.setting for one in look(campaign, results, START + 100).best] == ["variance = 0.5", "variance = 2"]
    # in the middle of an edit of the campaign the old one holds
    watched = states(campaign_file, results.folder)
    before = counts(next(watched))
    campaign_file.write_text("name: [")
    assert counts(next(watched)) == before


def test_lines_come_when_something_changes(campaign, results):
    def moments():
        yield look(campaign, results, START)
        yield look(campaign, results, START + 1)
        put(results.folder, outputs(campaign, "simulate")[:4], START)
        yield look(campaign, results, START + 4)
        yield look(campaign, results, START + 5)
        put(results.folder, [job.output for job in jobs(campaign)], START)
        yield look(campaign, results, START + 60)

    rest = "likelihood 0/4, posterior 0/4, eig 0/4, design 0/1"
    assert list(lines(moments())) == [
        f"0 of 10 branches; simulate 0/10, histogram 0/10, {rest}; nothing there yet",
        f"0 of 10 branches; simulate 4/10, histogram 0/10, {rest}; about 39 s left",
        "10 of 10 branches; simulate 10/10, histogram 10/10, likelihood 4/4, posterior 4/4, eig 4/4, design 1/1; finished; "
        "best at events=1: variance = 0.5, 2.000 nats (1.980 … 2.020), 2 of 2 settings; "
        "best at events=5: variance = 0.5, 2.000 nats (1.980 … 2.020), 2 of 2 settings",
    ]


def rendered(state):
    console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(panel(state, 80))
    return console.export_text()


def test_the_panel_fits_into_eighty_columns(raw, results):
    raw["settings"]["variance"] |= {"label": "σ²"}
    campaign = campaign_from({**raw, "title": "A title"}, "x")
    put(results.folder, [job.output for job in jobs(campaign) if job.stage != "design"])
    text = rendered(look(campaign, results, START + 40))
    assert max(map(len, text.splitlines())) == 80
    for part in ("A title", "10 of 10 branches", "EIG [nats]", "★ σ² = 0.5 ", "1.980 … 2.020"):
        assert part in text, text


def rounds(raw, results, name, number, **state):
    folder = results.folder / f"round={number}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "campaign.yaml").write_text(yaml.safe_dump(raw))
    (folder / f"{name}.json").write_text(json.dumps(state))


def test_rounds_of_a_search(raw, campaign, results):
    campaign = campaign.model_copy(update={"search": Search()})
    rounds(raw, results, "search", 1, exposure="events=5", stopped="")
    put(results.folder, outputs(campaign, "simulate", "histogram", "eig", folder="round=1/", last="eig"))
    raw["settings"] = {"variance": {"values": [0.25]}}
    rounds(raw, results, "search", 2, exposure="events=5", stopped="")
    state = look(campaign, results, START + 30)
    assert [(r.number, r.settings, r.done, r.total) for r in state.rounds] == [
        (1, ((0.5,), (2,)), 10, 10), (2, ((0.25,),), 0, 5)
    ]  # fmt: skip
    assert [(b.exposure, b.setting, b.known, b.total) for b in state.best] == [("events=5", "variance = 0.5", 2, 3)]
    assert not state.finished
    put(results.folder, [job.output for job in jobs(campaign_from(raw, "x"), "round=2/", "eig")], START + 40)
    put(results.folder, outputs(campaign, "likelihood", "posterior", folder="round=1/", last="eig"), START + 40)
    assert not look(campaign, results, START + 80).finished
    rounds(raw, results, "search", 2, exposure="events=5", stopped="the budget is spent")
    state = look(campaign, results, START + 80)
    assert counts(state)["design"] == (0, 1)
    assert state.best[0].setting == "variance = 0.25"
    assert "round 2 at 0.25; round 2: the budget is spent; 15 of 15 branches; " in line(state)
    assert "→ round 2: the budget is spent" in rendered(state)
    put(results.folder, ["design.json"], START + 90)
    assert look(campaign, results, START + 91).finished


def test_rounds_that_are_left_of_a_search_are_not_those_of_a_grid(raw, campaign, results):
    rounds(raw, results, "search", 1, exposure="events=5", stopped="")
    put(results.folder, [job.output for job in jobs(campaign)])
    state = look(campaign, results, START + 50)
    assert state.rounds == ()
    assert state.finished


def test_rounds_of_a_sequence(raw, campaign, results):
    campaign = campaign.model_copy(update={"sequence": Sequence(rounds=3)})
    rounds(raw, results, "sequence", 1, rounds=[])
    put(results.folder, [job.output for job in jobs(campaign, "round=1/")])
    measurement = results.folder / "round=1/measurement/campaign.yaml"
    measurement.parent.mkdir()
    measurement.write_text(
        yaml.safe_dump({**raw, "settings": {"variance": {"values": [0.5]}}, "exposure": {"events": 5}})
    )
    state = look(campaign, results, START + 50)
    assert counts(state) == {
        "simulate": (10, 15), "histogram": (10, 15), "likelihood": (4, 5), "posterior": (4, 5), "eig": (4, 4),
        "design": (1, 1), "update": (0, 1),
    }  # fmt: skip
    assert state.best[0].setting == "variance = 0.5"
    known = {"theta": {"mean": 0.91, "sd": 0.2, "interval68": [], "interval95": []}}
    rounds(raw, results, "sequence", 2, rounds=[{"setting": "variance=0.5", "known": known}])
    state = look(campaign, results, START + 50)
    assert [one.number for one in state.rounds] == [1, 2]
    assert state.rounds[0].note == "at variance=0.5: theta = 0.91 ± 0.2"
    assert state.best == ()
    assert not state.finished


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
        [*COMMAND, campaign_file], stdout=terminal, stderr=terminal, cwd=tmp_path, env=environment
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
