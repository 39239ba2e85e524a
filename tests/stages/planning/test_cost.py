"""What a campaign costs, before it is run."""

import numpy as np
import pytest

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.stages.planning.cost import Probe, plan, probe, render


def test_a_plan_adds_up(campaign):
    planned = plan(campaign, Probe(startup=0.2, per_event=1e-3, bytes_per_event=8.0), cores=2)
    assert planned.events == 10 * 2000
    assert planned.bytes == 160_000
    assert planned.seconds == pytest.approx(10 * (0.2 + 2.0 + 0.8) / 2)
    text = render(planned, campaign)
    assert "10 = 2 settings × 5 samples; 34 jobs" in text
    assert "variance=0.5 / theta=-1" in text
    assert "events=5: 5 signal events expected at variance=0.5 / theta=-1" in text


def test_a_plan_says_how_many_events_a_luminosity_records(raw):
    from robot_physicist.simulators import weinberg_born

    raw.update(
        simulator={"name": "weinberg_born", "options": {"cos_theta_max": 0.5}},
        settings={"sqrt_s": {"values": [91.2]}},
        parameters={"sin2theta_w": {"values": [0.23, 0.24]}},
        observables={"cos_theta": {"range": [-1, 1], "bins": 4}},
        exposure={"luminosity": 2, "unit": "nb-1"},
    )
    campaign = campaign_from(raw, "x")
    ticks = iter([0.0, 1.0, 4.0])
    planned = plan(campaign, probe(campaign, lambda: next(ticks)), cores=1)
    acceptance = weinberg_born.acceptance(0.5)
    expected = 2e-3 * acceptance * weinberg_born.total_cross_section(91.2, 0.23)
    error = expected * np.sqrt((1 - acceptance) / acceptance / 2000)
    assert abs(planned.recorded["luminosity=2nb-1"] - expected) < 3 * error


def test_the_probe_times_the_simulator(campaign):
    ticks = iter([0.0, 1.0, 4.0])
    assert probe(campaign, lambda: next(ticks)) == Probe(1.0, (3.0 - 1.0) / 2000, 8.0)
