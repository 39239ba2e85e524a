"""Gains with nuisance parameters integrated out, against closed forms, quadrature and sums."""

import math

import numpy as np
import pytest
from scipy import stats
from support.nuisance_models import COUNTING_GAIN, HARD, ONE, TREACHEROUS, exact_gain, on_grid, quadrature
from support.workspaces import counting, plain, ten_nuisances

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.information.gain import gain
from robot_physicist.information.marginal_gain import marginal_bound, marginal_gain
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.likelihood.marginal import laplace_log_likelihood, marginalise
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.statistics.grid_posterior import log_likelihood as fixed_log_likelihood
from robot_physicist.statistics.grid_posterior import normalised


def test_a_linear_gaussian_model_has_its_closed_form():
    """x ~ N(λ₀ + θ s, diag λ₀ + Δ Δᵀ), θ ~ N(0, 1): EIG = ½ ln(1 + sᵀ Σ⁻¹ s), up to 1/√events."""
    rates = np.array([4e6, 3e6, 5e6])
    signal, shifts = np.array([3e3, 1e3, -2e3]), np.array([[4e3, 2e3, 1e3], [-1e3, 3e3, 2e3]])
    modifiers = [
        {"name": f"h{i}", "type": "histosys",
         "data": {"hi_data": (rates + shift).tolist(), "lo_data": (rates - shift).tolist()}}
        for i, shift in enumerate(shifts)
    ]  # fmt: skip
    tilt = {"name": "theta", "type": "histosys",
            "data": {"hi_data": (rates + signal).tolist(), "lo_data": (rates - signal).tolist()}}  # fmt: skip
    sample = {"name": "s", "data": rates.tolist(), "modifiers": [*modifiers, tilt]}
    model = histfactory({"channels": [{"name": "c", "samples": [sample]}], "parameters": []})
    grid = np.linspace(-5, 5, 81)
    models = [nuisances(model, {"theta": value}) for value in grid]
    prior = stats.norm.pdf(grid) / stats.norm.pdf(grid).sum()
    covariance = np.diag(rates) + shifts.T @ shifts
    truth = 0.5 * math.log(1 + signal @ np.linalg.solve(covariance, signal))
    points = data_points(ONE, 3 + 2, 4096, np.random.default_rng(1))
    found, how = marginal_gain(models, prior, points, np.random.default_rng(2))
    assert truth == pytest.approx(0.8, abs=0.5)
    assert found.value == pytest.approx(truth, abs=4 * found.error + 1e-3)
    assert how.effective_fraction > 0.99
    counts = rates + np.array([[2e3, -1e3, 500.0]])
    gauss = [stats.multivariate_normal.logpdf(counts[0], rates + value * signal, covariance) for value in grid]
    posterior = normalised(np.array([gauss]), prior)
    assert normalised(laplace_log_likelihood(models, counts, False), prior) == pytest.approx(posterior, abs=2e-3)


@pytest.mark.parametrize("fixed_total", [False, True])
def test_without_nuisances_the_likelihood_is_that_of_the_rates(fixed_total):
    sample = {"name": "s", "data": [3.0, 5.0], "modifiers": [plain("mu", "normfactor")]}
    models = on_grid({"channels": [{"name": "c", "samples": [sample]}], "parameters": []}, [1.0, 2.0])
    counts = np.array([[2.0, 4.0], [0.0, 9.0], [7.0, 7.0]])
    exact = fixed_log_likelihood(counts, np.array([[3.0, 5.0], [6.0, 10.0]]), fixed_total)
    assert laplace_log_likelihood(models, counts, fixed_total) == pytest.approx(exact, abs=1e-12)
    points = data_points(ONE, 2, 1024, np.random.default_rng(1))
    found, how = marginal_gain(models, np.full(2, 0.5), points, np.random.default_rng(2))
    known = gain(np.array([[3.0, 5.0], [6.0, 10.0]]), ONE, np.full(2, 0.5), 1024, np.random.default_rng(1))
    assert found.value == pytest.approx(known.value, abs=3 * found.error)
    assert how.method == "no nuisance parameters"


