"""Searches against known answers: what a measurement is worth, where the best setting is, when to stop, what is kept."""

import numpy as np
import pytest
from support.searches import cosine, run, search_campaign, search_campaign_of, told

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.campaign.search_rounds import round_campaign
from robot_physicist.design.search.rounds import next_round
from robot_physicist.quantities.errors import (
    CampaignError,
    DigestMismatchError,
)
from robot_physicist.quantities.labels import parse
from robot_physicist.reports.figures.search import draw


@pytest.mark.parametrize("seed", range(2))
def test_the_optimum_of_the_cosine_is_found_at_pi(seed):
    states = run(search_campaign(seed=seed, tolerance=0.003, rounds=20), cosine)
    found = parse(states[-1].best)
    assert cosine({"phi": np.pi}) - cosine(found) < 0.01
    assert "tolerance" in states[-1].stopped
    assert states[-1].expected_regret <= 0.003


@pytest.mark.parametrize("dimensions", [2, 3, 4])
def test_of_two_optima_the_higher_one_is_found(dimensions):
    names = "abcd"[:dimensions]
    settings = {name: {"range": [0, 10]} for name in names}

    def truth(values):
        point = np.array([values[name] / 10 for name in names])
        peaks = [(1.0, 0.7), (0.8, 0.2)]
        return sum(height * np.exp(-((point - at) ** 2).sum() / 0.18) for height, at in peaks)

    campaign = search_campaign(settings, initial=8 * dimensions, batch=4, tolerance=0.02, rounds=5)
    last = run(campaign, truth)[-1]
    assert truth(dict.fromkeys(names, 7.0)) - truth(parse(last.best)) < 0.05
    assert draw(campaign, last).keys() == {"search.pdf", "search.png"}


def test_values_and_a_range_may_be_mixed():
    settings = {"gas": {"values": [1, 2, 5]}, "voltage": {"range": [100, 300]}}
    campaign = search_campaign(settings, tolerance=0.005, rounds=12)
    states = run(campaign, lambda values: values["gas"] / 5 - ((values["voltage"] - 220) / 150) ** 2)
    for one in states[-1].tried:
        assert one.values["gas"] in (1, 2, 5)
        assert 100 <= one.values["voltage"] <= 300
    best = parse(states[-1].best)
    assert best["gas"] == 5
    assert abs(best["voltage"] - 220) < 25


def test_only_contenders_get_more_events():
    settings = {"phi": {"values": list(range(12))}}
    states = run(
        search_campaign(settings, initial=12, rounds=8, tolerance=1e-4), lambda v: -(((v["phi"] - 7) / 12) ** 2)
    )
    events = {one.values["phi"]: sum(one.batches) for one in states[-1].tried}
    assert all(events[value] == 400 for value in (0, 1, 2, 11))
    assert max(events[value] for value in (6, 7, 8)) >= 1600
    assert states[-1].best == "phi=7"


def test_a_batch_is_made_of_different_settings_and_no_longer_than_asked():
    for state in run(search_campaign(batch=4, tolerance=0.001, rounds=6), cosine)[1:]:
        assert len(set(state.proposed)) == len(state.proposed) <= 4


def test_the_search_stops_at_its_rounds_and_at_its_budget():
    states = run(search_campaign(rounds=2, tolerance=1e-9), cosine)
    assert states[-1].stopped == "2 rounds"
    assert states[-1].round == 3
    campaign = search_campaign(rounds=50, tolerance=1e-9, budget=8000)
    last = run(campaign, cosine)[-1]
    assert last.stopped == "the budget is spent"
    assert 8000 - 2 * 400 < last.simulated_events <= 8000


def test_a_search_that_has_stopped_proposes_nothing_more():
    campaign = search_campaign(rounds=1)
    last = run(campaign, cosine)[-1]
    again = next_round(campaign, last, [])
    assert (again.round, again.proposed, again.stopped, again.best) == (3, [], last.stopped, last.best)
    assert round_campaign(campaign, again).setting_points == []


def test_gain_per_cost_has_another_optimum_and_what_is_too_dear_is_left_out():
    cost = {"constant": 1, "per": {"phi": 1}}
    last = run(search_campaign(maximise="gain per cost", cost=cost, tolerance=0.003, rounds=15), cosine)[-1]
    phi = np.linspace(0, 6.28, 1000)
    ratio = np.log1p(1 / (2 + np.cos(phi)) ** 2) / (1 + phi)
    at = parse(last.best)
    assert ratio.max() - cosine(at) / (1 + at["phi"]) < 0.01
    cheap = run(search_campaign(affordable=3, cost=cost, tolerance=0.003, rounds=8), cosine)[-1]
    assert max(one.cost for one in cheap.tried) <= 3
    assert parse(cheap.best)["phi"] == pytest.approx(2, abs=0.15)


