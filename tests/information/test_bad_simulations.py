"""Simulations that go wrong, and what the user reads then: an honest interval with a warning, or an error."""

import dataclasses

import numpy as np
import pytest
from support.muon_pairs import THOUSAND, born_shape, estimate, simulated, truth

from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.workspace import empty_bins
from robot_physicist.quantities.errors import HistogramError
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.templates.checks import check
from robot_physicist.templates.choosing import template_shape
from robot_physicist.templates.histogram import Histogram
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Background, stack

ONE, TEN, PICOBARN = EventCount(events=1), EventCount(events=10), Luminosity(luminosity=20, unit="pb-1")

SPARSE = 12


def filled(counts, sumw2=None, axes=(), **sections):
    """Templates with these contents (K, F, B)."""
    counts = np.array(counts, dtype=float)
    made = simulated(np.full(counts[:, 0].shape, 1 / counts.shape[2]), 100, np.random.default_rng(0), **sections)
    generated = np.maximum(np.abs(counts).sum(axis=(1, 2)), 1.0)
    squares = counts if sumw2 is None else np.array(sumw2, dtype=float)
    return dataclasses.replace(made, sumw=counts, sumw2=squares, generated=generated, axes=axes)


def gain_of(made, exposure=THOUSAND):
    """Gain with uniform prior, after the checks; its numbers have to be numbers and in order."""
    prior = np.full(len(made.points), 1 / len(made.points))
    check(made, exposure)
    result = estimate(made, exposure, prior)
    found = result.corrected
    assert np.isfinite([found.error, result.plug_in.value, result.plug_in.error, result.cross_fitted.error]).all()
    assert np.isfinite(result.cross_fitted.value)
    assert 0 <= found.low <= found.value <= found.high <= result.prior_entropy + 1e-12
    probabilities, errors = template_shape(made, Simulation())
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(prior)))
    assert np.isfinite(errors).all()
    return result


def test_empty_bins_are_named_and_give_no_information():
    shape = np.tile([0.67, 0.0, 0.33, 0.0], (21, 1))
    made = simulated(shape, 10_000, np.random.default_rng(1))
    result = gain_of(made)
    assert result.corrected.low < 1e-3 < result.corrected.high < 0.05
    assert result.warnings == ()
    named = empty_bins(dataclasses.replace(made, axes=(Axis("x", 0.0, 4.0, 4),)))
    assert named[0] == "no simulated event at t=0.2 in bin x in [1, 2]"
    assert len(named) == 42


@pytest.mark.parametrize("exposure", [ONE, THOUSAND])
def test_all_events_in_one_bin_are_warned_of(exposure):
    made = simulated(np.tile([0.0, 0.0, 1.0, 0.0], (21, 1)), 100, np.random.default_rng(1))
    result = gain_of(made, exposure)
    assert result.corrected.value == pytest.approx(0, abs=1e-6)
    assert "all simulated events lie in one bin, so that only rates inform" in result.warnings[-1]


@pytest.mark.parametrize("accepted", [1, 3])
def test_a_point_with_hardly_any_acceptance_still_gets_numbers(accepted):
    counts = np.random.default_rng(1).multinomial(1000, [0.4, 0.3, 0.2, 0.1], (9, 10)).astype(float)
    counts[4] = 0
    counts[4, :accepted, 1] = 1
    for exposure in (ONE, TEN, PICOBARN):
        gain_of(filled(counts, section=np.full(9, 5.0), section_error=np.zeros(9)), exposure)


def test_a_point_without_acceptance_is_named():
    counts = np.ones((9, 10, 4))
    counts[4] = 0
    with pytest.raises(HistogramError, match=r"no simulated event of t=0\.23 lies in the range .* widen it"):
        gain_of(filled(counts))


def test_a_vanishing_cross_section_is_named():
    made = filled(np.ones((9, 10, 4)), section=np.where(np.arange(9) == 4, 0.0, 1.0), section_error=np.zeros(9))
    gain_of(made)
    with pytest.raises(HistogramError, match=r"cross-section of 0 pb for t=0\.23, .* use a number of events"):
        gain_of(made, PICOBARN)


