"""The state of another search is refused."""

import pytest
from pydantic import TypeAdapter
from support.searches import RAW

from robot_physicist.campaign.checks.search_state import check_state
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.rounds import next_round
from robot_physicist.design.search.state import SearchState
from robot_physicist.quantities.errors import (
    DigestMismatchError,
)


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
