"""Information gain with nuisance parameters integrated out: time, and bias of Laplace's method."""

import math
import sys
from pathlib import Path

import numpy as np

from benchmarks.measure import median_seconds, report
from robot_physicist.campaign import Luminosity
from robot_physicist.data_points import data_points
from robot_physicist.histfactory import histfactory
from robot_physicist.information import entropy
from robot_physicist.marginal import (
    importance_log_likelihood,
    laplace_log_likelihood,
    marginal_gain,
    normalised,
    predictive_counts,
)
from robot_physicist.nuisances import nuisances

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from workspaces import ten_nuisances

POINTS, BINS, NUISANCES, DATA_SETS = 21, 20, 10, 4000
CHECKED, CHECK_DRAWS = 2048, 128


def main() -> None:
    print(f"Nuisance parameters: {NUISANCES} of them, {BINS} bins, {POINTS} θ")
    prior = np.full(POINTS, 1 / POINTS)
    for name, scale in (("1,400 events", 1.0), ("14,000 events", 10.0)):
        grid = np.linspace(-1, 1, POINTS) / math.sqrt(scale)
        models = [nuisances(histfactory(ten_nuisances(theta, scale=scale)), {}) for theta in grid]
        points = data_points(Luminosity(luminosity=1), BINS + NUISANCES, DATA_SETS, np.random.default_rng(1))
        seconds = median_seconds(lambda m=models, p=points: marginal_gain(m, prior, p, None), 5)
        report(f"time of EIG, {DATA_SETS} data sets, {name}", seconds, "s", 0.5)
        bias, error = laplace_bias(models, prior)
        report(f"|bias| of Laplace's method, {name} (± {error:.1e})", abs(bias), "nats", 1e-5)


def laplace_bias(models, prior) -> tuple[float, float]:
    """EIG by Laplace's method minus that by importance sampling on the same data, and its standard error."""
    points = data_points(Luminosity(luminosity=1), BINS + NUISANCES, CHECKED, np.random.default_rng(2))
    counts, _ = predictive_counts(models, prior, points)
    rough = laplace_log_likelihood(models, counts, False)
    rng = np.random.default_rng(3)
    parts = np.split(np.arange(len(counts)), 16)
    exact = [
        importance_log_likelihood(models, counts[p], rough[p], prior, False, CHECK_DRAWS, math.inf, rng)[0]
        for p in parts
    ]
    difference = entropy(normalised(np.concatenate(exact), prior)) - entropy(normalised(rough, prior))
    return float(difference.mean()), float(difference.std() / np.sqrt(len(difference)))
