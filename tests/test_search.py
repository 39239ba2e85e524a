"""Searches against known answers: what a measurement is worth, where the best setting is, when to stop, what is kept."""

import copy
import json

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter
from scipy.stats import norm

from robot_physicist import files, stages
from robot_physicist.campaign.branches import blocks
from robot_physicist.campaign.checks.search_state import check_state
from robot_physicist.campaign.digests import check_complete, digests
from robot_physicist.campaign.files import read_campaign, write_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.campaign.search_rounds import round_campaign
from robot_physicist.design.ranking import latest
from robot_physicist.design.search.acquisition import Belief, expected_regret, knowledge_gradient
from robot_physicist.design.search.domain import Domain, candidates, domain_of, lattice, pictured, spread
from robot_physicist.design.search.rounds import next_round
from robot_physicist.design.search.state import SearchState
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.errors import (
    BadInputError,
    CampaignError,
    DigestMismatchError,
    HistogramError,
    InputFileError,
    LabelClashError,
    PlanWarning,
)
from robot_physicist.quantities.estimates import Estimate, Interval
from robot_physicist.quantities.labels import label, parse
from robot_physicist.reports.figures.search import draw
from robot_physicist.simulators import load
from robot_physicist.statistics.gaussian_process import fit
from robot_physicist.templates import merging
from robot_physicist.templates.filling import fill
from robot_physicist.templates.histogram import Histogram

RAW = {
    "name": "find",
    "seed": 3,
    "simulator": {"name": "gaussian_cosine"},
    "settings": {"phi": {"range": [0, 6.28]}},
    "parameters": {"theta": {"values": [-1, 1]}},
    "observables": {"x": {"range": [-5, 5], "bins": 10, "overflow": "include"}},
    "exposure": {"events": 5},
    "simulation": {"events": 400},
    "search": {},
}


def search_campaign(settings=None, seed=3, **search):
    raw = {**copy.deepcopy(RAW), "search": search, "seed": seed}
    if settings:
        raw["settings"] = settings
        raw["simulator"] = {"name": "command", "options": {"executable": ["none"], "observables": ["x"]}}
    return campaign_from(raw, "find.yaml")


def told(setting, value, error, events, exposure="events=5"):
    half = Estimate(value, error)
    interval = Interval(value, error, value - 1.96 * error, value + 1.96 * error)
    return InformationGain(setting, exposure, 1.0, interval, half, half, None, 2, "", "none", events, events, [])


def run(campaign, truth, noise=0.3, events=None):
    """A whole search for the maximum of a known function, with results whose error is noise / √N; all its states."""
    rng = np.random.default_rng(campaign.seed)
    states = [next_round(campaign, None, [])]
    while not states[-1].stopped:
        gains = []
        for one in states[-1].tried:
            if one.setting in states[-1].proposed:
                made = sum(one.batches)
                error = noise / made**0.5
                gains.append(told(one.setting, truth(one.values) + error * rng.standard_normal(), error, 2 * made))
        states.append(next_round(campaign, states[-1], gains))
    return states


def cosine(values):
    return float(np.log1p(1 / (2 + np.cos(values["phi"])) ** 2))


def test_the_process_of_two_points_is_that_of_the_normal_distribution():
    """With the hyperparameters that were found, mean and variance are the textbook formulae."""
    x, y, errors, place = np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.array([0.1, 0.3]), np.array([[0.25]])
    found = fit(x, y, errors, place, seed=1)

    def kernel(first, second):
        r = np.sqrt(5) * abs(first - second.T) / found.length_scales[0]
        return found.sd**2 * (1 + r + r**2 / 3) * np.exp(-r)

    inverse = np.linalg.inv(kernel(x, x) + np.diag(errors**2))
    weights = kernel(place, x) @ inverse
    assert found.mean == pytest.approx(found.level + weights @ (y - found.level), abs=1e-6)
    assert found.covariance == pytest.approx(kernel(place, place) - weights @ kernel(x, place), abs=1e-6)


