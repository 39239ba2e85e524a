"""X ~ N(θ, 1) in twelve bins, known exactly: templates, likelihoods and posteriors."""

import numpy as np
from scipy import stats

from robot_physicist.histfactory.systematics import NormSystematic
from robot_physicist.inference.posterior import collect
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.workspace import patchset, workspace
from robot_physicist.quantities.estimates import Axis
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Background, Templates

POINTS = [{"theta": value} for value in np.linspace(-1, 1, 5)]
PRIOR = np.array([0.1, 0.2, 0.4, 0.2, 0.1])


def made(shape, background=0.0):
    sumw = np.repeat(np.round(shape * 1e5)[:, None], 2, axis=1)
    extra = {"flat": Background(np.full(shape.shape[1], background), np.zeros(shape.shape[1]))} if background else {}
    return Templates(
        tuple(f"theta={p['theta']:g}" for p in POINTS),
        (Axis("x", -4, 4, 12),),
        sumw,
        sumw,
        sumw.sum(axis=(1, 2)),
        np.full(5, 10.0),
        np.zeros(5),
        extra,
    )


def shapes():
    edges = np.linspace(-4, 4, 13)
    probabilities = np.diff(stats.norm.cdf(edges[None], [[p["theta"]] for p in POINTS], 1.0), axis=1)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def likelihood(templates, exposure, systematics=(), observed=None):
    arguments = {"simulation": Simulation(), "name": "t", "shapes": {}}
    base = workspace(templates, exposure, systematics, observed=observed, **arguments)
    return base, patchset(templates, exposure, systematics, base=base, **arguments)


def collected(exposure, count=4000, observed=None, published=None, background=0.0, nuisances="fixed"):
    estimator = Estimator(pseudo_experiments=count, nuisances=nuisances)
    return collect(
        published or likelihood(made(shapes(), background), exposure),
        exposure,
        PRIOR,
        POINTS,
        estimator,
        setting="s",
        exposure_label="e",
        observed=observed,
        rng=np.random.default_rng(4),
    )


NORM = NormSystematic(type="normsys", name="e", samples=["signal"], up=1.3, down=0.7)