def test_a_gain_that_is_too_good_is_simulated_again_before_the_search_ends():
    campaign = search_campaign({"phi": {"values": list(range(6))}}, tolerance=0.5)
    first = next_round(campaign, None, [])
    gains = [told(one, 0.5, 0.005, 800) for one in first.proposed]
    assert next_round(campaign, first, gains).stopped
    gains[2] = told("phi=2", 0.9, 0.15, 800)
    second = next_round(campaign, first, gains)
    assert "phi=2" in second.proposed
    assert not second.stopped


def test_the_same_results_give_the_same_proposals_in_any_order():
    campaign = search_campaign()
    first = next_round(campaign, None, [])
    gains = [told(one, cosine(parse(one)), 0.02, 800) for one in first.proposed]
    assert next_round(campaign, first, gains) == next_round(campaign, first, gains[::-1])
    with pytest.raises(DigestMismatchError, match="no result for phi=0, events=5; run the eig stage"):
        next_round(campaign, first, gains[1:])


def test_few_settings_need_no_more_budget_than_they_generate():
    settings = {"phi": {"values": [1, 2]}}
    found = search_campaign_of(settings, budget=1600)
    assert next_round(found, None, []).simulated_events == 1600
    with pytest.raises(CampaignError, match=r"generates 1600 events \(2 settings × 2 samples"):
        search_campaign_of(settings, budget=1599)


@pytest.mark.parametrize(
    ("settings", "search", "first"),
    [
        ({"phi": {"values": [1, 2, 3, 4]}}, {"initial": 3, "affordable": 3, "cost": {"per": {"phi": 1}}}, ["phi=1", "phi=2"]),
        ({"phi": {"range": [0, 6]}}, {"affordable": 1, "cost": {"per": {"phi": 1}}}, ["phi=0"]),
        ({"phi": {"values": [1, 2, 3]}}, {"affordable": 2, "cost": {"constant": 3, "at": {"phi=2": 1}}}, ["phi=2"]),
        ({"phi": {"range": [1, 3]}}, {"affordable": 2, "cost": {"constant": 3, "at": {"phi=2.5": 1}}}, ["phi=2.5"]),
    ],
)  # fmt: skip
def test_a_first_round_of_few_affordable_settings_has_each_of_them_once(settings, search, first):
    campaign = search_campaign_of(settings, **search)
    state = next_round(campaign, None, [])
    assert state.proposed == first
    gains = [told(one, 0.3, 0.02, 800) for one in first]
    second = next_round(campaign, state, gains)
    assert second.best in first
    assert all(one.cost <= search["affordable"] for one in second.tried)


def test_a_variable_that_is_fixed_is_not_drawn():
    settings = {"a": {"values": [3]}, "b": {"range": [0, 1]}}
    campaign = search_campaign(settings, rounds=1)
    last = run(campaign, lambda values: -((values["b"] - 0.4) ** 2))[-1]
    assert draw(campaign, last).keys() == {"search.pdf", "search.png"}


def test_a_step_has_as_many_events_as_there_are_folds():
    """With little growth the next batch is a few events, which could not be put into folds."""
    campaign = search_campaign(growth=1.1, tolerance=1e-6, rounds=3)
    campaign = campaign.model_copy(update={"simulation": campaign.simulation.model_copy(update={"events": 20})})
    for state in run(campaign, cosine):
        assert all(min(one.batches) >= campaign.simulation.folds for one in state.tried)
        campaign_from(round_campaign(campaign, state).model_dump(exclude_unset=True), "round")


def test_a_search_that_wants_nothing_more_does_not_blame_its_budget():
    campaign = search_campaign_of({"phi": {"values": [1, 2]}}, budget=10**9, tolerance=1e-9)
    first = next_round(campaign, None, [])
    # four errors apart: no affordable result would change which one is best
    gains = [told("phi=1", 0.10, 0.01, 800), told("phi=2", 0.14, 0.01, 800)]
    last = next_round(campaign, first, gains)
    assert last.expected_regret > 1e-9
    assert last.stopped == "nothing is left to simulate"
