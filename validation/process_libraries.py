"""Gaussian processes of several libraries, on points with errors: mean and standard deviation at other places."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.statistics.gaussian_process import Points, learn

POINTS, REPEATS = 12, 20


def scikit_learn(
    x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Ours: scikit-learn's kernel and predictions, averaged over variance and length scale."""
    return learn(Points(x, y, errors)).marginal(places)


def botorch(x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    import torch
    from botorch import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    columns = [torch.tensor(column) for column in (x, y[:, None], errors[:, None] ** 2)]
    model = SingleTaskGP(columns[0], columns[1], columns[2], outcome_transform=Standardize(1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    with torch.no_grad():
        found = model.posterior(torch.tensor(places))
    return found.mean.numpy()[:, 0], found.variance.numpy()[:, 0] ** 0.5


def scipy_alone(
    x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The most probable process of our kernel and prior, without a library: 25 lines, and no gradient."""
    from scipy.linalg import cho_factor, cho_solve
    from scipy.optimize import minimize
    from scipy.spatial.distance import cdist

    level, scale = y.mean(), y.std()

    def kernel(first: FloatArray, second: FloatArray, theta: FloatArray) -> FloatArray:
        r = np.sqrt(5) * cdist(first / np.exp(theta[1:]), second / np.exp(theta[1:]))
        return np.exp(theta[0]) * (1 + r + r**2 / 3) * np.exp(-r)

    def factor(theta: FloatArray) -> tuple[FloatArray, bool]:
        return cho_factor(kernel(x, x, theta) + np.diag((errors / scale) ** 2 + 1e-8))

    def objective(theta: FloatArray) -> float:
        chosen, values = factor(theta), (y - level) / scale
        pulls = (theta - start) / np.array([1.0, *[0.8] * x.shape[1]])
        return float(values @ cho_solve(chosen, values) / 2 + np.log(np.diag(chosen[0])).sum() + pulls @ pulls / 2)

    start = np.log([1.0, *[0.3] * x.shape[1]])
    theta = minimize(objective, start, method="L-BFGS-B").x
    chosen, across = factor(theta), kernel(places, x, theta)
    variance = np.exp(theta[0]) - np.einsum("cn,nc->c", across, cho_solve(chosen, across.T))
    mean = across @ cho_solve(chosen, (y - level) / scale)
    return level + scale * mean, scale * np.sqrt(variance.clip(0))


Fitter = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
LIBRARIES: dict[str, Fitter] = {"scikit-learn": scikit_learn, "BoTorch": botorch, "SciPy alone": scipy_alone}


def installed(name: str) -> bool:
    """Is a library there? BoTorch is no requirement of ours."""
    return name != "BoTorch" or find_spec("botorch") is not None


def cosine(x: FloatArray) -> FloatArray:
    """About the gain of gaussian_cosine over its domain."""
    return np.log1p(4 / (2 + np.cos(2 * np.pi * x[:, 0])) ** 2)


def noisy_points(seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places, values and unequal errors."""
    rng = np.random.default_rng(seed)
    x = rng.random((POINTS, 1))
    errors = np.where(rng.random(POINTS) < 0.5, 0.02, 0.1)
    return x, cosine(x) + errors * rng.standard_normal(POINTS), errors