@pytest.mark.parametrize("exposure", [ONE, TEN, THOUSAND, PICOBARN])
def test_negative_weights_count_by_their_effective_number(exposure):
    """A fifth of the events has weight −1: 10000 events are worth 3600."""
    shape, rng = born_shape(82, 8), np.random.default_rng(2)
    plus, minus = (rng.multinomial(n, np.repeat(shape[:, None], 10, axis=1)).astype(float) for n in (800, 200))
    sections = {"section": np.full(21, 5.0), "section_error": np.zeros(21)}
    weighted = gain_of(filled(plus - minus, plus + minus, **sections), exposure)
    few = gain_of(simulated(shape, 3600, rng, **sections), exposure)
    assert weighted.plug_in.value == pytest.approx(few.plug_in.value, rel=0.25)
    if exposure != PICOBARN:
        assert weighted.corrected.low < truth(shape, exposure) < weighted.corrected.high


def test_a_negative_rate_is_an_error():
    counts = np.ones((9, 10, 4))
    counts[2, :, 3] = -0.1
    with pytest.raises(HistogramError, match=r"weights of t=0\.215 sum to -1 in x in \[3, 4\]; simulate more events"):
        check(filled(counts, np.abs(counts), axes=(Axis("x", 0.0, 4.0, 4),)), ONE)


def test_more_recorded_events_than_simulated_ones_widen_the_interval_and_say_so():
    shape = born_shape(96.5)
    results = [gain_of(simulated(shape, 300, np.random.default_rng(3)), EventCount(events=n)) for n in (10, 400, 890)]
    lengths = [result.corrected.high - result.corrected.low for result in results]
    assert lengths[0] < 0.1 < lengths[1] < lengths[2]
    assert results[0].warnings == ()
    assert "nats open; simulate more events" in results[2].warnings[0]
    assert "could add" in results[2].warnings[1]
    assert results[2].warnings[2].startswith("for 890 recorded events 300 simulated ones per parameter point are")
    assert results[2].warnings[2].endswith("too few to test that the templates are smooth in θ; it is assumed")


def test_more_than_three_recorded_events_per_simulated_one_leave_the_interval_open():
    """Noise turns the direction in which the templates depend on θ; what a bootstrap of them says is worth nothing."""
    shape, exposure, lows = born_shape(82), EventCount(events=10_000), []
    exact = truth(shape, exposure)
    for seed in range(10):
        made, rng = simulated(shape, 300, np.random.default_rng(seed)), np.random.default_rng(1)
        quick = Estimator(draws=512, replicas=16)
        result = information_gain(made, exposure, np.full(21, 1 / 21), quick, Simulation(), rng)
        (warning,) = result.warnings
        assert result.corrected.low < exact < result.corrected.high == result.prior_entropy
        assert warning == (
            "for 10000 recorded events, 300 simulated ones per parameter point are too few:"
            f" {result.corrected.low:.3f} to 3.045 nats stay open, the low end being what 900 recorded events teach at"
            " least if the templates are smooth in θ; simulate 3400 events per parameter point or more"
        )
        lows.append(result.corrected.low)
    assert 0.2 < np.mean(lows) < exact - 0.5


def test_following_its_advice_closes_the_interval():
    found = gain_of(simulated(born_shape(82), 3400, np.random.default_rng(1)), EventCount(events=10_000))
    assert found.corrected.high < found.prior_entropy
    assert "stay open" not in " ".join(found.warnings)


