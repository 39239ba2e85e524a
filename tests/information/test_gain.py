"""Known answers, invariants, and the calibration of standard errors."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from robot_physicist.information.gain import (
    eig_at,
    eig_one_event,
    eig_original,
    eig_quadrature,
    eig_scan,
    gain,
    lower_bound_at,
    lower_bound_one_event,
)
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.statistics.counts import PoissonTables, multinomial_counts
from robot_physicist.statistics.grid_posterior import Inference, entropy
from robot_physicist.statistics.quadrature import gauss_legendre

THETA = np.linspace(-2, 2, 11)
UNIFORM = np.full(11, 1 / 11)
# From the project's design study, three digits.
PUBLISHED = {0.01: 2.288, 0.1: 1.335, 0.25: 0.956, 0.5: 0.696, 1.0: 0.470, 2.0: 0.292, 4.0: 0.168}


def adaptive(variance):
    """The same integral by adaptive quadrature, one normal at a time."""
    sd = np.sqrt(variance)

    def integrand(x):
        logs = stats.norm.logpdf(x, THETA, sd)
        return float(UNIFORM @ (np.exp(logs) * (logs - np.log(UNIFORM @ np.exp(logs)))))

    cuts = np.unique([t + k * sd for t in THETA for k in (-4, 0, 4)])
    edges = np.concatenate([[-2 - 10 * sd], cuts, [2 + 10 * sd]])
    parts = [integrate.quad(integrand, a, b, epsabs=1e-15, epsrel=1e-13)[0] for a, b in itertools.pairwise(edges)]
    return sum(parts)


@pytest.mark.parametrize("variance", PUBLISHED)
def test_quadrature_of_the_gaussian_toy_is_exact(variance):
    x, weights = gauss_legendre(-2 - 10 * variance**0.5, 2 + 10 * variance**0.5, 1000)
    value = eig_quadrature(stats.norm.pdf(x, THETA[:, None], variance**0.5), weights, UNIFORM)
    assert value == pytest.approx(PUBLISHED[variance], abs=5e-4)
    assert value == pytest.approx(adaptive(variance), abs=1e-12)


@pytest.mark.parametrize("variance", [0.1, 0.5, 2.0])
def test_a_normal_prior_gives_the_closed_form(variance):
    theta, prior = gauss_legendre(-9, 9, 300)
    prior = prior * stats.norm.pdf(theta)
    prior /= prior.sum()
    spread = 9 * np.sqrt(1 + variance) + 9
    x, weights = gauss_legendre(-spread, spread, 1500)
    value = eig_quadrature(stats.norm.pdf(x, theta[:, None], variance**0.5), weights, prior)
    assert value == pytest.approx(0.5 * np.log1p(1 / variance), abs=1e-12)


def binned(variance, bins=60):
    edges = np.concatenate([[-np.inf], np.linspace(-8, 8, bins - 1), [np.inf]])
    return np.diff(stats.norm.cdf(edges, THETA[:, None], variance**0.5), axis=1)


@pytest.mark.parametrize("variance", [0.25, 1.0, 4.0])
def test_the_original_estimator_agrees_within_three_standard_errors(variance):
    rates = binned(variance)
    estimate = eig_original(rates, EventCount(events=1), UNIFORM, 20_000, np.random.default_rng(1))
    assert abs(estimate.value - eig_one_event(rates, UNIFORM)) < 3 * estimate.error


def enumerated(rates, events, prior):
    """EIG of a two-bin multinomial by summing over all data."""
    counts = np.arange(events + 1)
    chances = stats.binom.pmf(counts, events, rates[:, :1] / rates.sum(axis=1, keepdims=True))
    return eig_one_event(chances, prior)


@pytest.mark.parametrize("events", [2, 17, 400])
def test_quasi_monte_carlo_of_many_events_agrees_with_enumeration(events):
    shape = np.array([[0.3, 0.7], [0.35, 0.65], [0.5, 0.5]])
    prior = np.array([0.5, 0.3, 0.2])
    estimate = gain(events * shape, EventCount(events=events), prior, 4096, np.random.default_rng(2))
    assert abs(estimate.value - enumerated(shape, events, prior)) < 3 * estimate.error + 1e-12


def test_quasi_monte_carlo_of_a_luminosity_agrees_with_enumeration():
    rates = np.array([[3.0], [5.0], [9.0]])
    prior = np.array([0.2, 0.5, 0.3])
    exact = eig_one_event(stats.poisson.pmf(np.arange(100), rates), prior)
    estimate = gain(rates, Luminosity(luminosity=1), prior, 8192, np.random.default_rng(3))
    assert abs(estimate.value - exact) < 3 * estimate.error


@pytest.mark.parametrize("exposure", [EventCount(events=20), Luminosity(luminosity=1)])
def test_standard_errors_are_those_of_repeated_estimates(exposure):
    rates = 20 * binned(1.0, 12)
    reference = gain(rates, exposure, UNIFORM, 1 << 17, np.random.default_rng(0)).value
    estimates = [gain(rates, exposure, UNIFORM, 1024, np.random.default_rng(i + 1)) for i in range(60)]
    pulls = np.array([(e.value - reference) / e.error for e in estimates])
    # Student's t with 7 degrees of freedom has a standard deviation of 1.18.
    assert 0.8 < pulls.std() < 1.6
    assert abs(pulls.mean()) < 0.6


def test_quasi_monte_carlo_beats_plain_draws():
    rates = 20 * binned(1.0, 12)
    plain = eig_original(rates, Luminosity(luminosity=1), UNIFORM, 4096, np.random.default_rng(1))
    sobol = gain(rates, Luminosity(luminosity=1), UNIFORM, 4096, np.random.default_rng(1))
    assert sobol.error < plain.error / 2


def test_poisson_counts_have_their_distribution():
    rates = np.array([[0.0, 0.3, 40.0], [2.0, 900.0, 1e-9]])
    uniforms = (np.arange(4000)[:, None] + 0.5) / 4000 * np.ones(3)
    for k in range(2):
        counts = PoissonTables.of(rates).counts(uniforms, np.full(4000, k))
        expected = stats.poisson.ppf(uniforms, rates[k])
        assert np.array_equal(counts, np.where(rates[k] > 0, expected, 0))


def test_poisson_tables_reach_the_outermost_points():
    rates = np.concatenate([[0.0], np.geomspace(1e-6, 2000, 500)])[None, :]
    for edge in (1e-12, 1 - 1e-12, 1 - 1e-10):
        counts = PoissonTables.of(rates).counts(np.full(rates.shape, edge), np.zeros(1, dtype=int))
        differences = counts[0, 1:] - stats.poisson.ppf(edge, rates[0, 1:])
        # 1 − 1e-12 has four digits left; rounding moves one count there, a table that ends early would move many.
        assert np.abs(differences).max() <= (edge > 1 - 1e-11)


def test_multinomial_counts_have_their_moments():
    points = data_points(EventCount(events=50), 4, 1 << 14, np.random.default_rng(5))
    uniforms = points.uniforms.reshape(-1, 4)
    shape = np.array([[0.1, 0.2, 0.3, 0.4]])
    counts = multinomial_counts(uniforms[:, 1:], np.zeros(len(uniforms), dtype=int), shape, 50)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(50 * shape[0], abs=0.01)
    covariance = 50 * (np.diag(shape[0]) - np.outer(shape[0], shape[0]))
    assert np.abs(np.cov(counts.T) - covariance).max() < 0.15


def test_data_from_other_rates_only_lower_the_bound():
    truth, wrong = binned(1.0, 12), binned(2.0, 12)
    exact = eig_one_event(truth, UNIFORM)
    assert lower_bound_one_event(truth, truth, UNIFORM) == pytest.approx(exact, rel=1e-12)
    assert lower_bound_one_event(truth, wrong, UNIFORM) < exact
    points = data_points(EventCount(events=5), 12, 4096, np.random.default_rng(1))
    bound = lower_bound_at(points, 5 * truth, 5 * wrong, UNIFORM)
    assert bound.value < gain(5 * truth, EventCount(events=5), UNIFORM, 4096, np.random.default_rng(1)).value


matrices = st.integers(2, 6).flatmap(
    lambda bins: st.lists(
        st.lists(st.floats(0, 1), min_size=bins, max_size=bins).filter(lambda row: sum(row) > 0.01),
        min_size=2,
        max_size=6,
    )
)


def normalised(rows):
    array = np.array(rows)
    return array / array.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=100)
@given(matrices, st.randoms(use_true_random=False))
def test_invariants_of_one_event(rows, random):
    shape = normalised(rows)
    prior = np.array([random.random() + 0.01 for _ in shape])
    prior /= prior.sum()
    value = eig_one_event(shape, prior)
    assert -1e-12 <= value <= entropy(prior) + 1e-12
    order = np.array(random.sample(range(len(shape)), len(shape)))
    assert eig_one_event(shape[order], prior[order]) == pytest.approx(value, abs=1e-12)
    merged = np.column_stack([shape[:, 0] + shape[:, 1], shape[:, 2:]])
    assert eig_one_event(merged, prior) <= value + 1e-12
    assert eig_one_event(np.repeat(shape[:1], len(shape), axis=0), prior) == pytest.approx(0, abs=1e-12)


@settings(deadline=None, max_examples=15)
@given(matrices, st.integers(2, 30))
def test_more_events_never_tell_less(rows, events):
    shape = normalised(rows)[:, :2]
    shape = (shape + 0.01) / (shape + 0.01).sum(axis=1, keepdims=True)
    prior = np.full(len(shape), 1 / len(shape))
    assert enumerated(shape, events + 1, prior) >= enumerated(shape, events, prior) - 1e-12


@settings(deadline=None, max_examples=15)
@given(matrices)
def test_sampled_gains_stay_between_zero_and_the_prior_entropy(rows):
    shape = normalised(rows)
    prior = np.full(len(shape), 1 / len(shape))
    for exposure in (EventCount(events=7), Luminosity(luminosity=1)):
        value = gain(7 * shape, exposure, prior, 512, np.random.default_rng(1)).value
        assert -0.05 <= value <= entropy(prior) + 1e-9


def test_an_impossible_bin_is_decisive():
    rates = np.array([[5.0, 0.0], [5.0, 5.0]])
    information = Inference(rates, np.array([0.5, 0.5])).information(np.array([[3.0, 1.0]]))
    assert information[0] == pytest.approx(np.log(2), rel=1e-12)


@pytest.mark.parametrize("shape", [(7, 3, 5), (2, 300, 70)])
def test_a_scan_is_the_sum_at_every_setting(shape):
    rng = np.random.default_rng(4)
    settings_ = rng.random(shape) * (rng.random(shape) > 0.3) + 1e-3 * (np.arange(shape[2]) == 0)
    settings_ /= settings_.sum(axis=2, keepdims=True)
    prior = rng.dirichlet(np.ones(shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = settings_ * np.log(settings_ / (prior @ settings_)[:, None, :])
    expected = np.nansum(terms, axis=2) @ prior
    assert eig_scan(settings_, prior) == pytest.approx(expected, abs=1e-13)
    assert eig_scan(iter(settings_), prior) == pytest.approx(expected, abs=1e-13)


def peak_mebibytes(call):
    call()
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def test_a_scan_needs_the_memory_of_a_chunk():
    prior = np.full(2000, 1 / 2000)
    few, many = (np.full((settings_, 2000, 100), 0.01) for settings_ in (1, 8))
    assert peak_mebibytes(lambda: eig_scan(few, prior)) < 0.4
    assert peak_mebibytes(lambda: eig_scan(many, prior)) < 0.4


@pytest.mark.parametrize("exposure", [EventCount(events=20), Luminosity(luminosity=1)])
def test_sampled_gains_need_the_memory_of_a_chunk(exposure):
    rates = 20 * binned(1.0, 12)
    points = [data_points(exposure, 12, draws, np.random.default_rng(1)) for draws in (1 << 13, 1 << 16)]
    few, many = (peak_mebibytes(lambda p=p: eig_at(p, rates, UNIFORM)) for p in points)
    # Counts and tables are those of a chunk; one number per data set is kept, and copied twice.
    assert many - few < 3 * 8 * ((1 << 16) - (1 << 13)) / 2**20
