"""Goodness of fit of Poisson counts, also where they are few."""

from __future__ import annotations

from functools import cache

import lazy_loader as lazy
import numpy as np

from ..quantities.arrays import FloatArray

scipy = lazy.load("scipy")


#: Standard deviations above its expectation at which a deviance refuses a model.
REFUSED = 3.0
#: Means between which the moments of the deviance are tabulated; beyond the last one they are those of χ².
MEANS = np.geomspace(1e-3, 100.0, 120)


def unit_deviance(counts: FloatArray, mean: FloatArray) -> FloatArray:
    """Deviance 2 [n ln(n/μ) − n + μ] of each Poisson count, with the shape of the arguments.

    >>> unit_deviance(np.array([0.0, 4.0]), np.array([1.0, 4.0]))
    array([2., 0.])
    """
    logs = np.log(np.where(counts > 0, counts, 1.0) / np.maximum(mean, 1e-300))
    result: FloatArray = 2 * (np.where(counts > 0, counts * logs, 0.0) - counts + mean)
    return result


@cache
def _moments() -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the deviance of a Poisson count at each of MEANS, both (M,)."""
    number = np.arange(220.0)[:, None]
    chance = np.exp(number * np.log(MEANS) - MEANS - scipy.special.gammaln(number + 1))
    deviance = unit_deviance(number, MEANS)
    mean = (chance * deviance).sum(axis=0)
    return mean, (chance * deviance**2).sum(axis=0) - mean**2


def excess(counts: FloatArray, mean: FloatArray, parameters: int) -> float:
    """How far the deviance of counts from their fitted means is above its expectation, in standard deviations.

    Expectation and variance are those of Poisson counts with these means, which differ from the 1 and 2 of χ² where
    counts are few; `parameters` is the number of fitted ones.

    >>> round(excess(np.array([9.0, 11.0]), np.array([10.0, 10.0]), 0), 2)
    -0.9
    """
    expectation, variance = (np.interp(mean, MEANS, moment) for moment in _moments())
    above = unit_deviance(counts, mean).sum() - expectation.sum() + parameters
    return float(above / np.sqrt(variance.sum()))
