"""A sequence of two experiments, and the campaign of another one."""

from pathlib import Path

import yaml

from robot_physicist import files
from robot_physicist.design.sequence.state import Experiments

TOY = {
    "name": "toy",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1, 4]}},
    "parameters": {"theta": {"linspace": [3, -2, 7]}},
    "observables": {"x": {"range": [-6, 7], "bins": 13, "overflow": "include"}},
    "exposure": {"events": 10},
    "simulation": {"events": 2000, "folds": 4},
    "estimator": {"nuisances": "fixed", "draws": 256, "replicas": 16, "pseudo_experiments": 20},
    "sequence": {"rounds": 2, "truth": {"theta": 1}},
}
BORN = {
    **TOY,
    "simulator": {"name": "weinberg_born", "options": {"cos_theta_max": 0.8}},
    "settings": {"sqrt_s": {"values": [91.2]}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "exposure": {"luminosity": 2},
    "sequence": {"rounds": 4, "truth": {"sin2theta_w": 0.23}},
}


def written(folder: Path, content):
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def state(folder, number):
    return files.read_document(Experiments, folder / f"results/round={number}/sequence.json")
