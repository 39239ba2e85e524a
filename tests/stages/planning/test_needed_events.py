"""How many events an error needs."""

import pytest
import yaml
from support.campaigns import changed

from robot_physicist.stages.planning import needed_events as wanted
from robot_physicist.stages.planning.cost import Probe
from robot_physicist.stages.planning.needed_events import PilotError, advice, events_needed, topped_up


def needs(*, error=0.02, integration=0.0, events=1000, setting="phi=1", exposure="events=1", enough=None):
    return PilotError(setting, exposure, events, error, integration, enough)


def test_the_events_needed_follow_the_law_by_which_the_error_falls():
    events = events_needed(needs(error=0.3 * 1000**-0.5), 0.3 * 7777**-0.5)
    assert 7777 <= events <= 7800
    assert events_needed(needs(error=0.01), 0.01) == 1000
    # of an error of 0.02 the part 0.006 stays: 0.0191 has to become 0.008
    assert events_needed(needs(integration=0.006), 0.01) == pytest.approx(
        1000 * (0.02**2 - 0.006**2) / 0.008**2, rel=0.02
    )


@pytest.mark.parametrize(
    ("pilot", "text"),
    [
        (needs(error=0.01), "reached"),
        (needs(error=0.009, integration=0.0089), "reached"),
        (needs(error=0), "reached"),
        (needs(), "4,000"),
        (needs(error=0.4, enough=1300), "1,300 at least: the interval is open; then ask again"),
        (
            needs(integration=0.008),
            "the integral over data alone has an error of 0.008: set estimator.draws to 16384 (now 4096), then ask again",
        ),
        (
            needs(error=2, integration=1),
            "out of reach: the integral over data alone has an error of 1, and needs more than 1,000,000 draws",
        ),
        (needs(error=9), "810,000,000"),
        (needs(error=11), "out of reach: more than 1,000,000,000 events"),
    ],
)
def test_what_an_error_needs_is_said(pilot, text):
    assert advice(pilot, 0.01, 4096) == text


def test_the_most_demanding_exposure_counts_and_nothing_is_thrown_away():
    pilots = [needs(exposure="a"), needs(error=0.03, exposure="b"), needs(error=0.001, setting="phi=2")]
    pilots += [needs(integration=0.009, setting="phi=3")]
    assert topped_up(pilots, 0.01) == {"phi=1": 9000, "phi=2": 1000, "phi=3": 1000}


def test_needs_are_written_as_lines_of_the_campaign(raw):
    topped = changed(raw, simulation={"events": 1000, "events_at": {"variance=0.5": 1500}})
    pilots = [needs(setting="variance=0.5", error=0.001), needs(setting="variance=2")]
    text = wanted.render(pilots, 0.01, topped, Probe(0.2, 1e-3, 8.0), 2)
    assert "5 branches to simulate again: 20,000 events, 12 s on 2 core(s)" in text
    block = yaml.safe_load(text[text.index("simulation:") :])
    assert block == {"simulation": {"events_at": {"variance=0.5": 1500, "variance=2": 4000}}}
    changed(raw, **block)
