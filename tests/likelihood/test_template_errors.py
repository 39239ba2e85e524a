"""What the errors that templates of all θ share do to posteriors."""

from dataclasses import replace

import numpy as np
import pytest
from support.muon_pairs import born_shape, simulated

from robot_physicist.likelihood.results import TemplateErrors
from robot_physicist.likelihood.template_errors import credibility, template_errors, too_narrow
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.statistics.grid_posterior import log_likelihood, normalise
from robot_physicist.templates.options import Simulation

PRIOR, THOUSAND = np.full(21, 1 / 21), EventCount(events=1000)


def stated(events, exposure=THOUSAND, seed=1, **options):
    made = simulated(born_shape(82), events, np.random.default_rng(seed), **options)
    return template_errors(made, exposure, PRIOR, Simulation(), np.random.default_rng(2))


def test_as_many_simulated_events_as_recorded_ones_make_posteriors_too_narrow_and_say_so():
    """Sets of 95% hold the truth in 90%, as is measured with data of the simulator itself."""
    few, many = stated(1000), stated(100_000)
    assert few.coverage95 == pytest.approx(0.9, abs=0.035)
    assert many.coverage95 == pytest.approx(0.95, abs=0.02)
    assert few.factor > 1.1 > many.factor >= 1.0
    assert "too narrow by a factor of 1." in too_narrow(few)[0]
    assert too_narrow(many) == []


def test_few_recorded_events_need_few_simulated_ones():
    assert stated(1000, EventCount(events=1)).factor < 1.1
    assert stated(1000, EventCount(events=10)).factor < 1.1


def test_rates_know_their_errors_too():
    luminosity = Luminosity(luminosity=1, unit="pb-1")
    sections = {"section": np.full(21, 1000.0)}
    exact = stated(100_000, luminosity, section_error=np.zeros(21), **sections)
    rough = stated(100_000, luminosity, section_error=np.full(21, 50.0), **sections)
    assert rough.factor > exact.factor


def test_events_that_all_points_share_are_repeated_by_folds():
    made = simulated(born_shape(82), 1000, np.random.default_rng(1))
    found = template_errors(replace(made, shared=True), THOUSAND, PRIOR, Simulation(), np.random.default_rng(2))
    assert 0.3 < found.coverage95 < 0.95


def test_credibilities_of_the_right_model_are_uniform():
    rng, rates = np.random.default_rng(3), 200 * born_shape(82)
    truth = rng.choice(21, size=4000, p=PRIOR)
    posterior = normalise(log_likelihood(rng.poisson(rates[truth]).astype(float), rates, False), PRIOR)[0]
    found = np.sort(credibility(posterior, truth, rng.random(4000)))
    assert np.abs(found - (np.arange(4000) + 0.5) / 4000).max() < 1.63 / np.sqrt(4000)  # Kolmogorov's 1%


def test_a_factor_is_never_below_one():
    assert too_narrow(TemplateErrors(0.96, 1.0)) == []
    assert all(stated(10_000, seed=seed).factor >= 1 for seed in range(3))