def test_a_point_with_a_large_error_counts_less():
    x, places = np.linspace(0, 1, 6)[:, None], np.array([[0.4]])
    y = np.array([0.0, 0.1, 1.0, 0.1, 0.0, 0.0])
    doubted, believed = (
        fit(x, y, np.where(np.arange(6) == 2, error, 0.02), places, seed=1).mean[0] for error in (1.0, 0.02)
    )
    assert believed > 0.9
    assert doubted < 0.4


def test_a_measurement_at_an_independent_place_is_worth_its_expected_improvement():
    mean, sd, error = np.array([0.3, 0.1]), np.array([1e-9, 0.5]), 0.2
    belief = Belief(mean, np.diag(sd**2), np.array([True, False]))
    change = sd[1] ** 2 / np.hypot(sd[1], error)
    pull = (mean[1] - mean[0]) / change
    improvement = change * (pull * norm.cdf(pull) + norm.pdf(pull))
    assert knowledge_gradient(belief, [1], [error])[0] == pytest.approx(improvement, rel=0.02)


def test_a_measurement_takes_away_as_much_variance_as_bayes_theorem_says():
    belief = Belief(np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([True, True]))
    after = belief.after(0, error=1.0)
    assert after.covariance == pytest.approx(np.array([[0.5, 0.25], [0.25, 0.875]]))


def test_the_expected_regret_of_two_places_is_that_of_the_normal_distribution():
    belief = Belief(np.array([0.2, 0.0]), np.diag([0.09, 0.16]), np.array([True, True]))
    difference, pull = 0.5, 0.2 / 0.5
    exact = difference * (norm.pdf(pull) - pull * norm.cdf(-pull))
    assert expected_regret(belief, np.random.default_rng(1), 200_000) == pytest.approx(exact, rel=0.02)


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


def test_settings_are_decimal_numbers_on_a_lattice():
    assert lattice(0, 6.28)[1] == 0.001
    assert len(lattice(78, 100)) == 2201
    domain = Domain(("phi",), (lattice(0, 6.28),))
    rng = np.random.default_rng(1)
    assert [one["phi"] for one in spread(domain, 3, rng)] == [0, 3.14, 6.28]
    found = candidates(domain, [{"phi": 1.5}], {"phi": 3.1}, rng)
    assert found[0] == {"phi": 1.5}
    assert len({label(one) for one in found}) == len(found) <= 600
    assert sum(abs(one["phi"] - 3.1) < 0.7 for one in found) > 150
    assert len(pictured(domain, {"phi": 3.1})) == 101
    assert domain_of(search_campaign()).size == 6281


# Events of rounds


def batched(numbers, setting=3.0):
    raw = copy.deepcopy(RAW)
    raw["chosen_settings"] = [{"phi": setting}]
    raw["simulation"] = {"events": 400, "folds": 5, "batches": {f"phi={setting:g}": numbers}}
    return campaign_from(raw, "find.yaml")


def filled(campaign):
    events = blocks(campaign, "phi=3", "theta=1")
    digest = digests(campaign, "phi=3", "theta=1")[-1]
    return fill(events, campaign.observables, 5, setting="phi=3", sample="theta=1", digest=digest)


def test_batches_are_new_events_and_add_up(monkeypatch):
    monkeypatch.setattr(load("gaussian_cosine"), "block_size", 100)
    first, second, whole = filled(batched([200])), filled(batched([200, 300])), filled(batched([500]))
    # full blocks are numbered on, so two batches hold the very events of one as large as both
    both = merging.one_per_sample([first, second])[0]
    assert both.sumw == pytest.approx(whole.sumw)
    assert (both.generated, both.outside) == (500, whole.outside)
    assert len({one.digest for one in (first, second, whole)}) == 3
    assert digests(batched([200, 300]), "phi=3", "theta=1") == [first.digest, second.digest]


