"""ROOT itself reads our events."""

import json
import subprocess

import numpy as np
from support.campaigns import environment

from robot_physicist.files import root_events
from robot_physicist.quantities.events import Events

READ = """
import json, sys, ROOT
file = ROOT.TFile.Open(sys.argv[1])
tree, frame = file.Get("events"), ROOT.RDataFrame("events", sys.argv[1])
print(json.dumps({
    "entries": tree.GetEntries(),
    "mean": frame.Mean("x").GetValue(),
    "weights": frame.Sum("weight").GetValue(),
    "metadata": json.loads(str(file.Get("metadata"))),
}))
"""


def test_root_reads_trees_weights_and_provenance(tmp_path):
    path, x = tmp_path / "events.root", np.random.default_rng(1).random(2000)
    blocks = (Events({"x": half}, 1000, half**2) for half in (x[:1000], x[1000:]))
    root_events.write_events(path, blocks, {"digest": "abc", "setting": "variance=2"})
    line = [environment("root") / "python", "-W", "ignore", "-c", READ, path]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["entries"] == 2000
    assert abs(found["mean"] - x.mean()) < 1e-12
    assert abs(found["weights"] - (x**2).sum()) < 1e-9
    assert found["metadata"]["setting"] == "variance=2"
