"""Estimates from finite simulation, against exactly known templates."""

import dataclasses

import numpy as np
import pytest
from support.muon_pairs import PRIOR, born_shape, estimate, simulated, truth

from robot_physicist.information.gain import gain
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.quantities.labels import number
from robot_physicist.statistics.grid_posterior import entropy
from robot_physicist.templates.templates import Templates


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
    assert all(r.corrected.low <= r.corrected.value <= r.corrected.high for r in results)
    assert (plug_in > exact + 0.05).all()
    assert all(r.cross_fitted.value < exact + 2 * r.cross_fitted.error for r in results)


def test_a_blind_setting_reads_nearly_zero():
    result = estimate(simulated(born_shape(96.5), 100_000, np.random.default_rng(4)))
    assert result.corrected.high < 0.08
    assert result.plug_in.value > 0.1


def test_a_constant_template_has_no_information():
    shape = np.repeat(born_shape(82)[:1], 21, axis=0)
    result = estimate(simulated(shape, 20_000, np.random.default_rng(5)))
    assert result.corrected.low == 0
    assert result.plug_in.value > 0.2


def test_one_event_is_summed_exactly():
    shape = born_shape(82)
    result = estimate(simulated(shape, 10_000, np.random.default_rng(6)), EventCount(events=1))
    exact = gain(shape, EventCount(events=1), PRIOR, 1, np.random.default_rng(0)).value
    assert result.method == "exact sum over bins"
    assert abs(result.corrected.value - exact) < 3 * result.corrected.error
    assert result.plug_in.value > result.corrected.value


def test_an_uncertain_cross_section_is_not_information():
    shape = np.repeat(born_shape(82)[:1], 21, axis=0)
    rng = np.random.default_rng(7)
    made = simulated(shape, 1_000_000, rng)
    sections = 1000 * (1 + 0.01 * rng.standard_normal(21))
    noisy = Templates(**{**vars(made), "cross_section": sections, "cross_section_error": np.full(21, 10.0)})
    result = estimate(noisy, Luminosity(luminosity=1))
    assert result.corrected.low < 0.001
    assert result.corrected.high < 0.05


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


def test_intervals_stay_within_the_possible():
    shape = np.eye(3) * 0.97 + 0.01
    corrected = estimate(simulated(shape, 300, np.random.default_rng(1)), prior=np.full(3, 1 / 3)).corrected
    assert 0 <= corrected.low <= corrected.value <= corrected.high <= entropy(np.full(3, 1 / 3)) + 1e-12


def test_too_small_a_simulation_says_so():
    """With 300 events per point for 10000 recorded ones, noise and signal cannot be told apart."""
    result = estimate(simulated(born_shape(96.5), 300, np.random.default_rng(2)), EventCount(events=10_000))
    exact = truth(born_shape(96.5), EventCount(events=10_000))
    assert result.plug_in.value > 3
    assert result.corrected.low < exact < result.corrected.high
    assert result.corrected.high == result.prior_entropy
    assert "nats stay open" in result.warnings[0]


def test_a_box_in_theta_is_described_by_more_functions_and_said_to_be():
    angles = np.linspace(-1, 1, 21)
    shape = np.where(np.abs(angles[:, None]) < 0.2, 3.0, 1.0) * np.array([[1.0, 0.0, 0.0]]) + 1.0
    shape /= shape.sum(axis=1, keepdims=True)
    exposure = EventCount(events=10)
    result = estimate(simulated(shape, 100_000, np.random.default_rng(2)), exposure)
    assert result.corrected.low < truth(shape, exposure) < result.corrected.high
    assert "the templates are no polynomials in θ: the simulated events ask for" in result.warnings[0]
