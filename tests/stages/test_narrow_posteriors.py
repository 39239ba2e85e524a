"""Posteriors that know too little of the errors of their templates: stated, warned of and shown."""

import json
import shutil

import pytest
import yaml
from support.campaigns import ROOT

from robot_physicist import stages
from robot_physicist.quantities.errors import NarrowPosteriorWarning

BORN = {
    "name": "born",
    "seed": 5,
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [82]}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 13]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 10}},
    "exposure": {"events": 1000},
    "estimator": {"pseudo_experiments": 20, "nuisances": "fixed"},
}


def posterior(folder, events):
    """posterior.json of a campaign that simulates so many events per θ."""
    path = folder / "born.yaml"
    path.write_text(yaml.safe_dump({**BORN, "simulation": {"events": events}}))
    histograms = []
    for index in range(13):
        sample = f"sin2theta_w={0.2 + 0.005 * index:.12g}"
        made = folder / f"{index}.root", folder / f"{index}.json"
        stages.simulate(path, "sqrt_s=82", sample, made[0])
        stages.histogram(path, "sqrt_s=82", sample, *made)
        histograms.append(made[1])
    published, output = (folder / "workspace.json", folder / "patchset.json"), folder / "posterior.json"
    stages.likelihood(path, "sqrt_s=82", "events=1000", histograms, *published)
    stages.posterior(path, "sqrt_s=82", "events=1000", *published, output)
    return json.loads(output.read_text())


def test_too_few_simulated_events_are_warned_of(tmp_path):
    with pytest.warns(
        NarrowPosteriorWarning, match=r"too narrow by a factor of 1\.\d\d, and 95% sets hold .* in \d\d%"
    ):
        found = posterior(tmp_path, 1000)
    assert found["templates"]["factor"] > 1.1
    assert found["templates"]["coverage95"] < 0.95
    assert "too narrow" in found["warnings"][0]


def test_many_simulated_events_are_not(tmp_path):
    found = posterior(tmp_path, 100_000)
    assert 1 <= found["templates"]["factor"] < 1.1
    assert found["warnings"] == []


def test_show_says_where_posteriors_are_too_narrow(tmp_path):
    shutil.copytree(ROOT / "tests/data/tiny", tmp_path / "tiny")
    path = tmp_path / "tiny/variance=1/events=5/posterior.json"
    content = json.loads(path.read_text())
    assert "too narrow" not in stages.show(tmp_path / "tiny/design.json", colour=False)
    path.write_text(json.dumps({**content, "templates": {"coverage95": 0.9, "factor": 1.3}}))
    shown = stages.show(tmp_path / "tiny/design.json", colour=False)
    assert "posteriors are too narrow in 1 of 1 branches, by a factor of 1.30 at variance=1, events=5" in shown
