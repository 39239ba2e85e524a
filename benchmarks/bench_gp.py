"""Gaussian processes of several libraries, on the gains of a search: start-up, time of a fit, and accuracy."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.statistics.gaussian_process import fit

POINTS, REPEATS = 12, 20
#: A first fit in a new process, the import included.
START = """
import time, warnings
start = time.process_time()
warnings.simplefilter("ignore")
import numpy as np
from benchmarks import bench_gp
x = np.linspace(0, 1, 6)[:, None]
bench_gp.LIBRARIES[{name!r}](x, np.sin(3 * x[:, 0]), np.full(6, 0.01), x)
print(time.process_time() - start)
"""


def scikit_learn(
    x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray
) -> tuple[FloatArray, FloatArray]:
    found = fit(x, y, errors, places, seed=1)
    return found.mean, np.sqrt(found.covariance.diagonal().clip(0))


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
    """The same process as ours, without a library: 25 lines, and no gradient."""
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


def optuna(x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Its sampler takes no errors and does not show its process: only the start-up of a proposal is measured."""
    import optuna as library

    library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(sampler=library.samplers.GPSampler(seed=1, n_startup_trials=2), direction="maximize")
    space = {"x": library.distributions.FloatDistribution(0, 1)}
    for place, value in zip(x[:, 0], y, strict=True):
        study.add_trial(library.trial.create_trial(params={"x": place}, distributions=space, value=value))
    study.ask(space)
    return np.full(len(places), np.nan), np.full(len(places), np.nan)


Fitter = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
LIBRARIES: dict[str, Fitter] = {
    "scikit-learn": scikit_learn,
    "BoTorch": botorch,
    "SciPy alone": scipy_alone,
    "Optuna": optuna,
}


def cosine(x: FloatArray) -> FloatArray:
    """About the gain of gaussian_cosine over its domain."""
    return np.log1p(4 / (2 + np.cos(2 * np.pi * x[:, 0])) ** 2)


def accuracy(library: Fitter) -> tuple[float, float, float]:
    """RMSE, root mean square pull and seconds of processor time of a fit, on points with unequal errors."""
    places = np.linspace(0, 1, 101)[:, None]
    deviations, pulls, seconds = [], [], []
    for seed in range(REPEATS):
        rng = np.random.default_rng(seed)
        x = rng.random((POINTS, 1))
        errors = np.where(rng.random(POINTS) < 0.5, 0.02, 0.1)
        y = cosine(x) + errors * rng.standard_normal(POINTS)
        start = time.process_time()
        mean, sd = library(x, y, errors, places)
        seconds.append(time.process_time() - start)
        deviations.append(mean - cosine(places))
        pulls.append(deviations[-1] / sd)
    return (*(float(np.sqrt(np.mean(np.square(v)))) for v in (deviations, pulls)), float(np.median(seconds)))


def main() -> None:
    print(f"Gaussian processes: {POINTS} points with errors of 0.02 and 0.1, {REPEATS} repeats; CPU seconds")
    for name, library in LIBRARIES.items():
        line = [sys.executable, "-c", START.format(name=name)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:<14} is not installed")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rmse, pull, seconds = accuracy(library)
        start = float(done.stdout.splitlines()[-1])
        print(
            f"{name:<14} start and first fit {start:5.2f} s, fit {seconds:6.3f} s, RMSE {rmse:.4f}, pull {pull:.2f}"
        )


if __name__ == "__main__":
    main()
