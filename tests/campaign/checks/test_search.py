"""Mistakes in the section `search` are explained."""

import copy

import pytest
from support.searches import RAW

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import (
    CampaignError,
)


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
        ({"search": {"growth": 1.0001}}, "search.growth: has to be at least 1.1"),
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
