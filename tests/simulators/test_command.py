import stat
import sys

import numpy as np
import pytest

from robot_physicist.quantities.errors import ObservableError, SimulationError
from robot_physicist.simulators.command import Command, CommandOptions

ROOT_PROGRAM = """\
import sys
import uproot, numpy, json
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
rng = numpy.random.default_rng(int(options["--seed"]))
with uproot.recreate(options["--output"]) as file:
    x = rng.random(int(options["--events"]) // 2)
    file.mktree("events", {"x": "f4", "weight": "f8"})
    file["events"].extend({"x": x.astype("f4"), "weight": 2 * numpy.ones(len(x))})
    file["metadata"] = json.dumps({"cross_section_pb": 3.0, "generated": int(options["--events"]), "accepted": len(x)})
"""


def sample(tmp_path, program, observables=("x",), interpreter="/bin/sh", events=100):
    script = tmp_path / "box"
    script.write_text(f"#!{interpreter}\n{program}")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    simulator = Command(CommandOptions(executable=[str(script)], observables=list(observables)))
    sampler = simulator.prepare({"energy": 91.2, "cut": 1.0}, {"theta": -0.5})
    return sampler.sample(events, np.random.default_rng(1))


def test_the_program_is_told_everything(tmp_path):
    program = f'echo "$@" > {tmp_path}/said\nfor last; do :; done\nprintf "x\\n1\\n2\\n# generated: 100\\n" > "$last"'
    events = sample(tmp_path, program)
    said = (tmp_path / "said").read_text()
    assert "--setting energy=91.2,cut=1 --parameters theta=-0.5 --events 100 --seed " in said
    assert events.columns["x"].tolist() == [1.0, 2.0]


def test_a_root_file_with_weights_and_metadata(tmp_path):
    events = sample(tmp_path, ROOT_PROGRAM, interpreter=sys.executable)
    assert events.columns["x"].dtype == np.float64
    assert (events.accepted, events.generated) == (50, 100)
    assert events.weights.sum() == 100
    assert events.cross_section.value == 3.0


TABLE = 'for last; do :; done\nprintf "{}" > "$last"'


@pytest.mark.parametrize(
    ("program", "kind", "message"),
    [
        ("echo no beam >&2; exit 3", SimulationError, "exit code 3:\nno beam"),
        ("true", SimulationError, "wrote no --output file"),
        (TABLE.format("y\\n1\\n"), ObservableError, "no observable 'x'"),
        (TABLE.format("x\\nnan\\n"), SimulationError, "not finite"),
        (TABLE.format("x\\nabc\\n"), SimulationError, "line 2 of the program's table, column 'x': 'abc'"),
        (TABLE.format("x,y\\n1,2\\n3\\n"), SimulationError, "line 3 of the program's table, '3', has 1 value"),
        (TABLE.format("\\377\\376"), SimulationError, "neither ROOT nor a table"),
        (TABLE.format("root, but not quite"), SimulationError, "ROOT file cannot be read"),
        (TABLE.format("x,x\\n1,2\\n"), SimulationError, "two columns of one name"),
        (TABLE.format("x,weight\\n1,nan\\n"), SimulationError, "values of 'weight' that are not finite"),
        (
            TABLE.format("# cross_section_pb: nan\\nx\\n1\\n"),
            SimulationError,
            "cross_section_pb has to be a finite number",
        ),
        (
            TABLE.format("# cross_section_pb: -3\\nx\\n1\\n"),
            SimulationError,
            "cross_section_pb has to be above 0, not -3",
        ),
        (
            TABLE.format("# cross_section_error_pb: -1\\nx\\n1\\n"),
            SimulationError,
            "cross_section_error_pb has to be at least 0",
        ),
        (TABLE.format("# generated: 1\\nx\\n1\\n2\\n"), SimulationError, "wrote 2 events but generated 1"),
        ("kill -9 $$", SimulationError, "was killed by SIGKILL"),
    ],
)
def test_failures_say_what_happened(tmp_path, program, kind, message):
    with pytest.raises(kind, match=message):
        sample(tmp_path, program)


BROKEN_ROOT = """\
import sys
import uproot, numpy
with uproot.recreate(sys.argv[-1]) as file:
    {}
"""
EVENTS = 'file.mktree("events", {"x": "f8", "name": str}); file["events"].extend({"x": [0.5], "name": ["a"]})'


@pytest.mark.parametrize(
    ("write", "message"),
    [
        ('file["events"] = numpy.histogram([1.0], bins=2)', "'events' is not a tree but a TH1D"),
        ('file.mktree("event", {"x": "f8"})', "no tree 'events'; did you mean 'event'"),
        (f'{EVENTS}; file["metadata"] = "{{{{"', "metadata are not JSON"),
        (f'{EVENTS}; file["metadata"] = "[1]"', r"metadata are \[1\]; write keys"),
        (f"""{EVENTS}; file["metadata"] = '{{"cross_section_pb": "a"}}'""", "cross_section_pb has to be a number"),
    ],
)
def test_root_files_that_are_not_as_agreed(tmp_path, write, message):
    with pytest.raises(SimulationError, match=message):
        sample(tmp_path, BROKEN_ROOT.format(write), interpreter=sys.executable)


def test_other_branches_of_a_root_file_may_hold_anything(tmp_path):
    events = sample(tmp_path, BROKEN_ROOT.format(EVENTS), interpreter=sys.executable, events=1)
    assert events.columns["x"].tolist() == [0.5]


def test_a_missing_executable_is_named():
    simulator = Command(CommandOptions(executable=["no-such-program"], observables=["x"]))
    with pytest.raises(SimulationError, match="cannot find an executable 'no-such-program'"):
        simulator.prepare({}, {"theta": 1.0}).sample(1, np.random.default_rng(1))


def weighted(tmp_path, header, row, points=2):
    script = tmp_path / "box"
    script.write_text(f'#!/bin/sh\nshift 9\nprintf "{header}\\n{row}\\n" > "$1"')
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    simulator = Command(CommandOptions(executable=[str(script)], observables=["x"]))
    others = [{"theta": float(index)} for index in range(points)]
    return simulator.prepare_weighted({"energy": 1.0}, {"theta": 0.5}, others).sample(1, np.random.default_rng(1))


def test_weights_to_other_points_are_columns_of_a_table(tmp_path):
    events = weighted(tmp_path, "x,ratio_1,ratio_0", "1,3,2")
    assert events.ratios.tolist() == [[2.0, 3.0]]


@pytest.mark.parametrize(
    ("header", "row", "kind", "message"),
    [
        ("x", "1", ObservableError, "neither 'ratios' nor 'ratio_0'.*2 points.*simulation.references"),
        ("x,ratio_0", "1,2", ObservableError, "nor 'ratio_1'"),
        ("x,ratios", "1,2", ObservableError, r"shape \(1,\); give each event 2 numbers"),
        ("x,ratio_0,ratio_1", "1,2,-1", SimulationError, "negative or not finite"),
    ],
)
def test_weights_that_are_missing_or_wrong_are_refused(tmp_path, header, row, kind, message):
    with pytest.raises(kind, match=message):
        weighted(tmp_path, header, row)
