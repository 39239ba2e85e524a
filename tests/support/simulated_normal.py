"""X ~ N(θ, 1) in ten bins, as published after few simulated events."""

import numpy as np
from scipy import stats

from robot_physicist.histfactory.systematics import LumiSystematic, NormSystematic
from robot_physicist.likelihood.workspace import patchset, workspace
from robot_physicist.quantities.estimates import Axis
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates

PRIOR = np.array([0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
THETA = np.linspace(-1, 1, 6)
SYSTEMATICS = (
    LumiSystematic(type="lumi", uncertainty=0.05),
    NormSystematic(type="normsys", name="flat", samples=["flat"], up=1.2, down=0.8),
)


def published(exposure, systematics=()):
    """Likelihood of X ~ N(θ, 1) in ten bins, 500 simulated events per θ, with a background if there are systematics."""
    edges = np.linspace(-4, 4, 11)
    edges[[0, -1]] = -np.inf, np.inf
    shape = np.diff(stats.norm.cdf(edges, THETA[:, None], 1.0), axis=1)
    counts = np.random.default_rng(1).multinomial(50, shape[:, None].repeat(10, axis=1)).astype(float)
    flat = {"flat": (np.full(10, 0.5), np.full(10, 0.05))} if systematics else {}
    made = Templates(
        tuple(f"theta={value:.12g}" for value in THETA),
        (Axis("x", -4, 4, 10),),
        counts,
        counts,
        counts.sum(axis=(1, 2)),
        np.full(6, 10.0),
        np.zeros(6),
        flat,
    )
    options = {"simulation": Simulation(), "name": "t", "shapes": {}}
    base = workspace(made, exposure, systematics, observed=None, **options)
    return base, patchset(made, exposure, systematics, base=base, **options)
