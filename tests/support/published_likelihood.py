"""A likelihood at three θ with every kind of modifier that a campaign can publish."""

import numpy as np

from robot_physicist.histfactory.systematics import LumiSystematic, NormSystematic, ShapeSystematic
from robot_physicist.likelihood.workspace import patchset, workspace
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Background, Templates

POINTS = ("theta=-1", "theta=0.5", "theta=2")
AXES = (Axis("x", 0.0, 4.0, 4),)
SHAPES = {"tilt": (np.array([0.9, 1.0, 1.0, 1.1]), np.array([1.1, 1.0, 1.0, 0.9]))}
SYSTEMATICS = [
    LumiSystematic(type="lumi", uncertainty=0.02),
    NormSystematic(type="normsys", name="efficiency", samples=["signal"], up=1.05, down=0.95),
    ShapeSystematic(type="histosys", name="tilt", samples=["flat"], file="f.json", up="u", down="d"),
]
RAW = Simulation(smoothing="none")


def templates(background=True, rng=None):
    sumw = (rng or np.random.default_rng(2)).poisson(100.0, (3, 2, 4)).astype(float)
    flat = {"flat": Background(np.full(4, 2.0), np.full(4, 0.1))} if background else {}
    return Templates(POINTS, AXES, sumw, sumw, np.full(3, 1000.0), np.array([5.0, 6.0, 7.0]), np.zeros(3), flat)


def published(background=True, exposure=None, observed=None):
    exposure = exposure or Luminosity(luminosity=10)
    systematics = SYSTEMATICS if background else []
    arguments = {"simulation": RAW, "name": "test", "shapes": SHAPES}
    made = templates(background)
    base = workspace(made, exposure, systematics, observed=observed, **arguments)
    return made, exposure, base, patchset(made, exposure, systematics, base=base, **arguments)