def test_a_batch_that_is_missing_or_given_twice_is_an_error():
    first, second = filled(batched([200])), filled(batched([200, 300]))
    with pytest.raises(HistogramError, match="no histogram for batch 1 of phi=3, theta=1"):
        check_complete(batched([200, 300]), "phi=3", [second])
    with pytest.raises(LabelClashError, match="pass each file once"):
        merging.one_per_sample([first, first])


def test_a_campaign_without_a_loop_keeps_its_digests(campaign):
    """Files of earlier versions are recognised."""
    from robot_physicist.campaign.digests import branch_digest, campaign_digest

    assert campaign_digest(campaign) == "becc204aa6be5a4e"
    assert branch_digest(campaign, "variance=2", "theta=0") == "4f891bb9bc222698"


def test_of_several_rounds_a_design_takes_the_gain_from_most_events():
    gains = [told("phi=1", 0.4, 0.1, 900), told("phi=1", 0.5, 0.2, 300), told("phi=2", 0.3, 0.1, 300)]
    assert [(one.setting, one.simulated_events) for one in latest(gains)] == [("phi=1", 900), ("phi=2", 300)]


# The campaign file, and the stage


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"search": None}, "settings.phi.range: only a search can choose from a range"),
        ({"settings": {"phi": {"range": [2, 1]}}}, "settings.phi.range: the lower end must be below the upper one"),
        ({"settings": {"phi": {"range": [0, 1], "values": [0]}}}, "give either 'values' or 'linspace'"),
        ({"parameters": {"theta": {"range": [0, 1]}}}, "parameters.theta.range: unknown key"),
        ({"search": {"exposure": "events=6"}}, "search.exposure: no exposure 'events=6'; did you mean 'events=5'"),
        ({"search": {"toleranze": 1}}, "did you mean 'tolerance'"),
        ({"search": {"cost": {"per": {"phy": 1}}}}, "search.cost.per.phy: is no variable of the settings; did you mean"),
        ({"search": {"cost": {"per": {"phi": -1}}}}, "search.cost: is -5.28 at phi=6.28; a cost has to be positive"),
        ({"search": {"affordable": 0.5}}, "search.affordable: no setting costs so little, the cheapest 1; raise it"),
        ({"search": {"budget": 100}}, "search.budget: the first round alone generates 4800 events"),
        ({"search": None, "settings": {"phi": {"range": [0, 1]}}, "title": "t"}, "or add a section 'search'"),
        ({"settings": {"phi": {"range": [0, 1e-300]}}}, "settings.phi.range: no settings can be told apart between ends this close or far"),
        ({"settings": {"phi": {"range": [91.2, 91.2000000001]}}}, "no settings can be told apart"),
        ({"settings": {"phi": {"range": [-1e308, 1e308]}}}, "no settings can be told apart"),
        ({"search": {"cost": {"at": {"phy=1": 2}}}}, "search.cost.at.phy=1: is no setting; write phi=VALUE"),
        ({"search": {"cost": {"at": {"phi": 2}}}}, "search.cost.at.phi: is no setting; write phi=VALUE"),
        ({"search": {"cost": {"at": {"phi=1.0": 2}}}}, "search.cost.at.phi=1.0: no setting is spelt like this; did you mean 'phi=1'?"),
        ({"search": {"cost": {"at": {"phi=7": 2}}}}, "search.cost.at.phi=7: phi=7 is not among the settings; remove it"),
        ({"settings": {"phi": {"values": [1, 3]}}, "search": {"cost": {"at": {"phi=2": 2}}}}, "phi=2 is not among the settings"),
        ({"settings": {"phi": {"values": [0, 1, 2]}}, "search": {"cost": {"constant": -1, "per": {"phi": 1}, "at": {"phi=0": 1}}}}, "search.cost: is 0 at phi=1; a cost has to be positive"),
        ({"search": {"cost": {"constant": -1, "per": {"phi": 1}, "at": {"phi=0": 1}}}}, "search.cost: is -1 at phi=0; a cost has to be positive"),
        ({"search": {"cost": {"at": {"phi=0": 1e-300}}}}, "search.cost: from 1e-300 to 1 is too much for computers; take another unit"),
        ({"search": {"maximise": "gain per cost"}}, "search.cost: is missing; say what a setting costs, or maximise the gain alone"),
        ({"simulation": {"events_at": {"phi=0": 1000}}}, "simulation.events_at: a search decides how many events a setting gets"),
        ({"search": {"growth": 1.0001}}, "search.growth: input should be greater than or equal to 1.1"),
        ({"observed": {"file": "a.root", "setting": {"phi": 0}}}, "observed: belongs to a setting that is known"),
        ({"chosen_settings": [{"phy": 1}]}, "chosen_settings[0]: name each of phi"),
        ({"chosen_settings": [{"phi": 1}, {"phi": 1.0}]}, "chosen_settings[1]: 'phi=1' is there already"),
        ({"simulation": {"batches": {"phi=9": [100]}}}, "simulation.batches: there is no setting 'phi=9'"),
    ],
)  # fmt: skip
def test_mistakes_in_a_search_are_explained(change, message):
    raw = {key: value for key, value in {**copy.deepcopy(RAW), **change}.items() if value is not None}
    with pytest.raises(CampaignError) as caught:
        campaign_from(raw, "find.yaml")
    assert message in str(caught.value)


