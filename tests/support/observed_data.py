"""Campaigns with observed data, and their posteriors stage by stage."""

import numpy as np
import uproot
import yaml

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.inference.results import Posteriors
from robot_physicist.quantities import labels


def write(path, columns, tree="events"):
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()})
        file[tree].extend(columns)


def mass_campaign(folder, unit="", **observed):
    """Masses N(θ, 2²) around 91, θ between 90 and 92; 2000 events. Only a black box has a unit, and cannot be run."""
    black_box = {"name": "command", "options": {"executable": ["true"], "observables": ["x"]}}
    raw = {
        "name": "mass",
        "seed": 4,
        "simulator": black_box if unit else {"name": "gaussian"},
        "settings": {"variance": {"values": [4]}},
        "parameters": {"theta": {"linspace": [90, 92, 5]}},
        "observables": {"x": {"range": [80, 102], "bins": 22, "unit": unit}},
        "exposure": {"events": 2000},
        "simulation": {"events": 20_000},
        "estimator": {"pseudo_experiments": 200},
        "observed": {"file": "data.root", "setting": {"variance": 4}, **observed},
    }
    path = folder / "mass.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def masses(events=2000, theta=91.0):
    return np.random.default_rng(3).normal(theta, 2.0, events)


def run(path, folder):
    """Simulate and fill all branches, build the likelihoods and compute the posteriors; the last posterior."""
    campaign, posterior = read_campaign(path), None
    for setting in map(labels.label, campaign.setting_points):
        histograms = []
        for sample in campaign.samples:
            place = folder / setting / sample
            stages.simulate(path, setting, sample, place / "events.root")
            stages.histogram(path, setting, sample, place / "events.root", place / "histogram.json")
            histograms.append(place / "histogram.json")
        for exposure in campaign.exposures:
            made = [folder / setting / exposure / f"{name}.json" for name in ("workspace", "patchset", "posterior")]
            stages.likelihood(path, setting, exposure, histograms, *made[:2])
            stages.posterior(path, setting, exposure, *made)
            posterior = files.read_document(Posteriors, made[2])
    return posterior


BORN = {
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [91.2]}},
    "parameters": {"sin2theta_w": {"linspace": [0.22, 0.24, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "estimator": {"pseudo_experiments": 100},
}