@pytest.mark.parametrize("background", [0.0, 0.2])
def test_a_luminosity_that_records_too_much_opens_the_interval_too(background):
    """Of the events 40% are accepted: 1000 of 2500 that were generated, for 20000 recorded ones."""
    sections = {"section": np.full(21, 2500.0), "section_error": np.zeros(21)}
    made = simulated(born_shape(82), 1000, np.random.default_rng(1), **sections)
    shape = np.full(20, background * 1000 / 20)
    made = dataclasses.replace(made, generated=np.full(21, 2500.0), background={"flat": Background(shape, 0 * shape)})
    result = gain_of(made, PICOBARN)
    less = gain_of(made, Luminosity(luminosity=2.999 / (1 + background), unit="pb-1"))
    assert result.corrected.high == result.prior_entropy
    assert "stay open" not in " ".join(less.warnings)
    assert result.corrected.low == pytest.approx(less.corrected.low, abs=0.1)
    recorded, needed = (20000, 17000) if background == 0 else (24000, 20000)
    assert result.warnings[0].startswith(f"for {recorded} recorded events, 1000 simulated ones per parameter point")
    assert result.warnings[0].endswith(f"simulate {needed} events per parameter point or more")


@pytest.mark.parametrize(("recorded", "size"), [(1, 100), (10, 1000), (1000, 100), (1000, 10_000)])
@pytest.mark.parametrize("mixed", [0.0, 0.04])
def test_templates_that_jump_from_point_to_point(recorded, size, mixed):
    """Every point has its own bin, out of five: free bins, and an interval between the bounds, which widens."""
    shape = (1 - mixed) * np.eye(5)[np.arange(21) % 5] + mixed / 5
    exposure = EventCount(events=recorded)
    exact = truth(np.maximum(shape, 1e-12), exposure)
    result = gain_of(simulated(shape, size, np.random.default_rng(4)), exposure)
    assert result.corrected.low - 1e-6 < exact < result.corrected.high + 1e-6
    assert result.rough or result.added > 1
    assert "the templates are no" in " ".join(result.warnings)
    assert result.plug_in.error > 0


def test_rough_templates_are_noticed_without_smoothing_too():
    shape = np.eye(5)[np.arange(21) % 5] * 0.96 + 0.008
    made, prior = simulated(shape, 1000, np.random.default_rng(4)), np.full(21, 1 / 21)
    free = Simulation(smoothing="none")
    result = information_gain(made, THOUSAND, prior, Estimator(draws=1024), free, np.random.default_rng(1))
    assert result.corrected.low < truth(shape) < result.corrected.high


def test_a_missing_point_is_named():
    def histogram(sample):
        return Histogram("s", sample, "d", [Axis("x", 0.0, 1.0, 1)], np.ones((2, 1)), np.ones((2, 1)), 2, 0.0)

    with pytest.raises(HistogramError, match=r"no histogram for parameter point t=2 \(1 of 3 missing\); run the"):
        stack([histogram("t=1"), histogram("t=3")], ["t=1", "t=2", "t=3"])


@pytest.mark.parametrize("seed", range(SPARSE))
def test_sparse_simulations_never_end_in_numbers_that_are_none(seed):
    """Few events, empty folds and bins, weights of either sign, some points nearly without events."""
    rng = np.random.default_rng(seed)
    points, bins = int(rng.integers(2, 12)), int(rng.integers(1, 9))
    shape = rng.dirichlet(np.full(bins, 0.3), points)
    size = rng.choice([1, 2, 8, 60], points)
    counts = np.stack(
        [rng.multinomial(n, p, 10) * (rng.random((10, 1)) < 0.6) for n, p in zip(size, shape, strict=True)]
    )
    counts[:, 0, 0] += counts.sum(axis=(1, 2)) == 0
    lost = rng.binomial(counts, 0.2 * (seed % 2))
    lost = np.where((counts - lost).sum(axis=(1, 2), keepdims=True) > 0, lost, 0)
    made = filled(counts - lost, counts, section=rng.uniform(1, 9, points), section_error=np.full(points, 0.1))
    made = dataclasses.replace(made, shared=seed % 3 == 0)
    gain_of(made, (ONE, TEN, THOUSAND, PICOBARN)[seed % 4])