def test_a_key_without_content_is_no_search_and_a_search_of_defaults_is_one():
    with pytest.raises(CampaignError, match=r"search: is empty; write `search: \{\}` for a search with all defaults"):
        campaign_from({**copy.deepcopy(RAW), "search": None}, "find.yaml")
    assert campaign_from({**copy.deepcopy(RAW), "search": {}}, "find.yaml").search is not None


def test_few_settings_need_no_more_budget_than_they_generate():
    settings = {"phi": {"values": [1, 2]}}
    found = search_campaign_of(settings, budget=1600)
    assert next_round(found, None, []).simulated_events == 1600
    with pytest.raises(CampaignError, match=r"generates 1600 events \(2 settings × 2 samples"):
        search_campaign_of(settings, budget=1599)


def search_campaign_of(settings, **search):
    return campaign_from({**copy.deepcopy(RAW), "settings": settings, "search": search}, "find.yaml")


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


@pytest.mark.parametrize(("affordable", "least"), [(1.1, 6), (1.001, 1)])
def test_affordable_settings_in_a_corner_of_two_variables_are_found(affordable, least):
    settings = {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}
    cost = {"constant": 1, "per": {"a": 1, "b": 1}}
    state = next_round(search_campaign(settings, affordable=affordable, cost=cost), None, [])
    assert len(set(state.proposed)) == len(state.tried) >= least
    assert max(one.cost for one in state.tried) <= affordable


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


def test_branches_of_a_search_are_not_those_of_a_grid(tmp_path):
    """A graph without rounds would simulate the ends of the range."""
    path = tmp_path / "find.yaml"
    path.write_text(yaml.safe_dump(RAW))
    with pytest.raises(
        CampaignError, match=r"search: its settings are proposed round by round; run it with Snakemake"
    ):
        stages.branches(path, tmp_path / "branches.json")


@pytest.fixture
def proposed(tmp_path):
    """Files of a first round with its gains; a function that proposes the second one from changed ones."""
    path = tmp_path / "find.yaml"
    path.write_text(yaml.safe_dump(RAW))
    outputs = (tmp_path / "next.yaml", tmp_path / "next.json", tmp_path / "figures")
    stages.propose(path, [], [], tmp_path / "round.yaml", tmp_path / "search.json", tmp_path / "figures")
    state = json.loads((tmp_path / "search.json").read_text())
    gains = [told(one, cosine(parse(one)), 0.02, 800) for one in state["proposed"]]

    def propose(gains=gains, content=state, previous=1, campaign=RAW, proposal=outputs[0]):
        path.write_text(yaml.safe_dump(campaign))
        (tmp_path / "search.json").write_text(json.dumps(content))
        paths = [tmp_path / f"{index}.json" for index in range(len(gains))]
        for one, where in zip(gains, paths, strict=True):
            files.write_document(where, one)
        states = [tmp_path / "search.json"] * previous
        return stages.propose(path, paths, states, proposal, *outputs[1:])

    return propose, state, gains, path


