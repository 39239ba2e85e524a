"""Files as plain uproot writes them, TTree and RNTuple, read by a process that has not loaded awkward yet."""

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

from robot_physicist.files import root_events

N = 40
PT = ak.unflatten(np.arange(3.0, 3 * N + 3), np.full(N, 3))
COLUMNS = {"x": np.linspace(-4, 4, N).astype("f4"), "weight": np.ones(N), "pt": PT[:, :2], "good": np.arange(N) % 2}


def write(path, kind, columns=COLUMNS):
    with uproot.recreate(path) as file:
        if kind == "RNTuple":
            file["events"] = columns
        else:
            file.mktree("events", {name: ak.type(ak.Array(column)).content for name, column in columns.items()})
            file["events"].extend(columns)


def call(*arguments):
    line = [sys.executable, "-m", "robot_physicist", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["RNTuple", "TTree"])
@pytest.mark.parametrize(
    ("entry", "events"),
    [
        ({}, N),
        ({"selection": "good == 1"}, N // 2),
        ({"selection": ["num(pt) == 2", "pt[:, 0] > 60"], "branches": {"x": "x / 2 + 0 * sum(pt)"}}, N // 2),
    ],
)
def test_observed_data_are_read(tmp_path, raw, kind, entry, events):
    write(tmp_path / "data.root", kind)
    setting = {"variance": 0.5}
    raw["exposure"] = [{"events": events}]
    raw["observed"] = [{"file": "data.root", "tree": "events", "setting": setting, **entry}]
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(raw))
    code, text = call("validate", tmp_path / "small.yaml")
    assert code == 0, text
    raw["exposure"] = [{"events": events + 1}]
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(raw))
    code, text = call("validate", tmp_path / "small.yaml")
    assert code == 2
    assert f"{events} events are selected" in text


READ = """\
import sys
from pathlib import Path
from robot_physicist.files import root_events
(block,) = root_events.read_events(Path(sys.argv[1]), ["x"])
assert block.accepted == 40 and block.weights.sum() == 40, block
print("awkward.contents" in sys.modules)
import awkward
print(awkward.forms.NumpyForm("int64").type, awkward.Array([[1, 2], []]).tolist(), awkward.__spec__.name)
"""


@pytest.mark.parametrize(("kind", "used"), [("RNTuple", "True"), ("TTree", "False")])
def test_plain_numbers_of_a_tree_are_read_without_running_awkward(tmp_path, kind, used):
    write(tmp_path / "data.root", kind)
    line = [sys.executable, "-c", READ, tmp_path / "data.root"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [used, "int64 [[1, 2], []] awkward"], done.stderr


@pytest.mark.parametrize("kind", ["RNTuple", "TTree"])
def test_a_tree_without_events_is_read(tmp_path, kind):
    write(tmp_path / "data.root", kind, {"x": np.array([0.0])[:0], "weight": np.array([0.0])[:0]})
    (block,) = root_events.read_events(tmp_path / "data.root", ["x"])
    assert (block.accepted, block.columns["x"].dtype) == (0, np.float64)
