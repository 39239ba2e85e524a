"""Intervals by inverting simulations, where the answer is known."""

import numpy as np
import pytest

from robot_physicist.statistics.confidence import Pivot, strengths, tried_strengths

TRIED = np.linspace(0, 6, 9)


def found(observed, seed=1, copies=400):
    samples = TRIED[:, None] + np.random.default_rng(seed).standard_normal((9, copies))
    return strengths(TRIED, samples, observed)


@pytest.mark.parametrize(
    ("observed", "low", "high"),
    [(-2, 0, 0.62), (-1, 0, 1.17), (0, 0, 1.96), (1, 0, 2.96), (2, 0.35, 3.96), (3, 1.1, 4.96)],
)
def test_a_normal_measurement_of_a_positive_number(observed, low, high):
    """Feldman and Cousins (1998), table X: intervals at 95% for the mean μ ≥ 0 of a normal variable."""
    interval = found(observed, copies=1000)
    assert interval.low == pytest.approx(low, abs=0.15)
    assert interval.high == pytest.approx(high, abs=0.15)
    assert not interval.open


@pytest.mark.parametrize("truth", [0.0, 0.5, 3.0])
def test_intervals_cover(truth):
    rng = np.random.default_rng(2)
    intervals = [found(truth + rng.standard_normal(), seed, 64) for seed in range(300)]
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))


def test_a_statistic_that_is_biased_and_not_normal():
    rng = np.random.default_rng(3)
    tried = tried_strengths(9.0, 10)

    def statistic(s, copies):
        return np.sqrt(((rng.standard_normal((copies, 10)) + s * np.eye(10)[0] * 3) ** 2).sum(axis=1))

    samples = np.stack([statistic(s, 200) for s in tried])
    observed = statistic(1.0, 300)
    intervals = [strengths(tried, samples, value) for value in observed]
    assert np.mean([interval.low <= 1 <= interval.high for interval in intervals]) == pytest.approx(0.95, abs=0.03)


def test_what_is_beyond_all_that_was_tried_is_said_to_be_open():
    assert found(7.0).open


def test_a_pivot_moves_and_widens_the_interval_but_not_where_nothing_depends_on_the_parameters():
    samples = TRIED[:, None] + np.random.default_rng(1).standard_normal((9, 1000))
    plain, moved = strengths(TRIED, samples, 3.0), strengths(TRIED, samples, 4.0, Pivot(1.0, 0.5))
    assert moved.best == pytest.approx(plain.best, abs=0.02)
    assert moved.high - moved.low == pytest.approx(0.5 * (plain.high - plain.low), rel=0.1)
    assert strengths(TRIED, samples, -1.0, Pivot(1.0, 1.0)).low == 0
