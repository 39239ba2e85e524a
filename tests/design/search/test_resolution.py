"""A search knows whether it has seen how far its gains change, and does not call its regret small before."""

import numpy as np
import pytest
from support.searches import run, search_campaign, told

from robot_physicist import reports
from robot_physicist.design.search.resolution import distances, holes, resolution
from robot_physicist.design.search.rounds import next_round
from robot_physicist.quantities.labels import parse

SQUARE = {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}
HILLS = ((0.56, (0.2, 0.8), 0.09), (0.55, (0.85, 0.2), 0.09), (0.32, (0.5, 0.45), 0.22))


def hills(values):
    """Two narrow hills, and a wide one that is lower."""
    place = np.array([values["a"], values["b"]])
    return 0.05 + sum(height * np.exp(-((place - at) ** 2).sum() / (2 * width**2)) for height, at, width in HILLS)


@pytest.mark.parametrize(
    ("settings", "search", "first"),
    [
        ({"phi": {"range": [0, 6.28]}}, {}, 6),
        (SQUARE, {}, 24),
        ({**SQUARE, "c": {"linspace": [0, 1, 50]}}, {}, 36),
        ({**SQUARE, "b": {"values": [3]}}, {}, 6),
        (SQUARE, {"initial": 7}, 7),
    ],
)
def test_a_first_round_has_twelve_settings_for_each_of_several_variables_or_as_many_as_are_asked_for(
    settings, search, first
):
    assert len(next_round(search_campaign(settings, **search), None, []).proposed) == first


def test_a_search_does_not_end_on_a_wide_hill_that_hides_narrow_ones():
    """With six first settings and the most probable length scale it did, and expected a tenth of its regret."""
    last = run(search_campaign(SQUARE, seed=3, batch=6, tolerance=0.06, rounds=20), hills, noise=0.3)[-1]
    assert "is within the tolerance" in last.stopped
    regret = hills({"a": 0.2, "b": 0.8}) - hills(parse(last.best))
    assert regret < last.regret_limit < 0.15


def test_few_settings_that_are_asked_for_do_not_resolve_a_length_scale():
    """The expected regret would be within the tolerance at once; the search goes where there are no settings yet."""
    campaign = search_campaign(SQUARE, initial=6, tolerance=5.0, rounds=2)
    _, second, last = run(campaign, hills)
    assert (second.stopped, len(second.proposed)) == ("", 3)
    tried = np.array([list(one.values.values()) for one in second.tried])
    apart = np.linalg.norm(tried[:, None] - tried[None], axis=-1) + np.eye(len(tried))
    assert apart[6:].min() > 0.2
    assert last.stopped.startswith("2 rounds; the length scale is not resolved (")
    assert last.unexplored > 0.05
    warning, *_ = last.warnings
    assert warning.endswith("the expected regret may be too small")
    assert f"warning: {warning}" in reports.words.summary(last)


def test_gains_that_all_agree_within_their_errors_do_not_converge():
    campaign = search_campaign(tolerance=1.0)
    first = next_round(campaign, None, [])
    gains = [told(one, 0.5 + 0.01 * (-1) ** i, 0.02, 800) for i, one in enumerate(first.proposed)]
    second = next_round(campaign, first, gains)
    assert second.expected_regret < 1.0
    assert not second.stopped
    assert second.warnings == [
        "the length scale is not resolved (the gains say no more of it than was assumed):"
        " the expected regret may be too small"
    ]


def test_a_domain_that_was_tried_as_a_whole_has_nothing_left_to_resolve():
    campaign = search_campaign({"phi": {"values": list(range(6))}}, tolerance=0.5)
    first = next_round(campaign, None, [])
    last = next_round(campaign, first, [told(one, 0.5, 0.005, 800) for one in first.proposed])
    assert (last.unexplored, last.warnings) == (0.0, [])
    assert "is within the tolerance" in last.stopped


def test_the_unexplored_share_is_that_of_a_line_with_a_gap():
    tried, places = np.array([[0.0], [1.0]]), np.linspace(0, 1, 1001)[:, None]
    found = resolution(np.array([[0.1], [0.05]]), 1.0, tried, places, whole=False)
    assert found.unexplored == pytest.approx((0.8 + 0.9) / 2, abs=0.002)
    assert "85% of the domain" in found.problem
    dense = np.linspace(0, 1, 21)[:, None]
    assert resolution(np.array([[0.1], [0.05]]), 1.0, dense, places, whole=False).problem == ""


def test_holes_are_filled_from_the_largest_on():
    tried, places = np.array([[0.0], [0.4], [1.0]]), np.linspace(0, 1, 11)[:, None]
    scales = np.array([[0.1]])
    assert list(holes(scales, tried, places, 2)) == [7, 2]
    assert distances(scales, tried, places)[0, 7] == pytest.approx(3)
    assert list(holes(scales, places, places, 3)) == []
