"""Posteriors of pseudo-experiments and of observed data: coverage, and nuisances that are profiled."""

import numpy as np
import pytest
from support.exact_normal import collected, likelihood, made, shapes

from robot_physicist.histfactory.systematics import NormSystematic
from robot_physicist.inference.posterior import profiled_log_likelihood
from robot_physicist.quantities.exposure import EventCount, Luminosity


@pytest.mark.parametrize("exposure", [EventCount(events=3), EventCount(events=30), Luminosity(luminosity=2)])
def test_credible_sets_hold_the_truth_at_least_as_often_as_they_say(exposure):
    result = collected(exposure)
    assert result.coverage68.value > 0.68 - 3 * result.coverage68.error
    assert result.coverage95.value > 0.95 - 3 * result.coverage95.error


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
