"""Errors that the templates of the signal know nothing of: backgrounds, and what a test cannot exclude."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.muon_pairs import ANGLES, born_shape, simulated

from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.gain import gain
from robot_physicist.information.options import Estimator
from robot_physicist.information.statistic import hidden_in_empty_bins, simulated_again
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.templates.histogram import Histogram
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Background, background_contents, expected

PRIOR = np.full(21, 1 / 21)
PICOBARN = Luminosity(luminosity=1, unit="pb-1")
QUICK = Estimator(draws=512)


def flat(counts, total=400.0):
    """A flat background of `total` picobarn from counts in bins, all simulated events in them."""
    weight = total / counts.sum()
    return Background(counts * weight, np.sqrt(counts) * weight, float(counts.sum()))


def measured(templates, exposure=PICOBARN):
    return information_gain(templates, exposure, PRIOR, QUICK, Simulation(), np.random.default_rng(2))


def signal(events=20_000, seed=1, bins=10):
    sections = {"section": np.full(21, 1000.0), "section_error": np.zeros(21)}
    return simulated(born_shape(82, bins), events, np.random.default_rng(seed), **sections)


def test_intervals_hold_the_gain_where_a_background_has_few_events():
    """A tenth of the background's events are simulated in every bin: without their errors 3 of 10 intervals hold it."""
    rates = expected(born_shape(82, 10), np.full(21, 1000.0), PICOBARN, np.full(10, 40.0))
    truth = gain(rates, PICOBARN, PRIOR, 1 << 15, np.random.default_rng(0)).value
    held = []
    for seed in range(10):
        counts = np.random.default_rng([seed, 4]).multinomial(100, np.full(10, 0.1)).astype(float)
        found = measured(replace(signal(seed=seed), background={"flat": flat(counts)})).corrected
        held.append(found.low <= truth <= found.high)
    assert sum(held) >= 8


def test_fewer_events_of_a_background_make_longer_intervals():
    lengths = []
    for events in (100.0, 1000.0, 1e6):
        best = measured(replace(signal(), background={"flat": flat(np.full(10, events / 10))})).corrected
        lengths.append(best.high - best.low)
    assert lengths[0] > 1.5 * lengths[1] > 1.5 * lengths[2]


def test_backgrounds_without_errors_change_nothing_and_counted_events_have_none():
    exact = Background(np.full(10, 40.0), np.zeros(10))
    templates = replace(signal(), background={"flat": exact})
    uncertain = replace(signal(), background={"flat": flat(np.full(10, 10.0))})
    alone = measured(signal(), EventCount(events=100))
    assert measured(uncertain, EventCount(events=100)) == alone
    assert simulated_again(exact, 3, np.random.default_rng(1)) == pytest.approx(np.full((3, 10), 40.0))
    assert measured(templates).corrected.low < measured(templates).corrected.high


@pytest.mark.parametrize("generated", [500.0, math.inf])
def test_repeated_backgrounds_have_the_errors_that_they_state(generated):
    counts = np.array([100.0, 20.0, 4.0])
    made = Background(3 * counts, 3 * np.sqrt(counts), generated)
    again = simulated_again(made, 20_000, np.random.default_rng(1))
    share = counts / generated if math.isfinite(generated) else 0
    assert again.mean(axis=0) == pytest.approx(made.contents, rel=0.02)
    assert again.std(axis=0) == pytest.approx(made.errors * np.sqrt(1 - share), rel=0.03)


def test_the_error_of_a_cross_section_moves_all_bins_together():
    made = Background(np.full(3, 1e6), np.full(3, 1.0), math.inf, 0.1)
    again = simulated_again(made, 4000, np.random.default_rng(1))
    assert again.std(axis=0) == pytest.approx(np.full(3, 1e5), rel=0.05)
    assert np.ptp(again, axis=1).max() < 100


def test_empty_bins_of_a_background_may_hide_three_events():
    made = flat(np.array([10.0, 0.0, 0.0]), 20.0)
    assert hidden_in_empty_bins(made, np.array([5.0, 3.0, 1.0])) == pytest.approx([0.0, 4.5, 1.5])
    assert (hidden_in_empty_bins(made._replace(generated=math.inf), np.ones(3)) == 0).all()
    empty = replace(signal(), background={"flat": flat(np.append(np.full(9, 30.0), 0.0))})
    assert measured(empty).corrected.low < measured(replace(empty, background={})).corrected.low


def test_a_background_of_which_no_simulated_event_is_in_the_range_lowers_the_low_end():
    """A hundred events of 10 nb, all outside: three of them, 300 pb, may be under the signal."""
    nothing = np.zeros((2, 10))
    histogram = Histogram("s", "background=b", "d", [], nothing, nothing, 100, 100.0, 1e4, 0.0)
    unseen = {"b": background_contents("b", {"b": histogram})}
    alone, found = measured(signal()).corrected, measured(replace(signal(), background=unseen)).corrected
    assert found.low < alone.low - 0.03
    assert found.value == pytest.approx(alone.value)


def test_what_no_test_excludes_falls_with_the_simulated_events_and_lifts_the_high_end_alone():
    few, many = (measured(signal(events, bins=20), EventCount(events=1000)) for events in (1000, 100_000))
    assert few.unseen > 5 * many.unseen > 0
    assert few.corrected.high - few.corrected.value > few.unseen
    assert any("could add" in warning for warning in few.warnings)
    assert many.warnings == ()


def test_a_dependence_that_smooth_templates_lack_is_held_or_warned_of():
    """cos 6πθ · x of 5%: polynomials see nothing of it, and the gain reads 0.01 for 0.18."""
    wave = 1 + 0.05 * np.cos(6 * np.pi * np.linspace(0, 1, 21))[:, None] * np.linspace(-0.9, 0.9, 10)
    shape, exposure = wave / wave.sum(axis=1, keepdims=True), EventCount(events=1000)
    truth = gain(1000 * shape, exposure, PRIOR, 1 << 15, np.random.default_rng(0)).value
    for seed in range(4):
        found = measured(simulated(shape, 5000, np.random.default_rng(seed)), exposure)
        assert found.corrected.low <= truth <= found.corrected.high or found.warnings
        assert found.corrected.high > 0.1


def test_no_dependence_has_the_lower_end_zero():
    shape = np.repeat(born_shape(82)[:1], len(ANGLES), axis=0)
    lows = []
    for seed in range(12):
        made = simulated(shape, 2000, np.random.default_rng([seed, 1]))
        lows.append(measured(made, EventCount(events=300)).corrected.low)
    assert sum(low > 0 for low in lows) <= 1
