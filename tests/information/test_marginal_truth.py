"""The gain with ten nuisance parameters against integrals that are right to six digits and more."""

import math

import numpy as np
import pytest
from support.brute_force import corrected_entropies, exact_gain, sampled_entropies, two_bin_chances
from support.workspaces import ten_nuisances

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.information.marginal_gain import marginal_gain, predictive_counts
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.likelihood.marginal import laplace_log_likelihood
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.statistics.grid_posterior import entropy, normalised

#: Counts of one bin that are possible at all.
AXIS = np.arange(12.0, 160.0)


def on_grid(grid, **options):
    return [nuisances(histfactory(ten_nuisances(theta, **options)), {}) for theta in grid]


def test_all_data_sets_of_two_bins_and_all_nuisances_by_brute_force():
    """No data set is left out and no point is chosen cleverly; Laplace's method alone is off by 1e-4 here."""
    models, prior = on_grid((-1, 0, 1), bins=2), np.full(3, 1 / 3)
    found = [two_bin_chances(models, AXIS, 1 << 16, np.random.default_rng(seed)) for seed in range(6)]
    gains = np.array([exact_gain(chances, prior)[0] for chances in found])
    truth, evidence, left = exact_gain(np.mean(found, axis=0), prior)
    assert evidence.sum() == pytest.approx(1, abs=1e-8)
    assert gains.std(ddof=1) / math.sqrt(len(gains)) < 1e-6 * truth
    likely = evidence > 1e-8
    counts = AXIS[np.stack(np.divmod(np.flatnonzero(likely), len(AXIS)), axis=1)]
    rough = laplace_log_likelihood(models, counts, False)
    corrected = corrected_entropies(models, counts, rough, prior, 1)
    assert abs(evidence[likely] @ (left[likely] - corrected)) < 1e-5
    assert 3e-5 < abs(evidence[likely] @ (left[likely] - entropy(normalised(rough, prior)))) < 3e-4
    points = data_points(Luminosity(luminosity=1), 12, 1 << 14, np.random.default_rng(2))
    estimate, how = marginal_gain(models, prior, points, np.random.default_rng(3))
    assert not how.warnings
    assert abs(estimate.value - truth) < 4 * estimate.error < 4e-3


def test_the_corrected_gain_of_twenty_bins_has_no_bias_that_can_be_measured():
    """Both sides see the same data sets, so that their difference is known to 1e-6 although the gain is not."""
    grid, prior = np.linspace(-1, 1, 21), np.full(21, 1 / 21)
    models = on_grid(grid)
    points = data_points(Luminosity(luminosity=1), 30, 1024, np.random.default_rng(4))
    counts, _ = predictive_counts(models, prior, points)
    rough = laplace_log_likelihood(models, counts, False)
    exact = sampled_entropies(models, counts, rough, prior, 256, np.random.default_rng(5))
    difference = corrected_entropies(models, counts, rough, prior, 6) - exact
    error = difference.std() / math.sqrt(len(difference))
    assert error < 4e-6
    assert abs(difference.mean()) < 1e-5
    assert (entropy(normalised(rough, prior)) - exact).std() > 10 * difference.std()
