"""Estimates from finite simulation, against exactly known templates."""

import dataclasses

import numpy as np
import pytest

from robot_physicist.campaign import Estimator, EventCount, Luminosity, Simulation
from robot_physicist.finite_simulation import information_gain
from robot_physicist.information import entropy, gain
from robot_physicist.labels import number
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.smoothing import fit, free, polynomials, smooth
from robot_physicist.templates import Templates

ANGLES = np.linspace(0.20, 0.26, 21)
PRIOR = np.full(21, 1 / 21)
THOUSAND = EventCount(events=1000)


def born_shape(sqrt_s, bins=20):
    edges = np.linspace(-1, 1, bins + 1)
    slope = np.array([born.asymmetry(sqrt_s, angle, "fixed") for angle in ANGLES])
    return np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)


def simulated(shape, events, rng, section=np.nan, section_error=np.nan, folds=10):
    counts = rng.multinomial(events // folds, np.repeat(shape[:, None], folds, axis=1)).astype(float)
    points = len(shape)
    return Templates(
        tuple(f"t={number(value)}" for value in np.linspace(0.20, 0.26, points)),
        (),
        counts,
        counts,
        np.full(points, float(events)),
        section * np.ones(points),
        section_error * np.ones(points),
        {},
    )


def estimate(templates, exposure=THOUSAND, prior=PRIOR, **options):
    estimator = Estimator(draws=2048, replicas=8, **options)
    return information_gain(templates, exposure, prior, estimator, Simulation(), np.random.default_rng(1))


def truth(shape, exposure=THOUSAND, prior=PRIOR):
    return gain(1000 * shape, exposure, prior, 1 << 15, np.random.default_rng(2)).value


@pytest.mark.parametrize(
    ("sqrt_s", "events", "tolerance"), [(82, 100_000, 0.02), (96.5, 100_000, 0.02), (82, 10_000, 0.06)]
)
def test_the_corrected_value_is_right_where_the_plug_in_is_not(sqrt_s, events, tolerance):
    shape, rng = born_shape(sqrt_s), np.random.default_rng(3)
    exact = truth(shape)
    results = [estimate(simulated(shape, events, rng)) for _ in range(4)]
    corrected = np.array([result.corrected.value for result in results])
    errors = np.array([result.corrected.error for result in results])
    plug_in = np.array([result.plug_in.value for result in results])
    assert np.sqrt(np.mean((corrected - exact) ** 2)) < tolerance
    assert (np.abs(corrected - exact) < 4 * errors).all()
    assert (plug_in > exact + 0.05).all()
    assert all(r.cross_fitted.value < exact + 2 * r.cross_fitted.error for r in results)


def test_a_blind_setting_reads_nearly_zero():
    result = estimate(simulated(born_shape(96.5), 100_000, np.random.default_rng(4)))
    assert result.corrected.value + result.corrected.error < 0.08
    assert result.plug_in.value > 0.1


def test_a_constant_template_has_no_information():
    shape = np.repeat(born_shape(82)[:1], 21, axis=0)
    result = estimate(simulated(shape, 20_000, np.random.default_rng(5)))
    assert result.corrected.value < 2.5 * result.corrected.error
    assert result.plug_in.value > 0.2


def test_one_event_is_summed_exactly():
    shape = born_shape(82)
    result = estimate(simulated(shape, 10_000, np.random.default_rng(6)), EventCount(events=1))
    exact = gain(shape, EventCount(events=1), PRIOR, 1, np.random.default_rng(0)).value
    assert result.method == "exact sum over bins"
    assert result.plug_in.error == 0
    assert abs(result.corrected.value - exact) < 3 * result.corrected.error
    assert result.plug_in.value > result.corrected.value


def test_an_uncertain_cross_section_is_not_information():
    shape = np.repeat(born_shape(82)[:1], 21, axis=0)
    rng = np.random.default_rng(7)
    made = simulated(shape, 1_000_000, rng)
    sections = 1000 * (1 + 0.01 * rng.standard_normal(21))
    noisy = Templates(**{**vars(made), "cross_section": sections, "cross_section_error": np.full(21, 10.0)})
    result = estimate(noisy, Luminosity(luminosity=1))
    assert result.corrected.value < 3 * result.corrected.error + 0.01


def test_a_single_point_teaches_nothing():
    made = simulated(born_shape(82)[:1], 10_000, np.random.default_rng(8))
    result = estimate(made, prior=np.ones(1))
    assert result.corrected.value == 0
    assert result.prior_entropy == 0


def test_two_parameters():
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), axis=-1).reshape(-1, 2)
    edges = np.linspace(0, 1, 11)
    centres = (edges[1:] + edges[:-1]) / 2
    shape = np.exp(0.5 * grid[:, :1] * centres + 0.5 * grid[:, 1:] * centres**2)
    shape /= shape.sum(axis=1, keepdims=True)
    prior = np.full(25, 1 / 25)
    names = tuple(f"a={number(a)},b={number(b)}" for a, b in grid)
    made = dataclasses.replace(simulated(shape, 50_000, np.random.default_rng(9)), points=names)
    result = estimate(made, prior=prior)
    assert abs(result.corrected.value - truth(shape, prior=prior)) < 3 * result.corrected.error


