"""An exposure of as many events as were observed: each setting's own number, or the one that stands in."""

import json

import jsonschema
import pytest
import yaml
from support.campaigns import ROOT
from support.observed_data import mass_campaign, masses, write

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign, write_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.project.reference import campaign_schema
from robot_physicist.quantities.errors import CampaignError, ObservableError, UnknownNameError
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.quantities.labels import exposure_labels, files_at
from robot_physicist.stages.checking import validate
from robot_physicist.stages.reading.inputs import exposure_at, exposure_named
from robot_physicist.stages.sequence.whole_campaign import whole_campaign

pytestmark = [
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.MarginalisationWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.GainWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]


def _campaign(folder, exposure, settings=(4, 9), **changes):
    path = mass_campaign(folder)
    raw = yaml.safe_load(path.read_text()) | {"exposure": exposure, **changes}
    raw["settings"]["variance"]["values"] = list(settings)
    raw["simulation"] = {"events": 2000}
    path.write_text(yaml.safe_dump(raw))
    return path


def test_each_stage_takes_the_number_of_its_setting(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    path = _campaign(tmp_path, {"events": "observed", "else": 50})
    jsonschema.validate(yaml.safe_load(path.read_text()), campaign_schema())
    assert "2 settings" in validate(path)
    whole_campaign(path)
    for setting, events in (("variance=4", 137), ("variance=9", 50)):
        folder = tmp_path / setting / "events=observed"
        assert json.loads((folder / "eig.json").read_text())["recorded_events"] == events
        workspace = json.loads((folder / "workspace.json").read_text())
        assert sum(workspace["observations"][0]["data"]) == pytest.approx(events)
        patches = json.loads((folder / "patchset.json").read_text())
        assert patches["metadata"]["exposure"] == f"events={events}"
        posterior = json.loads((folder / "posterior.json").read_text())
        assert (posterior["observed"] is None) == (setting == "variance=9")


def test_the_gain_is_that_of_the_same_number_written_by_hand(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    observed = _campaign(tmp_path, {"events": "observed"}, (4,))
    campaign = read_campaign(observed)
    assert exposure_at(observed, campaign, "variance=4", "events=observed") == EventCount(events=137)
    with pytest.raises(CampaignError, match="differs between settings"):
        exposure_named(campaign, "events=observed")
    with pytest.raises(UnknownNameError, match="did you mean 'variance=4'"):
        exposure_at(observed, campaign, "variance=5", "events=observed")


def test_settings_without_data_need_a_number(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    with pytest.raises(
        CampaignError, match=r"exposure\[0\]\.events: there are no observed data at variance=9; write"
    ) as e:
        validate(_campaign(tmp_path, {"events": "observed"}))
    assert "else: 2000" in str(e.value)


@pytest.mark.parametrize(
    ("exposure", "message"),
    [
        ({"events": "observed", "else": 0}, "exposure[0].else: has to be at least 1, not 0"),
        ({"events": "observed", "els": 5}, "did you mean 'else'"),
        ({"events": 5, "else": 5}, "exposure[0].else: unknown key"),
    ],
)
def test_mistakes_are_explained(tmp_path, exposure, message):
    write(tmp_path / "data.root", {"x": masses(137)})
    with pytest.raises(CampaignError) as caught:
        read_campaign(_campaign(tmp_path, exposure))
    assert message in str(caught.value)


def test_data_without_an_event_in_range_give_no_number(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    observed = {"file": "data.root", "setting": {"variance": 4}, "selection": ["x > 1000"]}
    with pytest.raises(ObservableError):
        validate(_campaign(tmp_path, {"events": "observed"}, (4,), observed=observed))


def test_loops_need_a_number_beforehand(raw):
    raw |= {"exposure": {"events": "observed", "else": 5}, "sequence": {"rounds": 2, "truth": {"theta": 0}}}
    with pytest.raises(CampaignError, match="no data are observed before a sequence; write a number"):
        campaign_from(raw, "x")


def test_a_written_campaign_says_the_same(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    path = _campaign(tmp_path, {"events": "observed", "else": 50})
    write_campaign(tmp_path / "copy" / "mass.yaml", read_campaign(path), tmp_path)
    assert read_campaign(tmp_path / "copy" / "mass.yaml").model_dump() == read_campaign(path).model_dump()


def test_graphs_know_the_label_and_the_file():
    raw = yaml.safe_load((ROOT / "examples/real_data/muon_pairs.yaml").read_text())
    raw["exposure"] = {"events": "observed", "else": 5}
    raw["settings"] = {"a": {"values": [1, 2]}}
    del raw["backgrounds"]
    raw["observed"] = {"file": "data.root", "setting": {"a": 2}}
    assert exposure_labels(raw) == ["events=observed"]
    assert files_at(raw, "a=2", "events=observed") == ["data.root"]
    assert files_at(raw, "a=1", "events=observed") == []


def test_stages_list_the_label(tmp_path):
    write(tmp_path / "data.root", {"x": masses(137)})
    stages.branches(_campaign(tmp_path, {"events": "observed", "else": 50}), tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text())["exposures"] == ["events=observed"]
