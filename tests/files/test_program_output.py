"""What programs of other people write: ROOT files of plain uproot, events that are missing, what they say of them."""

import json
import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from robot_physicist.files import program_output
from robot_physicist.quantities.errors import SimulationError
from robot_physicist.simulators.command import Command, CommandOptions

PLAIN_UPROOT = """\
import json, sys
import awkward as ak, numpy as np, uproot
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
n = int(options["--events"])
x = np.random.default_rng(int(options["--seed"])).normal(size=n)
jets = ak.unflatten(np.arange(2 * n, dtype=float), np.arange(n) % 2 * 4)[:n] if n % 2 == 0 else ak.Array([[1.0]] * n)
columns = {"x": x.astype("f4"), "n": np.arange(n), "weight": np.full(n, 2.0), "jets": jets, "passed": x > 0}
with uproot.recreate(options["--output"]) as file:
    KIND
    file["metadata"] = json.dumps({"cross_section_pb": 3.0})
"""
KINDS = {"RNTuple": 'file["events"] = columns', "TTree": 'file.mktree("events", columns)'}


def program(folder, text, interpreter="/bin/sh", name="box"):
    script = folder / name
    script.write_text(f"#!{interpreter}\n{text}")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return str(script)


def sample(executable, events=100, observables=("x",)):
    options = CommandOptions(executable=[executable], observables=list(observables))
    return Command(options).prepare({"phi": 1.0}, {"theta": 0.5}).sample(events, np.random.default_rng(1))


def table(folder, lines, end="\n"):
    (folder / "written").write_text("\n".join(lines) + end)
    return program(folder, f'for last; do :; done\ncp {folder}/written "$last"')


def root_file(folder, rows, metadata):
    text = f"""\
import json, sys
import numpy as np, uproot
with uproot.recreate(sys.argv[-1]) as file:
    file["events"] = {{"x": np.linspace(0, 1, {rows})}}
    file["metadata"] = json.dumps({metadata!r})
"""
    return program(folder, text, sys.executable)


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_plain_uproot_writes_are_read(tmp_path, kind):
    box = program(tmp_path, PLAIN_UPROOT.replace("KIND", KINDS[kind]), sys.executable)
    events = sample(box, observables=["x", "n"])
    assert events.columns["n"].tolist() == list(range(100))
    assert (events.accepted, events.generated, events.weights.sum()) == (100, 100, 200.0)
    assert events.cross_section.value == 3.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_process_reads_them_too(tmp_path, campaign_file, raw, kind):
    box = program(tmp_path, PLAIN_UPROOT.replace("KIND", KINDS[kind]), sys.executable)
    raw["simulator"] = {"name": "command", "options": {"executable": [box], "observables": ["x"]}}
    campaign_file.write_text(json.dumps(raw))
    line = [sys.executable, "-m", "robot_physicist", "simulate", "--campaign", campaign_file]
    branch = ["--setting", "variance=0.5", "--sample", "theta=0", "--events", tmp_path / "events.root"]
    done = subprocess.run([*line, *branch], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "2000 of 2000 events" in done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_lists_per_event_are_no_observable(tmp_path, kind):
    box = program(tmp_path, PLAIN_UPROOT.replace("KIND", KINDS[kind]), sys.executable)
    with pytest.raises(SimulationError, match="values of 'jets' that are not one number per event"):
        sample(box, observables=["jets"])


@pytest.mark.parametrize("kind", ["RNTuple", "TTree"])
def test_ratios_may_be_lists_of_one_length(tmp_path, kind):
    text = PLAIN_UPROOT.replace("KIND", 'columns["ratios"] = ak.from_iter([[1.0, 2.0]] * n); ' + KINDS[kind])
    simulator = Command(CommandOptions(executable=[program(tmp_path, text, sys.executable)], observables=["x"]))
    sampler = simulator.prepare_weighted({"phi": 1.0}, {"theta": 0.5}, [{"theta": 0.0}, {"theta": 1.0}])
    assert sampler.sample(10, np.random.default_rng(1)).ratios.tolist() == [[1.0, 2.0]] * 10


def test_metadata_may_be_the_title_of_a_named_object():
    named = SimpleNamespace(classname="TNamed", member={"fTitle": '{"generated": 100}'}.get)
    assert program_output._metadata(named) == {"generated": 100}


ROWS = [str(number / 40) for number in range(40)]


def test_a_program_that_rejects_events_says_so_after_the_last_row(tmp_path):
    events = sample(table(tmp_path, ["# cross_section_pb: 2", "x", *ROWS, "# generated: 1e2"]))
    assert (events.accepted, events.generated) == (40, 100)
    assert sample(table(tmp_path, ["x", "# generated: 100"])).accepted == 0


@pytest.mark.parametrize(
    ("lines", "end", "message"),
    [
        (
            ["x", *ROWS],
            "\n",
            "wrote 40 of 100 events, 60 are missing.*add the line `# generated: 100` after the last",
        ),
        (["x"], "\n", "wrote 0 of 100 events, 100 are missing"),
        (["# generated: 100", "x", *ROWS], "\n", "wrote 40 of 100 events.*`# generated: 100` after the last row"),
        (["x", *ROWS, "# generated: 100", "0.5"], "\n", "wrote 41 of 100 events"),
        (["# generated: 500", "x", *ROWS, *ROWS, *ROWS[:20]], "\n", "wrote 100 of 100 events.*`# generated: 500`"),
        (["x", *ROWS, "# generated: 100"], "", "does not show that it came to its end"),
        (["x", *ROWS, "# generated: 50", *ROWS, "# generated: 100"], "\n", "'generated' twice"),
        (["x", *ROWS, "# generated: many"], "\n", "generated has to be a whole number, such as 10, not .many."),
        (
            ["# cross_section_pb: 2 pb", "x", *ROWS, "# generated: 100"],
            "\n",
            "cross_section_pb has to be a number, such as 0.5, not .2 pb.",
        ),
        (["x", *ROWS, *ROWS, *ROWS], "\n", "wrote 120 events, 20 more than asked for"),
        (["# accepted: 50", "x", *ROWS, "# generated: 100"], "\n", "accepted 50 events, but 40 can be read"),
    ],
)
def test_missing_events_are_no_low_acceptance(tmp_path, lines, end, message):
    with pytest.raises(SimulationError, match=message):
        sample(table(tmp_path, lines, end))


def test_generated_before_the_rows_is_harmless_when_nothing_is_missing(tmp_path):
    assert sample(table(tmp_path, ["# generated: 40", "x", *ROWS]), events=40).generated == 40


def test_a_root_file_says_generated_with_accepted(tmp_path):
    events = sample(root_file(tmp_path, 40, {"generated": 100, "accepted": 40}))
    assert (events.accepted, events.generated) == (40, 100)


@pytest.mark.parametrize(
    ("rows", "metadata", "message"),
    [
        (40, {}, 'wrote 40 of 100 events, 60 are missing.*to the metadata: "generated": 100, "accepted": 40'),
        (40, {"generated": 100}, 'wrote 40 of 100 events.*"generated": 100, "accepted": 40'),
        (100, {"generated": 300}, "does not show that it came to its end"),
        (40, {"generated": 100, "accepted": 60}, "accepted 60 events, but 40 can be read"),
        (40, {"generated": 30, "accepted": 40}, "wrote 40 events but generated 30"),
    ],
)
def test_missing_events_of_a_root_file_are_no_low_acceptance(tmp_path, rows, metadata, message):
    with pytest.raises(SimulationError, match=message):
        sample(root_file(tmp_path, rows, metadata))
