"""Campaigns with systematic uncertainties: gains and posteriors with nuisance parameters integrated out."""

import numpy as np
import pytest
from scipy import stats
from support.exact_normal import NORM, PRIOR, collected, likelihood, made, shapes

from robot_physicist.histfactory.systematics import LumiSystematic, ShapeSystematic
from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.options import Estimator
from robot_physicist.information.systematics import scaled, systematic_gain
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import expected

TILT = ShapeSystematic(type="histosys", name="tilt", samples=["signal"], file="f", up="u", down="d")
TILTED = {"tilt": (np.linspace(0.6, 1.4, 12), np.linspace(1.4, 0.6, 12))}
QUICK = Estimator(draws=512, replicas=16)
RATES = np.array([0.6, 0.8, 1.0, 1.2, 1.4])


def by_rate():
    """Templates of equal shape at which only the cross-section depends on θ."""
    templates = made(np.repeat(shapes()[2:3], 5, axis=0))
    return type(templates)(**{**templates.__dict__, "cross_section": 10 * RATES})


def estimated(templates, exposure, systematics, found_shapes=None):
    integrated = systematic_gain(templates, exposure, systematics, found_shapes or {})
    return information_gain(
        templates, exposure, PRIOR, QUICK, Simulation(), np.random.default_rng(1), integrated
    ), integrated


def test_an_uncertain_normalisation_hides_what_only_the_rate_tells():
    exposure = Luminosity(luminosity=5)
    certain, nothing = estimated(by_rate(), exposure, [])
    uncertain, _ = estimated(by_rate(), exposure, [NORM])
    assert nothing is None
    assert certain.corrected.value > uncertain.corrected.value + 0.1
    assert uncertain.plug_in.value < certain.plug_in.value - 0.1
    assert uncertain.marginalisation.effective_fraction > 0.5
    assert certain.marginalisation is None
    # The total count is all there is: sum over it, the factor integrated over its prior.
    alpha = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    factor = np.where(alpha > 0, 1 + 0.3 * alpha, 1 + 0.3 * alpha)
    counts = np.arange(300)
    densities = np.array(
        [stats.poisson.pmf(counts[:, None], np.maximum(50 * r * factor, 1e-9)).mean(axis=1) for r in RATES]
    )
    joint = PRIOR[:, None] * densities
    truth = stats.entropy(PRIOR) - (joint.sum(axis=0) * stats.entropy(joint + 1e-300, axis=0)).sum()
    assert uncertain.corrected.value == pytest.approx(truth, abs=4 * uncertain.corrected.error + 0.01)


def test_a_fixed_number_of_events_ignores_factors_but_not_shapes():
    templates, exposure = made(shapes()), EventCount(events=20)
    _, ignored = estimated(templates, exposure, [NORM, LumiSystematic(type="lumi", uncertainty=0.1)])
    assert ignored is None
    plain, _ = estimated(templates, exposure, [])
    tilted, _ = estimated(templates, exposure, [NORM, TILT], TILTED)
    assert tilted.corrected.value < plain.corrected.value - 0.05
    assert tilted.cross_fitted.value < tilted.plug_in.value + 0.02


def test_one_event_averages_its_probabilities_over_the_nuisances():
    templates, exposure = made(shapes()), EventCount(events=1)
    plain, _ = estimated(templates, exposure, [])
    tilted, integrated = estimated(templates, exposure, [TILT], TILTED)
    assert 0 < tilted.corrected.value < plain.corrected.value
    rates = expected(shapes(), np.ones(5), exposure, np.zeros(12))
    symmetric = integrated.gain(rates, None, PRIOR).value
    assert symmetric == pytest.approx(plain.corrected.value, rel=0.2)


def test_marginalised_posteriors_cover_although_nuisances_vary():
    exposure = Luminosity(luminosity=5)
    both = likelihood(by_rate(), exposure, [NORM])
    right = collected(exposure, 2000, published=both, nuisances="marginalised")
    assert right.coverage68.value > 0.68 - 3 * right.coverage68.error
    assert right.coverage95.value > 0.95 - 3 * right.coverage95.error
    assert right.nuisances.startswith("marginalised")
    assert right.marginalisation.effective_fraction > 0.5
    fixed = collected(exposure, 2000, published=both, nuisances="fixed")
    assert right.mean_sd["theta"] > 1.3 * fixed.mean_sd["theta"]


def test_observed_data_are_marginalised_with_statistical_errors():
    exposure, observed = EventCount(events=200), np.round(shapes()[3] * 200)
    few = made(shapes())
    few = type(few)(
        **{**few.__dict__, "sumw": few.sumw / 1000, "sumw2": few.sumw2 / 1000, "generated": few.generated / 1000}
    )
    both = likelihood(few, exposure, observed=observed)
    fixed = collected(exposure, 50, observed, both)
    free = collected(exposure, 50, observed, both, nuisances="marginalised")
    assert free.observed.sd["theta"] > fixed.observed.sd["theta"]
    assert free.observed_marginalisation is not None
    assert fixed.observed_marginalisation is None


def test_a_share_of_the_luminosity_has_the_same_relative_uncertainties():
    templates = made(shapes())
    flat = np.linspace(1.0, 2.0, 12)
    templates = type(templates)(**{**templates.__dict__, "background": {"flat": (flat, 0 * flat)}})
    whole, part = (
        systematic_gain(templates, Luminosity(luminosity=luminosity), [NORM, TILT], TILTED) for luminosity in (5, 1)
    )
    thinned, rates = whole.thinned(0.2), 3 + np.arange(12.0)[None]
    assert thinned.exposure == part.exposure
    for one, other in zip(thinned.models(rates), part.models(rates), strict=True):
        parameters = one.values[:, None] + 0.3
        assert one.model.rates(parameters) == pytest.approx(other.model.rates(parameters), rel=1e-12)


def test_a_published_workspace_is_scaled_with_its_absolute_uncertainties():
    modifiers = [
        {"name": "a", "type": "shapesys", "data": [4.0]},
        {"name": "b", "type": "histosys", "data": {"hi_data": [30.0], "lo_data": [10.0]}},
        {"name": "c", "type": "normsys", "data": {"hi": 1.2, "lo": 0.8}},
        {"name": "mu", "type": "normfactor", "data": None},
    ]
    channel = {"name": "x", "samples": [{"name": "b", "data": [20.0], "modifiers": modifiers}]}
    (sample,) = scaled({"channels": [channel], "measurements": []}, 0.5)["channels"][0]["samples"]
    assert sample["data"] == [10.0]
    assert [one["data"] for one in sample["modifiers"]] == [
        [2.0],
        {"hi_data": [15.0], "lo_data": [5.0]},
        {"hi": 1.2, "lo": 0.8},
        None,
    ]