def test_same_input_same_numbers():
    made = simulated(born_shape(82), 10_000, np.random.default_rng(1))
    assert estimate(made) == estimate(made)


def test_values_outside_the_possible_are_moved_and_said_so():
    shape = np.eye(3) * 0.97 + 0.01
    result = estimate(simulated(shape, 300, np.random.default_rng(1)), prior=np.full(3, 1 / 3))
    assert 0 <= result.corrected.value <= entropy(np.full(3, 1 / 3)) + 1e-12


def test_polynomials_are_orthonormal_and_as_many_as_the_grid_allows():
    basis = polynomials(np.linspace(3, 9, 7)[:, None], 3)
    assert basis.T @ basis == pytest.approx(np.eye(4), abs=1e-12)
    assert polynomials(np.array([[0.0], [1.0]]), 5).shape == (2, 2)


def test_the_degree_follows_the_data():
    x = np.linspace(-1, 1, 15)[:, None]
    rng = np.random.default_rng(2)
    flat = rng.poisson(np.full((15, 4), 1e4)).astype(float)
    assert smooth(flat, flat, x, Simulation())[0].degree == 2
    shape = np.exp(np.array([[0.0, 1.0, 0.0, 0.5]]) * x**3)
    curved = rng.poisson(1e5 * shape / shape.sum(axis=1, keepdims=True)).astype(float)
    assert smooth(curved, curved, x, Simulation())[0].degree >= 3


def test_a_kink_is_refused_and_bins_stay_free():
    x = np.linspace(-1, 1, 15)[:, None]
    shape = np.where(np.abs(x) < 0.2, 3.0, 1.0) * np.array([[1.0, 0.0, 0.0]]) + 1.0
    counts = np.random.default_rng(2).poisson(1e6 * shape / shape.sum(axis=1, keepdims=True)).astype(float)
    best = smooth(counts, counts, x, Simulation())[0]
    assert best.basis.shape == (15, 15)
    assert best.probabilities() == pytest.approx(counts / counts.sum(axis=1, keepdims=True))


def test_empty_bins_keep_a_positive_probability():
    counts = np.array([[50.0, 0.0, 0.0], [50.0, 3.0, 0.0], [50.0, 9.0, 0.0]])
    for fitted in (fit(counts, counts, np.arange(3.0)[:, None], 2, 0.5), free(counts, counts, 0.5)):
        probabilities = fitted.probabilities()
        assert (probabilities > 0).all()
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(3))


def test_weights_change_neither_shape_nor_accuracy():
    """Events in one half of the range carry three times the weight: shapes follow the weights, errors the counts."""
    shape, rng = born_shape(82), np.random.default_rng(10)
    weights = np.where(np.arange(20) < 10, 1.0, 3.0)
    drawn = shape / weights
    counts = rng.poisson(1e6 * drawn / drawn.sum(axis=1, keepdims=True)).astype(float)
    best, *_ = smooth(counts * weights, counts * weights**2, ANGLES[:, None], Simulation())
    pulls = (best.probabilities() / shape - 1) / best.relative_errors()
    assert np.abs(pulls).max() < 5
    assert pulls.std() < 1.3
    free_errors = free(counts * weights, counts * weights**2, 0.5).relative_errors()
    assert free_errors == pytest.approx(1 / np.sqrt(counts))
    assert (best.relative_errors() < free_errors).all()
