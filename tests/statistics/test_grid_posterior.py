"""Likelihoods, posteriors and their moments on a grid, against SciPy and closed forms."""

import itertools

import numpy as np
import pytest
from scipy import stats
from support.exact_normal import PRIOR, shapes

from robot_physicist.statistics.grid_posterior import highest_density, log_likelihood, moments, normalise


def test_poisson_likelihood_is_scipys():
    rates, counts = np.array([[3.0, 5.0], [4.0, 1.0]]), np.array([[2.0, 6.0]])
    expected = stats.poisson.logpmf(counts[0], rates).sum(axis=1)
    assert log_likelihood(counts, rates, False)[0] == pytest.approx(expected, rel=1e-13)


def test_multinomial_likelihood_is_scipys():
    rates, counts = np.array([[3.0, 5.0, 2.0], [1.0, 1.0, 8.0]]), np.array([[2.0, 6.0, 2.0]])
    expected = [float(stats.multinomial.logpmf(counts[0], 10, row / 10)) for row in rates]
    assert log_likelihood(counts, rates, True)[0] == pytest.approx(expected, rel=1e-12)


def test_evidence_sums_to_one_over_all_data():
    rates = np.array([[1.0, 3.0], [2.0, 2.0]])
    counts = np.array([pair for pair in itertools.product(range(5), repeat=2) if sum(pair) == 4], dtype=float)
    _, evidence = normalise(log_likelihood(counts, rates, True), np.array([0.3, 0.7]))
    assert np.exp(evidence).sum() == pytest.approx(1, rel=1e-13)


def test_an_impossible_bin_excludes_a_point():
    posterior, _ = normalise(
        log_likelihood(np.array([[1.0, 1.0]]), np.array([[2.0, 0.0], [1.0, 1.0]]), False), np.ones(2)
    )
    assert posterior[0] == pytest.approx([0, 1])


def test_moments_of_a_fine_grid_are_those_of_the_conjugate_normal():
    grid = np.linspace(-6, 6, 2001)
    logs = stats.norm.logpdf(0.7, grid, 0.5)[None]
    posterior, _ = normalise(logs, stats.norm.pdf(grid))
    mean, sd = moments(posterior, grid[:, None])
    assert mean[0, 0] == pytest.approx(0.7 / 1.25, abs=1e-9)
    assert sd[0, 0] == pytest.approx(np.sqrt(0.2), abs=1e-9)


def test_highest_density_sets_are_smallest_and_break_ties_by_order():
    assert highest_density(np.array([[0.25, 0.25, 0.25, 0.25]]), 0.5).tolist() == [[True, True, False, False]]
    assert highest_density(np.array([[1.0, 0.0]]), 0.95).tolist() == [[True, False]]


def test_posterior_probabilities_are_calibrated():
    """Averaged over pseudo-experiments from the prior, the posterior is the prior."""
    rng = np.random.default_rng(1)
    truth = rng.choice(5, 5000, p=PRIOR)
    counts = rng.multinomial(10, shapes()[truth]).astype(float)
    posterior, _ = normalise(log_likelihood(counts, shapes(), True), PRIOR)
    error = posterior.std(axis=0) / np.sqrt(5000)
    assert (np.abs(posterior.mean(axis=0) - PRIOR) < 4 * error).all()
