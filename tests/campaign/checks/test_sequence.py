"""Mistakes in the section `sequence` are named."""

import copy

import pytest
from support.sequences import BORN, TOY

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import (
    CampaignError,
    UnknownNameError,
)


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"exposure": [{"events": 1}, {"events": 2}]}, CampaignError, "sequence: every round has the same exposure"),
        ({"sequence": {"rounds": 4, "truth": {"theta0": 1}}}, UnknownNameError, "did you mean 'theta'"),
        ({"sequence": {"rounds": 0}}, CampaignError, "sequence.rounds"),
        (
            {"sequence": {"rounds": 4, "truth": {"theta": 3.5}}},
            CampaignError,
            r"sequence.truth.theta: 3.5 is outside \[-2, 3\], where the prior is; .*parameters.theta",
        ),
        (
            {"sequence": {"rounds": 1}, "observed": [{"file": "a.root", "setting": {"variance": 1}}] * 2},
            CampaignError,
            "sequence.rounds: 1, with 2 entries in `observed`; make it 2 or more",
        ),
        ({"sequence": {"rounds": 4, "round": 4}}, UnknownNameError, "did you mean 'rounds'"),
        ({"observed": {"file": "a.root", "setting": {"variance": 1}}}, CampaignError, "remove `truth` or `observed`"),
        (
            BORN | {"sequence": {"rounds": 4, "truth": {"sin2theta_w": 7}}},
            CampaignError,
            r"sequence.truth.sin2theta_w: 7 is outside",
        ),
        (
            BORN | {"backgrounds": [{"name": "flat", "file": "b.json", "histogram": "flat"}]},
            CampaignError,
            "no events can be drawn from a histogram",
        ),
    ],
)
def test_mistakes_in_the_section_are_named(changes, kind, said):
    with pytest.raises(kind, match=said):
        campaign_from(copy.deepcopy({**TOY, **changes}), "toy.yaml")
