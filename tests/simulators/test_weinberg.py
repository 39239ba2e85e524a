"""Pythia against the tree-level formula, and the options of both."""

import lazy_loader as lazy
import numpy as np
import pytest

from robot_physicist.quantities.errors import SimulationError
from robot_physicist.simulators import weinberg
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.simulators.weinberg import PythiaOptions, Weinberg

EVENTS = 50_000


def pythia(sqrt_s, sin2theta_w=0.2312, **options):
    sampler = Weinberg(PythiaOptions(**options)).prepare({"sqrt_s": sqrt_s}, {"sin2theta_w": sin2theta_w})
    return sampler.sample(EVENTS, np.random.default_rng(7))


def asymmetry(events):
    weights = np.ones(events.accepted) if events.weights is None else events.weights
    value = np.sum(weights * np.sign(events.columns["cos_theta"])) / weights.sum()
    return value, np.sqrt((1 - value**2) / events.accepted)


@pytest.mark.parametrize("sqrt_s", [80.0, 85.0, 91.1876, 94.0, 100.0])
@pytest.mark.parametrize("sin2theta_w", [0.2, 0.2312])
def test_asymmetry_and_cross_section_agree_within_three_standard_errors(sqrt_s, sin2theta_w):
    events = pythia(sqrt_s, sin2theta_w)
    value, error = asymmetry(events)
    assert abs(value - born.asymmetry(sqrt_s, sin2theta_w)) < 3 * error
    # Without radiation Pythia's cross-section has no error; that of counting these events is 0.45%.
    ratio = events.cross_section.value / born.total_cross_section(sqrt_s, sin2theta_w)
    assert abs(ratio - 1) < 3 / np.sqrt(EVENTS)
    assert abs(ratio - 1) < 0.002


def test_initial_state_radiation_lowers_the_asymmetry_above_the_peak():
    value, error = asymmetry(pythia(94.0, isr=True))
    assert value == pytest.approx(0.154, abs=3 * error)


def test_a_polar_angle_cut_rejects_what_the_formula_says():
    events = pythia(91.2, cos_theta_max=0.8)
    expected = born.acceptance(0.8)
    error = np.sqrt(expected * (1 - expected) / EVENTS)
    assert abs(events.accepted / events.generated - expected) < 3 * error
    assert np.abs(events.columns["cos_theta"]).max() <= 0.8


def test_a_fixed_width_reweights_to_the_fixed_width_cross_section():
    events = pythia(91.1876, 0.2, width="fixed")
    section = events.cross_section.value * events.weights.sum() / events.generated
    assert section == pytest.approx(born.total_cross_section(91.1876, 0.2, "fixed"), rel=0.003)
    assert section / born.total_cross_section(91.1876, 0.2) == pytest.approx(4 / 3, rel=0.03)


def test_radiation_and_a_fixed_width_exclude_each_other():
    with pytest.raises(ValueError, match="cannot be combined"):
        PythiaOptions(isr=True, width="fixed")


def test_a_missing_pythia_says_what_to_install(monkeypatch):
    monkeypatch.setattr(weinberg, "pythia8mc", lazy.load("no_such_module"))
    with pytest.raises(SimulationError, match=r"robot-physicist\[pythia\]"):
        pythia(80.0)


def test_the_formula_reproduces_published_asymmetries():
    values = [born.asymmetry(sqrt_s, 0.2312) for sqrt_s in (80.0, 91.188, 94.0)]
    assert values == pytest.approx([-0.7255, 0.0129, 0.2574], abs=0.006)


def test_near_96_5_gev_the_asymmetry_hardly_depends_on_the_angle():
    def change(sqrt_s):
        return abs(born.asymmetry(sqrt_s, 0.26) - born.asymmetry(sqrt_s, 0.20))

    assert change(96.5) < 0.25 * change(82.0)
