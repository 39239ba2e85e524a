"""Searches by their stage: proposals, states that are shown, and campaigns that stand alone."""

import copy
import json

import pytest
import yaml
from support.searches import RAW, batched, cosine, run, search_campaign, told

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign, write_campaign
from robot_physicist.campaign.reading import campaign_from
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
from robot_physicist.quantities.labels import label, parse
from robot_physicist.templates.histogram import Histogram


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
