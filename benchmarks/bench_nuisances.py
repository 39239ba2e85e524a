"""Information gain with nuisance parameters integrated out: time, and bias with and without its correction."""

import math
import sys
from pathlib import Path

import numpy as np

from benchmarks.measure import core_seconds, report, report_core
from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.information.marginal_gain import marginal_gain, predictive_counts
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.likelihood.marginal import laplace_log_likelihood
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.statistics.grid_posterior import entropy, normalised

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from support.brute_force import corrected_entropies, sampled_entropies
from support.workspaces import ten_nuisances

POINTS, BINS, NUISANCES, DATA_SETS = 21, 20, 10, 4000
#: Data sets and draws of the reference, for the correction and for Laplace's method alone.
CORRECTED, ALONE = (2048, 256), (32_768, 64)
PART = 1024


def main() -> None:
    print(f"Nuisance parameters: {NUISANCES} of them, {BINS} bins, {POINTS} θ")
    prior = np.full(POINTS, 1 / POINTS)
    for name, scale in (("1,400 events", 1.0), ("14,000 events", 10.0)):
        grid = np.linspace(-1, 1, POINTS) / math.sqrt(scale)
        models = [nuisances(histfactory(ten_nuisances(theta, scale=scale)), {}) for theta in grid]
        points = data_points(Luminosity(luminosity=1), BINS + NUISANCES, DATA_SETS, np.random.default_rng(1))
        seconds = core_seconds(lambda m=models, p=points: marginal_gain(m, prior, p, None), 5)
        report_core(f"time of EIG, {DATA_SETS} data sets, {name}", seconds, 500)
        rng = np.random.default_rng(2)
        seconds = core_seconds(lambda m=models, p=points, r=rng: marginal_gain(m, prior, p, r), 5)
        report_core("the same with check and correction", seconds, 500)
        bias, error = measured_bias(models, prior, *CORRECTED, corrected=True)
        report(f"|bias| of the corrected gain, {bias:+.1e} ± {error:.1e}", abs(bias), "nats", 1e-5)
        bias, error = measured_bias(models, prior, *ALONE, corrected=False)
        report(f"|bias| of Laplace's method alone, {bias:+.1e} ± {error:.1e}", abs(bias), "nats", 1e-5)


def measured_bias(models, prior, data_sets, draws, corrected) -> tuple[float, float]:
    """EIG minus that of a reference on the same data sets, and its standard error."""
    points = data_points(Luminosity(luminosity=1), BINS + NUISANCES, data_sets, np.random.default_rng(2))
    counts, _ = predictive_counts(models, prior, points)
    rng = np.random.default_rng(3)
    difference = []
    for start in range(0, len(counts), PART):
        part = counts[start : start + PART]
        rough = laplace_log_likelihood(models, part, False)
        exact = sampled_entropies(models, part, rough, prior, draws, rng)
        ours = (
            corrected_entropies(models, part, rough, prior, start) if corrected else entropy(normalised(rough, prior))
        )
        difference.append(exact - ours)
    found = np.concatenate(difference)
    return float(found.mean()), float(found.std() / np.sqrt(len(found)))
