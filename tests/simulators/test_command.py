import stat
import sys

import numpy as np
import pytest

from robot_physicist.errors import ObservableError, SimulationError
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
    file["metadata"] = json.dumps({"cross_section_pb": 3.0, "generated": int(options["--events"])})
"""


def sample(tmp_path, program, observables=("x",), interpreter="/bin/sh", events=100):
    script = tmp_path / "box"
    script.write_text(f"#!{interpreter}\n{program}")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    simulator = Command(CommandOptions(executable=[str(script)], observables=list(observables)))
    sampler = simulator.prepare({"energy": 91.2, "cut": 1.0}, {"theta": -0.5})
    return sampler.sample(events, np.random.default_rng(1))


def test_the_program_is_told_everything(tmp_path):
    program = f'echo "$@" > {tmp_path}/said\nfor last; do :; done\nprintf "x\\n1\\n2\\n" > "$last"'
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
        (TABLE.format("x\\nabc\\n"), SimulationError, "neither ROOT nor a table"),
    ],
)
def test_failures_say_what_happened(tmp_path, program, kind, message):
    with pytest.raises(kind, match=message):
        sample(tmp_path, program)


def test_a_missing_executable_is_named():
    simulator = Command(CommandOptions(executable=["no-such-program"], observables=["x"]))
    with pytest.raises(SimulationError, match="cannot find an executable 'no-such-program'"):
        simulator.prepare({}, {"theta": 1.0}).sample(1, np.random.default_rng(1))
