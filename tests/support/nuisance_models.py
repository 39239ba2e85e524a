"""Models with nuisance parameters, easy ones and treacherous ones, and sums that integrate them out."""

import numpy as np
import pytest
from scipy import stats

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.statistics.grid_posterior import normalised
from support.workspaces import errors, norm, plain

ONE = Luminosity(luminosity=1)


def on_grid(spec, values, **given):
    model = histfactory(spec)
    return [nuisances(model, {"mu": value, **given}) for value in values]


def one_bin(modifier, rate, extra=0.0):
    """A signal of `mu` times 10 events on a background with one uncertainty."""
    samples = [
        {"name": "background", "data": [rate], "modifiers": [modifier]},
        {"name": "signal", "data": [10.0], "modifiers": [plain("mu", "normfactor")]},
    ]
    samples += [{"name": "other", "data": [extra], "modifiers": []}] if extra else []
    return {"channels": [{"name": "c", "samples": samples}], "parameters": []}


def quadrature(models, counts, nodes=4000):
    """Ln p(x|θ) of one-nuisance models, (N, K): midpoint rule over the quantiles of the prior, which resolves them all."""
    uniforms = (np.arange(nodes) + 0.5) / nodes
    result = []
    for one in models:
        rates = np.maximum(one.model.rates(one.draw(uniforms[None])), 1e-300)
        logs = stats.poisson.logpmf(counts[:, :, None], rates[None]).sum(axis=1)
        result.append(np.log(np.exp(logs).mean(axis=1) + 1e-300))
    return np.array(result).T


def exact_gain(models, prior, most):
    """EIG of a one-bin experiment by summing over all counts."""
    counts = np.arange(most)[:, None]
    logs = quadrature(models, counts, 1000)
    evidence = np.exp(logs) @ prior
    assert evidence.sum() == pytest.approx(1, abs=1e-7)
    return float(stats.entropy(prior) - evidence @ stats.entropy(normalised(logs, prior), axis=1))


#: EIG about μ in 0 … 3 of `counting()`, by Gauss–Hermite quadrature (80 nodes) and the sum over all counts.
COUNTING_GAIN = 0.371692
HARD = {
    "huge normsys": one_bin(norm("b", 3.0, 0.02), 20.0),
    "staterror of few events": one_bin(errors("stat", "staterror", [5.0], 0.8), 5.0),
}


def bent(high, low, rate=40.0):
    """A background whose histosys has these rates at +1 and −1."""
    return one_bin({"name": "h", "type": "histosys", "data": {"hi_data": [high], "lo_data": [low]}}, rate)


TREACHEROUS = {
    "two maxima, and where Laplace's method starts none": bent(60.0, 60.0),
    "rates that reach zero": bent(70.0, 10.0),
    "a quarter of an event": one_bin(errors("own", "shapesys", [8.0], 2.0), 8.0),
}
