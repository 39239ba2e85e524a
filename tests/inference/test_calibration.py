"""Simulation-based calibration (Talts et al. 2018) of the posteriors of published likelihoods."""

import numpy as np
import pytest
from scipy import stats
from support.simulated_normal import PRIOR, SYSTEMATICS, published

from robot_physicist.inference.posterior import simulated
from robot_physicist.information.options import Estimator
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.statistics.grid_posterior import highest_density, normalise, ranks

EXPERIMENTS, CELLS = 1500, 20


def drawn(exposure, systematics=(), seed=3, **options):
    estimator = Estimator(pseudo_experiments=EXPERIMENTS, **options)
    rng = np.random.default_rng(seed)
    truth, (logs, *_) = simulated(published(exposure, systematics), exposure, PRIOR, estimator, None, rng)
    return truth, normalise(logs, PRIOR)[0], rng.random(EXPERIMENTS)


def chance(values):
    """Chance of a χ² as large as that of the histogram of ranks, were they uniform."""
    counts, _ = np.histogram(values, CELLS, (0, 1))
    return stats.chisquare(counts).pvalue


@pytest.mark.parametrize(
    ("exposure", "systematics", "nuisances"),
    [
        (EventCount(events=20), (), "fixed"),
        (EventCount(events=20), (), "marginalised"),
        (Luminosity(luminosity=3, unit="pb-1"), SYSTEMATICS, "marginalised"),
    ],
)
def test_ranks_are_uniform_and_sets_hold_what_they_say(exposure, systematics, nuisances):
    truth, posterior, uniforms = drawn(exposure, systematics, nuisances=nuisances)
    found = ranks(posterior, truth, uniforms)
    assert chance(found) > 1e-3
    for level in (0.68, 0.95):
        error = np.sqrt(level * (1 - level) / EXPERIMENTS)
        assert np.mean(np.abs(found - 0.5) < level / 2) == pytest.approx(level, abs=3 * error)
        sets = highest_density(posterior, level)
        held = (posterior * sets).sum(axis=1)
        assert held.min() >= level - 1e-9
        hits = sets[np.arange(EXPERIMENTS), truth]
        assert hits.mean() == pytest.approx(held.mean(), abs=3 * np.sqrt((held * (1 - held)).mean() / EXPERIMENTS))


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_posteriors_too_wide_or_too_narrow_are_noticed(power):
    truth, posterior, uniforms = drawn(EventCount(events=20), nuisances="fixed")
    wrong = posterior**power / (posterior**power).sum(axis=1, keepdims=True)
    assert chance(ranks(wrong, truth, uniforms)) < 1e-6
