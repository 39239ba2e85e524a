"""Rounds of searches and of sequences, watched."""

import json

import yaml
from support.watched_results import START, counts, outputs, put, rendered

from robot_physicist.campaign.layout import jobs
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.options import Search
from robot_physicist.design.sequence.options import Sequence
from robot_physicist.watch.screen import look
from robot_physicist.watch.view import line


def rounds(raw, results, name, number, **state):
    folder = results.folder / f"round={number}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "campaign.yaml").write_text(yaml.safe_dump(raw))
    (folder / f"{name}.json").write_text(json.dumps(state))


def test_rounds_of_a_search(raw, campaign, results):
    campaign = campaign.model_copy(update={"search": Search()})
    rounds(raw, results, "search", 1, exposure="events=5", stopped="")
    put(results.folder, outputs(campaign, "simulate", "histogram", "eig", folder="round=1/", last="eig"))
    raw["settings"] = {"variance": {"values": [0.25]}}
    rounds(raw, results, "search", 2, exposure="events=5", stopped="")
    state = look(campaign, results, START + 30)
    assert [(r.number, r.settings, r.done, r.total) for r in state.rounds] == [
        (1, ((0.5,), (2,)), 10, 10), (2, ((0.25,),), 0, 5)
    ]  # fmt: skip
    assert [(b.exposure, b.setting, b.known, b.total) for b in state.best] == [("events=5", "variance = 0.5", 2, 3)]
    assert not state.finished
    put(results.folder, [job.output for job in jobs(campaign_from(raw, "x"), "round=2/", "eig")], START + 40)
    put(results.folder, outputs(campaign, "likelihood", "posterior", folder="round=1/", last="eig"), START + 40)
    assert not look(campaign, results, START + 80).finished
    rounds(raw, results, "search", 2, exposure="events=5", stopped="the budget is spent")
    state = look(campaign, results, START + 80)
    assert counts(state)["design"] == (0, 1)
    assert state.best[0].setting == "variance = 0.25"
    assert "round 2 at 0.25; round 2: the budget is spent; 15 of 15 branches; " in line(state)
    assert "→ round 2: the budget is spent" in rendered(state)
    put(results.folder, ["design.json"], START + 90)
    assert look(campaign, results, START + 91).finished


def test_rounds_that_are_left_of_a_search_are_not_those_of_a_grid(raw, campaign, results):
    rounds(raw, results, "search", 1, exposure="events=5", stopped="")
    put(results.folder, [job.output for job in jobs(campaign)])
    state = look(campaign, results, START + 50)
    assert state.rounds == ()
    assert state.finished


def test_rounds_of_a_sequence(raw, campaign, results):
    campaign = campaign.model_copy(update={"sequence": Sequence(rounds=3)})
    rounds(raw, results, "sequence", 1, rounds=[])
    put(results.folder, [job.output for job in jobs(campaign, "round=1/")])
    measurement = results.folder / "round=1/measurement/campaign.yaml"
    measurement.parent.mkdir()
    measurement.write_text(
        yaml.safe_dump({**raw, "settings": {"variance": {"values": [0.5]}}, "exposure": {"events": 5}})
    )
    state = look(campaign, results, START + 50)
    assert counts(state) == {
        "simulate": (10, 15), "histogram": (10, 15), "likelihood": (4, 5), "posterior": (4, 5), "eig": (4, 4),
        "design": (1, 1), "update": (0, 1),
    }  # fmt: skip
    assert state.best[0].setting == "variance = 0.5"
    known = {"theta": {"mean": 0.91, "sd": 0.2, "interval68": [], "interval95": []}}
    rounds(raw, results, "sequence", 2, rounds=[{"setting": "variance=0.5", "known": known}])
    state = look(campaign, results, START + 50)
    assert [one.number for one in state.rounds] == [1, 2]
    assert state.rounds[0].note == "at variance=0.5: theta = 0.91 ± 0.2"
    assert state.best == ()
    assert not state.finished