def test_one_nuisance_by_gauss_hermite_quadrature():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    strengths, prior, counts = np.linspace(0, 3, 7), np.full(7, 1 / 7), np.arange(250.0)[:, None]
    rates = np.maximum(50 * (1 + 0.1 * nodes) + 10 * strengths[:, None], 0)  # clipped where the weight is below 1e-20
    densities = stats.poisson.pmf(counts[:, :, None], rates[None]) @ (weights / weights.sum()) + 1e-300
    gain_ = stats.entropy(prior) - (densities @ prior) @ stats.entropy(normalised(np.log(densities), prior), axis=1)
    assert gain_ == pytest.approx(COUNTING_GAIN, abs=5e-7)
    models = on_grid(counting(), strengths)
    likely = densities @ prior > 1e-5
    found = laplace_log_likelihood(models, counts[likely], False)
    assert normalised(found, prior) == pytest.approx(normalised(np.log(densities[likely]), prior), abs=1e-3)
    points = data_points(ONE, 1 + 1, 1 << 14, np.random.default_rng(3))
    estimate, how = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert estimate.value == pytest.approx(COUNTING_GAIN, abs=4 * estimate.error)
    assert estimate.error < 2e-3
    assert how.effective_fraction > 0.97
    assert not how.warnings


def test_ignoring_nuisances_promises_too_much():
    strengths, prior = np.linspace(0, 3, 7), np.full(7, 1 / 7)
    rates = 50 + 10 * strengths[:, None]
    ignoring = gain(rates, ONE, prior, 1 << 14, np.random.default_rng(1)).value
    assert ignoring > COUNTING_GAIN + 0.08


@pytest.mark.parametrize("name", HARD)
def test_strongly_non_gaussian_nuisances_are_noticed_and_done_exactly(name):
    models, prior = on_grid(HARD[name], np.linspace(0, 2, 5)), np.full(5, 0.2)
    counts = np.arange(0.0, 40.0, 3.0)[:, None]
    truth = normalised(quadrature(models, counts), prior)
    rough = normalised(laplace_log_likelihood(models, counts, False), prior)
    assert np.abs(rough - truth).max() > 0.02
    found = marginalise(models, counts, prior, False, np.random.default_rng(1))
    assert found.how.method == "importance sampling"
    assert "not good enough" in found.how.warnings[0]
    assert normalised(found.log_likelihood, prior) == pytest.approx(truth, abs=0.02)
    points = data_points(ONE, 1 + 1, 1024, np.random.default_rng(3))
    estimate, how = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert how.warnings
    assert estimate.value == pytest.approx(exact_gain(models, prior, 1500), abs=4 * estimate.error + 2e-3)


@pytest.mark.parametrize("name", TREACHEROUS)
def test_the_reported_error_holds_the_truth_where_the_gaussian_does_not_reach(name):
    """Gains from a Gaussian that saw all but a tail or a second maximum were wrong by 7 to 110 errors."""
    models, prior = on_grid(TREACHEROUS[name], np.linspace(0, 3, 4)), np.full(4, 0.25)
    points = data_points(ONE, 1 + 1, 4096 if "quarter" in name else 512, np.random.default_rng(3))
    estimate, _ = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert estimate.value == pytest.approx(exact_gain(models, prior, 400), abs=3.5 * estimate.error)
    assert estimate.error < 0.006


def test_the_bound_is_below_the_gain_and_meets_it_for_the_true_model():
    models, prior = on_grid(counting(), [0.0, 1.0, 2.0]), np.full(3, 1 / 3)
    points = data_points(ONE, 2, 1 << 13, np.random.default_rng(3))
    best, _ = marginal_gain(models, prior, points, None)
    right = marginal_bound(models, models, prior, points)
    wrong = marginal_bound(models, on_grid(counting(relative=0.02), [0.0, 1.0, 2.0]), prior, points)
    assert right.value == pytest.approx(best.value, abs=4 * math.hypot(best.error, right.error))
    assert wrong.value < right.value - 0.01


def test_more_uncertainty_never_teaches_more():
    points = data_points(EventCount(events=50), 20 + 10, 1024, np.random.default_rng(3))
    gains = []
    for size in (0.0, 0.05, 0.2):
        models = [nuisances(histfactory(ten_nuisances(t, shapes=size)), {}) for t in np.linspace(-1, 1, 5)]
        gains.append(marginal_gain(models, np.full(5, 0.2), points, None)[0].value)
    assert gains[0] > gains[1] > gains[2]
