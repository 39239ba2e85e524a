"""Pseudo-data of a sequence are as many and as distributed as the truth says."""

import copy

import numpy as np
import pytest
from scipy.stats import kstest
from support.sequences import BORN, TOY

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import (
    SimulationError,
)
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.simulators.base import Simulator
from robot_physicist.simulators.weinberg_born import total_cross_section
from robot_physicist.stages.sequence.pseudo_data import pseudo_data

pytestmark = pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning")


def test_data_of_a_luminosity_are_poisson_with_the_accepted_cross_section():
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    exposure, setting, truth = Luminosity(luminosity=2), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}
    found = [pseudo_data(campaign, exposure, setting, truth, f"data {n}") for n in range(40)]
    accepted = 0.75 * (0.8 + 0.8**3 / 3)
    expected = 2 * total_cross_section(91.2, 0.23)
    generated, recorded = (np.array([getattr(one, kind) for one in found]) for kind in ("generated", "accepted"))
    assert generated.mean() == pytest.approx(expected, abs=4 * (expected / 40) ** 0.5)
    assert recorded.mean() == pytest.approx(accepted * expected, abs=4 * (accepted * expected / 40) ** 0.5)
    assert recorded.var() == pytest.approx(accepted * expected, rel=4 * (2 / 40) ** 0.5)


class Tilted(Simulator):
    """x in [0, 1], generated uniformly with weights 2x, cross-section 100 pb: p(x) = 2x."""

    settings = parameters = observables = None
    sign = 1

    def prepare(self, setting, parameters):
        return self

    def sample(self, events, rng):
        x = rng.random(events)
        return Events({"cos_theta": x}, events, self.sign * 2 * x, CrossSection(100.0))


@pytest.mark.parametrize("exposure", [EventCount(events=2000), Luminosity(luminosity=20)])
def test_weights_become_frequencies(monkeypatch, exposure):
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    monkeypatch.setattr("robot_physicist.stages.sequence.pseudo_data.build", lambda _: Tilted(None))
    found = pseudo_data(campaign, exposure, {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")
    assert found.weights is None
    assert found.accepted == pytest.approx(2000, abs=4 * 2000**0.5 if isinstance(exposure, Luminosity) else 0)
    assert kstest(found.columns["cos_theta"], lambda x: x**2).pvalue > 1e-3


def test_negative_weights_are_no_data(monkeypatch):
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    monkeypatch.setattr(Tilted, "sign", -1)
    monkeypatch.setattr("robot_physicist.stages.sequence.pseudo_data.build", lambda _: Tilted(None))
    with pytest.raises(SimulationError, match="negative weights"):
        pseudo_data(campaign, EventCount(events=5), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")


def test_data_hold_simulated_backgrounds():
    background = {"name": "other", "simulator": {"name": "weinberg_born"}, "parameters": {"sin2theta_w": 0.3}}
    campaign = campaign_from(copy.deepcopy(BORN | {"backgrounds": [background]}), "born.yaml")
    found = pseudo_data(campaign, Luminosity(luminosity=2), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")
    expected = 2 * (total_cross_section(91.2, 0.23) + total_cross_section(91.2, 0.3))
    assert found.generated == pytest.approx(expected, abs=5 * expected**0.5)


def test_events_outside_a_range_that_drops_them_are_not_recorded():
    content = copy.deepcopy(TOY) | {"observables": {"x": {"range": [0, 2], "bins": 4}}}
    campaign = campaign_from(content, "toy.yaml")
    found = pseudo_data(campaign, EventCount(events=500), {"variance": 1}, {"theta": 1}, "data 1")
    assert found.accepted == 500
    assert 0 <= found.columns["x"].min() < 0.1
    assert 1.9 < found.columns["x"].max() <= 2
    nowhere = campaign_from(content | {"observables": {"x": {"range": [900, 901], "bins": 4}}}, "toy.yaml")
    with pytest.raises(SimulationError, match="0 of 500 events were recorded"):
        pseudo_data(nowhere, EventCount(events=500), {"variance": 1}, {"theta": 1}, "data 1")