def test_the_second_round_of_the_stage_is_that_of_the_search(proposed):
    propose, _, gains, _ = proposed
    campaign = campaign_from(RAW, "find.yaml")
    wanted = next_round(campaign, next_round(campaign, None, []), gains).proposed
    assert propose().startswith(f"round 2 at {' '.join(wanted)}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"campaign": "other"}, "its campaign is 'other', not 'find'"),
        ({"exposure": "events=6"}, "its exposure is 'events=6', not 'events=5'"),
        ({"maximise": "gain per cost"}, "its maximise is 'gain per cost', not 'gain'"),
        ({"round": -5}, "round -5 with 6 settings"),
        ({"tried": []}, "round 1 with 0 settings"),
        ({"proposed": ["phi=9"]}, "phi=9 is proposed, and not among those tried"),
        ({"values": {"x": 0.0}}, "'phi=0' is no setting of this campaign"),
        ({"values": {"phi": 1.0}}, "'phi=0' is no setting of this campaign"),
        ({"values": {"phi": -1.0}, "setting": "phi=-1"}, "phi=-1 is outside settings.phi"),
        ({"batches": []}, r"phi=0 has events \[\] in rounds \[1\]"),
        ({"batches": [-400]}, r"phi=0 has events \[-400\]"),
        ({"cost": 0}, "phi=0 costs 0 there"),
    ],
)
def test_the_state_of_another_search_is_refused(change, message):
    campaign = campaign_from(RAW, "find.yaml")
    state = TypeAdapter(SearchState).dump_python(next_round(campaign, None, []))
    inner = change.keys() & state["tried"][0].keys()
    state = (
        {**state, "tried": [{**state["tried"][0], **change}, *state["tried"][1:]]} if inner else {**state, **change}
    )
    with pytest.raises(DigestMismatchError, match=rf"search.json: the state of another search: {message}"):
        check_state(campaign, TypeAdapter(SearchState).validate_python(state), "search.json")


def test_the_state_of_a_search_can_be_shown(tmp_path):
    campaign = search_campaign(rounds=1, maximise="gain per cost", cost={"constant": 2})
    first, last = run(campaign, cosine)
    for state, wanted in (
        (first, ["6 settings, 4,800 events", "round 1: phi=0 phi=1.256"]),
        (
            last,
            [f"{last.best} is best: {last.best_gain.value:.3f} ± ", " nats per cost; expected", "stopped: 1 rounds"],
        ),
    ):
        files.write_document(tmp_path / "search.json", state)
        text = stages.show(tmp_path / "search.json", colour=False)
        assert text.startswith("Search of find · events=5 · most gain per cost\n")
        assert all(part in text for part in wanted)
    (tmp_path / "search.json").write_text("[]")
    with pytest.raises(InputFileError, match="which are what can be shown"):
        stages.show(tmp_path / "search.json", colour=False)


def test_what_does_not_belong_to_a_round_is_refused(proposed):
    propose, state, gains, path = proposed
    with pytest.raises(DigestMismatchError, match="there is a result for phi=7, for which this search has not asked"):
        propose(gains=[*gains, told("phi=7", 1.0, 0.1, 800)])
    with pytest.raises(LabelClashError, match="two results for phi=0, events=5; pass those of one round"):
        propose(gains=[*gains, gains[0]])
    with pytest.raises(BadInputError, match="gains need the state that asked for them; pass it with --previous"):
        propose(previous=0)
    with pytest.raises(BadInputError, match="one state is enough"):
        propose(previous=2)
    with pytest.raises(BadInputError, match=r"find\.yaml: is the campaign of the search; name another file"):
        propose(proposal=path)
    with pytest.raises(
        DigestMismatchError, match=r"search\.json: the state of another search: its campaign is 'other'"
    ):
        propose(content={**state, "campaign": "other"})
    with pytest.raises(InputFileError, match=r"search\.json: not a JSON file \(NaN is not a number\)"):
        propose(content={**state, "simulated_events": float("nan")})


