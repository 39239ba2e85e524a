"""Data of a later round of a sequence make nothing again of the rounds before it; other data of a round do."""

import numpy as np
import pytest
import yaml
from support import engines

from robot_physicist.files import root_events
from robot_physicist.quantities.events import Events

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]
STUDY = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1]}},
    "parameters": {"theta": {"linspace": [-2, 3, 3]}},
    "observables": {"x": {"range": [-5, 6], "bins": 5, "overflow": "include"}},
    "exposure": {"events": 5},
    "simulation": {"events": 500, "folds": 4},
    "estimator": {"nuisances": "fixed", "draws": 128, "replicas": 16, "pseudo_experiments": 10},
    "sequence": {"rounds": 2},
}


def data(path, value):
    root_events.write_events(path, [Events({"x": np.full(5, value)}, 5)], {"digest": str(value)})


def run(folder, entries, *options):
    observed = [{"file": f"{entry}.root", "setting": {"variance": 1}} for entry in entries]
    (folder / "campaigns/small.yaml").write_text(yaml.safe_dump({**STUDY, "observed": observed}, sort_keys=False))
    return engines.snakemake(folder, "--quiet", "progress", *options)[1]


def test_data_belong_to_their_round(tmp_path):
    folder = engines.checkout(tmp_path / "run", STUDY)
    data(folder / "campaigns/one.root", 0.5)
    assert "round 2 has no data yet" in run(folder, ["one"])
    first = folder / "results/small/round=1"
    times = {path: path.stat().st_mtime_ns for path in first.rglob("*.json")}
    assert len(times) > 10
    data(folder / "campaigns/two.root", 1.0)
    run(folder, ["one", "two"])
    assert (folder / "results/small/round=3/sequence.json").is_file()
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*.json")} == times
    assert "Nothing to be done" in run(folder, ["one", "two"])
    data(folder / "campaigns/one.root", 0.6)
    text = run(folder, ["one", "two"], "--dry-run")
    assert "observe results/small round=1/" in text
    assert "eig round=1/variance" not in text
