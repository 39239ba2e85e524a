import itertools

import numpy as np
import pytest
from scipy import stats

from robot_physicist.histfactory.systematics import NormSystematic
from robot_physicist.inference.posterior import collect, profiled_log_likelihood
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.workspace import patchset, workspace
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.statistics.grid_posterior import highest_density, log_likelihood, moments, normalise
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates

POINTS = [{"theta": value} for value in np.linspace(-1, 1, 5)]
PRIOR = np.array([0.1, 0.2, 0.4, 0.2, 0.1])


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


def made(shape, background=0.0):
    sumw = np.repeat(np.round(shape * 1e5)[:, None], 2, axis=1)
    extra = {"flat": (np.full(shape.shape[1], background), np.zeros(shape.shape[1]))} if background else {}
    return Templates(
        tuple(f"theta={p['theta']:g}" for p in POINTS),
        (Axis("x", -4, 4, 12),),
        sumw,
        sumw,
        sumw.sum(axis=(1, 2)),
        np.full(5, 10.0),
        np.zeros(5),
        extra,
    )


def shapes():
    edges = np.linspace(-4, 4, 13)
    probabilities = np.diff(stats.norm.cdf(edges[None], [[p["theta"]] for p in POINTS], 1.0), axis=1)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def likelihood(templates, exposure, systematics=(), observed=None):
    arguments = {"simulation": Simulation(), "name": "t", "shapes": {}}
    base = workspace(templates, exposure, systematics, observed=observed, **arguments)
    return base, patchset(templates, exposure, systematics, base=base, **arguments)


def collected(exposure, count=4000, observed=None, published=None, background=0.0, nuisances="fixed"):
    estimator = Estimator(pseudo_experiments=count, nuisances=nuisances)
    return collect(
        published or likelihood(made(shapes(), background), exposure),
        exposure,
        PRIOR,
        POINTS,
        estimator,
        setting="s",
        exposure_label="e",
        observed=observed,
        rng=np.random.default_rng(4),
    )


@pytest.mark.parametrize("exposure", [EventCount(events=3), EventCount(events=30), Luminosity(luminosity=2)])
def test_credible_sets_hold_the_truth_at_least_as_often_as_they_say(exposure):
    result = collected(exposure)
    assert result.coverage68.value > 0.68 - 3 * result.coverage68.error
    assert result.coverage95.value > 0.95 - 3 * result.coverage95.error


def test_posterior_probabilities_are_calibrated():
    """Averaged over pseudo-experiments from the prior, the posterior is the prior."""
    rng = np.random.default_rng(1)
    truth = rng.choice(5, 5000, p=PRIOR)
    counts = rng.multinomial(10, shapes()[truth]).astype(float)
    posterior, _ = normalise(log_likelihood(counts, shapes(), True), PRIOR)
    error = posterior.std(axis=0) / np.sqrt(5000)
    assert (np.abs(posterior.mean(axis=0) - PRIOR) < 4 * error).all()


def test_observed_data_get_their_posterior():
    observed = np.round(shapes()[3] * 200)
    result = collected(EventCount(events=int(observed.sum())), 100, observed)
    assert result.observed.map == "theta=0.5"
    assert result.observed.truth is None
    assert result.observed.credible[1].probability >= 0.95
    assert result.nuisances == "fixed at their nominal values"


def test_profiled_nuisances_widen_the_posterior():
    exposure, observed = Luminosity(luminosity=5), np.round(shapes()[3] * 50)
    systematics = [NormSystematic(type="normsys", name="e", samples=["signal"], up=1.3, down=0.7)]
    both = likelihood(made(shapes()), exposure, systematics, observed)
    logs = profiled_log_likelihood(*both)
    assert logs.argmax() == 3
    result = collected(exposure, 50, observed, both, nuisances="profiled")
    assert result.nuisances.startswith("profiled")
    assert result.observed.map == "theta=0.5"


def test_no_coverage_is_quoted_without_an_error():
    assert collected(EventCount(events=1000), 50).coverage95.error > 0