def test_the_stage_writes_a_campaign_that_stands_alone(tmp_path):
    """It is valid, holds nothing but the proposed settings, and has the files that it names beside it."""
    raw = copy.deepcopy(RAW)
    raw["simulator"] = {"name": "weinberg_born"}
    raw["settings"] = {"sqrt_s": {"range": [80, 100], "unit": "GeV"}}
    raw["parameters"] = {"sin2theta_w": {"values": [0.22, 0.24]}}
    raw["observables"] = {"cos_theta": {"range": [-1, 1], "bins": 2}}
    raw["exposure"] = {"luminosity": 1}
    raw["backgrounds"] = [{"name": "dust", "file": "shapes/dust.json", "histogram": "h"}]
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes/dust.json").write_text(json.dumps({"h": [1.0, 2.0]}))
    (tmp_path / "find.yaml").write_text(yaml.safe_dump(raw))
    folder = tmp_path / "new/round=1"
    outputs = (folder / "campaign.yaml", folder / "search.json", folder / "figures")
    printed = stages.propose(tmp_path / "find.yaml", [], [], *outputs)
    made, state = read_campaign(outputs[0]), files.read_document(SearchState, outputs[1])
    assert [label(point) for point in made.setting_points] == state.proposed
    assert len(state.proposed) == 6
    assert "round 1 at sqrt_s=80" in printed
    assert (folder / "shapes/dust.json").read_text() == json.dumps({"h": [1.0, 2.0]})
    assert {path.name for path in outputs[2].iterdir()} == {"search.pdf", "search.png"}
    assert {made.events_at(setting) for setting in state.proposed} == {400}


def test_eig_adds_the_batches_of_its_setting_and_passes_over_other_settings(tmp_path):
    def histogram(numbers, setting, name):
        campaign_file = tmp_path / f"{name}.yaml"
        write_campaign(campaign_file, batched(numbers, setting), tmp_path)
        paths = []
        for sample in ("theta=-1", "theta=1"):
            events, path = (tmp_path / name / sample / file for file in ("events.root", "histogram.json"))
            stages.simulate(campaign_file, f"phi={setting:g}", sample, events)
            stages.histogram(campaign_file, f"phi={setting:g}", sample, events, path)
            paths.append(path)
        return campaign_file, paths

    _, first = histogram([400], 3.0, "first")
    _, other = histogram([400], 2.0, "other")
    campaign_file, second = histogram([400, 1200], 3.0, "second")
    stages.eig(campaign_file, "phi=3", "events=5", [*first, *other, *second], tmp_path / "eig.json")
    assert files.read_document(InformationGain, tmp_path / "eig.json").simulated_events == 3200
    assert files.read_document(Histogram, second[0]).generated == 1200
    with pytest.raises(HistogramError, match="no histogram for batch 1"):
        stages.eig(campaign_file, "phi=3", "events=5", second, tmp_path / "eig.json")


def test_validate_and_plan_say_what_is_known_of_a_search(tmp_path):
    path = tmp_path / "find.yaml"
    path.write_text(yaml.safe_dump(RAW))
    assert "a search of at most 6 rounds over phi, 2 samples at each setting" in stages.validate(path)
    with pytest.warns(PlanWarning, match="only the first round"):
        text = stages.plan(path, 1, None, None)
    assert "12 = 6 settings × 2 samples" in text
    assert text.count("events      4,800 generated, 400 per branch") == text.count(" generated") == 1
    with pytest.raises(BadInputError, match="a search decides by itself how many events a setting gets"):
        stages.plan(path, 1, 0.01, None)
