"""A Gaussian process through numbers with errors: what they say about places where nothing was measured."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lazy_loader as lazy
import numpy as np

from ..quantities.arrays import FloatArray

scipy = lazy.load("scipy")
sklearn = lazy.load("sklearn")


#: Length scales in units of the domain, and the variance in units of that of the numbers: the logarithm of each has a
#: normal prior with this middle and width, without which a few points may choose any.
LENGTH, LENGTH_WIDTH = 0.3, 0.8
VARIANCE_WIDTH = 1.0
BOUNDS = (0.03, 10.0)
RESTARTS = 4
#: Added to the variance of every point, in units of that of the numbers, so that matrices can be inverted.
JITTER = 1e-8


@dataclass(frozen=True)
class Fit:
    """The process after some points: mean (C,) and covariance (C, C) at C places, and what it was fitted with.

    `level` and `sd` are mean and standard deviation far away from all points, `length_scales` (D,) in units of the
    domain, `log_likelihood` that of the points.
    """

    mean: FloatArray
    covariance: FloatArray
    level: float
    sd: float
    length_scales: FloatArray
    log_likelihood: float


def fit(x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray, seed: int) -> Fit:
    """Fit the process to numbers y (N,) with standard errors (N,) at x (N, D); predict at `places` (C, D).

    x and places are in the unit cube. The kernel is Matérn's with ν = 5/2 (twice differentiable functions), a length
    scale per dimension; its parameters maximise marginal likelihood times prior (Rasmussen and Williams 2006, ch. 5).

    >>> x = np.linspace(0, 1, 5)[:, None]
    >>> found = fit(x, np.sin(3 * x[:, 0]), np.full(5, 1e-3), np.array([[0.5], [0.6]]), seed=1)
    >>> bool(abs(found.mean[1] - np.sin(1.8)) < 0.02), bool(found.covariance[0, 0] < found.covariance[1, 1])
    (True, True)
    """
    level = float(np.average(y, weights=1 / (errors**2 + y.var() + JITTER)))
    scale = float(max(y.std(), np.median(errors), 1e-12))
    kernel = sklearn.gaussian_process.kernels.ConstantKernel(
        1.0, (1e-2, 1e2)
    ) * sklearn.gaussian_process.kernels.Matern(np.full(x.shape[1], LENGTH), BOUNDS, nu=2.5)
    process = sklearn.gaussian_process.GaussianProcessRegressor(
        kernel,
        alpha=(errors / scale) ** 2 + JITTER,
        optimizer=_optimum,
        n_restarts_optimizer=RESTARTS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # a length scale at its bound is an answer like any other
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        process.fit(x, (y - level) / scale)
    mean, covariance = process.predict(places, return_cov=True)
    variance, *lengths = np.exp(process.kernel_.theta)
    return Fit(
        mean=level + scale * mean,
        covariance=scale**2 * covariance,
        level=level,
        sd=scale * float(np.sqrt(variance)),
        length_scales=np.array(lengths),
        log_likelihood=float(process.log_marginal_likelihood(process.kernel_.theta) - len(y) * np.log(scale)),
    )


def _optimum(
    objective: Callable[[FloatArray], Any], start: FloatArray, bounds: FloatArray
) -> tuple[FloatArray, float]:
    """Minimum of an objective, which returns its gradient too, plus that of the prior of ln(variance, lengths)."""
    middle = np.log([1.0, *[LENGTH] * (len(start) - 1)])
    width = np.array([VARIANCE_WIDTH, *[LENGTH_WIDTH] * (len(start) - 1)])

    def penalised(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(theta)
        pulls = (theta - middle) / width
        return float(value + pulls @ pulls / 2), gradient + pulls / width

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = scipy.optimize.minimize(penalised, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return found.x, float(found.fun)
