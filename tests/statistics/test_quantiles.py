"""Counts by inversion are the numbers that SciPy's quantile functions give, one by one."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc

from robot_physicist.statistics import quantiles
from robot_physicist.statistics.counts import multinomial_counts
from robot_physicist.statistics.quantiles import binomial_quantiles, cornish_fisher, poisson_quantiles


def uniforms(size, rng):
    """Uniform numbers, one in ten of them far out in a tail."""
    tail = 10 ** rng.uniform(-11, 0, size // 20)
    numbers = np.concatenate([rng.random(size - 2 * len(tail)), tail, 1 - tail])
    return rng.permutation(numbers)


def chances(size, rng):
    """Chances between 0 and 1, many of them next to an end."""
    tiny = 10 ** rng.uniform(-7, 0, size // 4)
    return np.concatenate([[0.0, 1.0], rng.random(size - 2 * len(tiny) - 2), tiny, 1 - tiny])


@pytest.mark.parametrize("trials", [0, 1, 2, 7, 40, 50, 200, 1000, 10_000, 1_000_000])
def test_binomial_quantiles_are_those_of_scipy(trials):
    rng = np.random.default_rng(trials)
    u, p, n = uniforms(20_000, rng), chances(20_000, rng), np.full(20_000, float(trials))
    assert np.array_equal(binomial_quantiles(u, n, p), stats.binom.ppf(u, n, p))


def test_poisson_quantiles_are_those_of_scipy():
    rng = np.random.default_rng(1)
    u, means = uniforms(40_000, rng), np.concatenate([[0.0], 10 ** rng.uniform(-3, 6, 39_999)])
    expected = np.where(means > 0, stats.poisson.ppf(u, means), 0)
    assert np.array_equal(poisson_quantiles(u, means), expected)


@pytest.mark.parametrize("trials", [30.0, 1000.0])
def test_counts_rise_with_the_uniform_number(trials):
    u = np.linspace(1e-9, 1 - 1e-9, 20_001)
    for chance in (0.01, 0.3, 0.5, 0.9):
        counts = binomial_quantiles(u, np.full_like(u, trials), np.full_like(u, chance))
        assert (np.diff(counts) >= 0).all()


def test_the_expansion_errs_less_than_is_allowed_for():
    """At u = P(X ≤ k) the place must be k + ½; it is asked where the sum over counts takes over from the expansion."""
    worst = 0.0
    for trials in np.unique((10 ** np.linspace(1.6, 6, 23)).astype(int)):
        for chance in np.concatenate([np.linspace(0.02, 0.98, 17), 10 ** np.linspace(-5, -2, 7)]):
            mean, variance = trials * chance, trials * chance * (1 - chance)
            if variance < quantiles.SMALL_VARIANCE:
                continue
            k = np.unique(np.floor(mean + np.linspace(-7, 7, 57) * np.sqrt(variance)))
            k = k[(k >= 0) & (k < trials)]
            u = betainc(trials - k, k + 1, 1 - chance)
            k, u = k[(u > 1e-12) & (u < 1 - 1e-4)], u[(u > 1e-12) & (u < 1 - 1e-4)]
            skewness, kurtosis = (1 - 2 * chance) / variance**0.5, (1 - 6 * chance * (1 - chance)) / variance
            place, error = cornish_fisher(u, mean, variance, skewness, kurtosis)
            worst = max(worst, float(np.max(np.abs(place - k - 0.5) / error)))
    assert 0.2 < worst < 0.5


def test_an_expansion_that_is_trusted_too_much_is_noticed(monkeypatch):
    rng = np.random.default_rng(2)
    u, p, n = uniforms(20_000, rng), chances(20_000, rng), np.full(20_000, 200.0)
    monkeypatch.setattr(quantiles, "EXPANSION_ERROR", 0.0)
    assert not np.array_equal(binomial_quantiles(u, n, p), stats.binom.ppf(u, n, p))


def test_multinomial_counts_are_a_chain_of_binomials():
    rng = np.random.default_rng(3)
    rates = rng.random((5, 8))
    rates[:, 3] = 0.0
    truth, u = rng.integers(0, 5, 3000), rng.random((3000, 7))
    counts = multinomial_counts(u, truth, rates, 1000)
    left = np.full(3000, 1000.0)
    for bin_ in range(7):
        chance = (rates[:, bin_] / rates[:, bin_:].sum(axis=1))[truth]
        assert np.array_equal(counts[:, bin_], stats.binom.ppf(u[:, bin_], left, chance))
        left -= counts[:, bin_]
    assert np.array_equal(counts[:, 7], left)


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 80.0, 1e5])
def test_poisson_counts_by_inversion_are_scipys(mean):
    uniforms = np.random.default_rng(1).uniform(size=2000)
    assert (poisson_quantiles(uniforms, np.full(2000, mean)) == stats.poisson.ppf(uniforms, mean).clip(0)).all()
