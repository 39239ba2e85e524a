"""Nuisance parameters integrated out of a likelihood, and where Laplace's method is not good enough."""

import math

import numpy as np
import pytest
from scipy import stats
from support.nuisance_models import HARD, TREACHEROUS, on_grid, one_bin, quadrature
from support.workspaces import errors, norm, plain, ten_nuisances

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.likelihood import laplace
from robot_physicist.likelihood.marginal import laplace_log_likelihood, marginalise
from robot_physicist.statistics.grid_posterior import normalised


def test_one_point_without_nuisances_does_not_spare_the_others_their_check():
    certain = one_bin(norm("b", 3.0, 0.02), 20.0)
    certain["channels"][0]["samples"][0]["modifiers"] = []
    models = on_grid(certain, [0.0]) + on_grid(HARD["huge normsys"], [1.0, 2.0])
    found = marginalise(models, np.array([[10.0], [25.0]]), np.full(3, 1 / 3), False, np.random.default_rng(1))
    assert found.how.method == "importance sampling"
    assert found.log_likelihood[:, 0] == pytest.approx(stats.poisson.logpmf([10, 25], 20))


@pytest.mark.parametrize(("name", "warned"), [("staterror_c", False), ("stat", True)])
def test_who_asks_for_no_nuisances_hears_of_none(name, warned):
    """The errors of templates take importance sampling as well, and its result is as good as any."""
    models = on_grid(one_bin(errors(name, "staterror", [5.0], 0.8), 5.0), [1.0, 2.0])
    counts = np.array([[10.0], [25.0]])
    found = marginalise(models, counts, np.full(2, 0.5), False, np.random.default_rng(1))
    assert found.how.method == "importance sampling"
    assert found.log_likelihood == pytest.approx(quadrature(models, counts), abs=0.03)
    assert any("nuisance" in text for text in found.how.warnings) == warned


def test_too_few_events_are_the_errors_of_templates_that_cannot_be_integrated_out(monkeypatch):
    monkeypatch.setattr("robot_physicist.likelihood.marginal.FEWEST_EFFECTIVE", math.inf)
    models = on_grid(one_bin(errors("staterror_c", "staterror", [5.0], 0.8), 5.0), [1.0, 2.0])
    found = marginalise(models, np.array([[10.0]]), np.full(2, 0.5), False, np.random.default_rng(1))
    (text,) = found.how.warnings
    assert "statistical errors of the templates are effective" in text
    assert text.endswith("simulate more events or use fewer bins")


@pytest.mark.parametrize(("low", "init"), [(-1.0, 1.0), (0.0, 0.0), (-1.0, 0.0)])
def test_a_free_factor_may_start_at_zero_and_end_below_it(low, init):
    """Maximum at k = −0.3 or 0.4, inside the bounds: Laplace's Gaussian has to be there for all its draws to count."""
    spec = one_bin(plain("k", "normfactor"), 400.0, extra=600.0)
    spec["parameters"] = [{"name": "k", "inits": [init], "bounds": [[low, 3.0]]}]
    models, counts = on_grid(spec, [0.0, 1.0]), np.array([[480.0 if low else 760.0]])
    found = marginalise(models, counts, np.full(2, 0.5), False, np.random.default_rng(1))
    assert found.log_likelihood == pytest.approx(quadrature(models, counts), abs=0.01)
    assert found.how.effective_fraction > 0.75  # the share of Gaussian draws


def test_ten_nuisances_against_brute_force():
    """The average of the likelihood over 2¹⁷ draws from the prior, with nothing clever about it."""
    models = [nuisances(histfactory(ten_nuisances(theta)), {}) for theta in (-0.4, 0.0, 0.4)]
    rng = np.random.default_rng(5)
    counts = rng.poisson(models[1].model.rates(models[1].draw(rng.random((10, 4))))).T.astype(float)
    brute, error = np.empty((4, 3)), np.empty((4, 3))
    uniforms = rng.random((10, 1 << 17))
    for k, one in enumerate(models):
        rates = one.model.rates(one.draw(uniforms))
        logs = counts @ np.log(rates) - rates.sum(axis=0)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        constant = -np.array([[math.lgamma(x + 1) for x in row] for row in counts]).sum(axis=1)
        brute[:, k] = np.log(weights.mean(axis=1)) + logs.max(axis=1) + constant
        error[:, k] = weights.std(axis=1) / weights.mean(axis=1) / np.sqrt(1 << 17)
    assert error.max() < 0.02
    found = laplace_log_likelihood(models, counts, False)
    assert (np.abs(found - brute) < 4 * error + 0.01).all()
    prior = np.full(3, 1 / 3)
    exact = marginalise(models, counts, prior, False, np.random.default_rng(1))
    assert exact.how.method == "Laplace's method"
    assert exact.how.effective_fraction > 0.98


def test_an_empty_bin_is_never_more_than_certain():
    """Rates below zero are none, so that no slope leads there."""
    models, counts = on_grid(TREACHEROUS["rates that reach zero"], [0.0, 1.0, 3.0]), np.array([[0.0]])
    assert (laplace_log_likelihood(models, counts, False) <= 0).all()
    found = marginalise(models, counts, np.full(3, 1 / 3), False, np.random.default_rng(1))
    assert found.log_likelihood == pytest.approx(quadrature(models, counts), abs=0.03)


def test_noise_of_importance_sampling_differs_between_data_sets():
    """The same data set 512 times: the mean over parts with their own draws has an error, which holds the truth."""
    models, prior = on_grid(HARD["huge normsys"], [0.0, 1.0, 2.0]), np.full(3, 1 / 3)
    counts = np.full((512, 1), 30.0)
    found = marginalise(models, counts, prior, False, np.random.default_rng(1))
    left = stats.entropy(normalised(found.log_likelihood, prior), axis=1).reshape(8, 64)
    truth = stats.entropy(normalised(quadrature(models, counts[:1]), prior)[0])
    assert np.ptp(left, axis=1).max() < 1e-9
    assert len(np.unique(left[:, 0])) == 8
    assert left.mean() == pytest.approx(truth, abs=4 * left[:, 0].std(ddof=1) / math.sqrt(8) + 1e-4)


def test_chunks_change_nothing(monkeypatch):
    models = [nuisances(histfactory(ten_nuisances(theta)), {}) for theta in (-0.4, 0.4)]
    counts = np.random.default_rng(1).poisson(80.0, (50, 20)).astype(float)
    whole = laplace_log_likelihood(models, counts, False)
    prior = np.full(2, 0.5)
    checked = marginalise(models, counts, prior, False, np.random.default_rng(2)).how
    monkeypatch.setattr("robot_physicist.likelihood.laplace.CHUNK", 1)
    assert laplace_log_likelihood(models, counts, False) == pytest.approx(whole, abs=2 * laplace.CONVERGED)
    again = marginalise(models, counts, prior, False, np.random.default_rng(2)).how
    assert again.method == checked.method == "Laplace's method"
    assert again.effective_fraction == pytest.approx(checked.effective_fraction, rel=1e-6)
