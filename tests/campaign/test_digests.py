"""What changes the digest of a branch and its events, and what does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.campaigns import changed

from robot_physicist.campaign.branches import blocks
from robot_physicist.campaign.digests import branch_digest, campaign_digest
from robot_physicist.quantities.errors import (
    UnknownNameError,
)
from robot_physicist.quantities.seeds import branch_generator
from robot_physicist.stages.planning.cost import Probe, plan


def test_extending_a_grid_changes_neither_digests_nor_events(raw, campaign):
    longer = changed(
        raw, settings={"variance": {"values": [0.1, 0.5, 1, 2]}}, parameters={"theta": {"linspace": [-1, 1, 9]}}
    )
    for setting in ("variance=0.5", "variance=2"):
        for sample in ("theta=-1", "theta=0.5"):
            assert branch_digest(campaign, setting, sample) == branch_digest(longer, setting, sample)
            (before,), (after,) = (list(blocks(c, setting, sample)) for c in (campaign, longer))
            assert before.columns["x"].tobytes() == after.columns["x"].tobytes()


def test_binning_exposure_and_title_do_not_change_a_branch(raw, campaign):
    other = changed(raw, exposure={"events": 99}, title="T", observables={"x": {"range": [0, 1], "bins": 3}})
    assert branch_digest(campaign, "variance=2", "theta=1") == branch_digest(other, "variance=2", "theta=1")
    assert campaign_digest(campaign) != campaign_digest(other)


@pytest.mark.parametrize("section", [{"seed": 4}, {"simulation": {"events": 2001}}])
def test_what_changes_events_changes_the_digest(raw, campaign, section):
    other = changed(raw, **section)
    assert branch_digest(campaign, "variance=2", "theta=1") != branch_digest(other, "variance=2", "theta=1")


def test_every_branch_has_its_own_digest(campaign):
    digests = {branch_digest(campaign, s, p) for s in ("variance=0.5", "variance=2") for p in campaign.samples}
    assert len(digests) == 10


def test_unknown_labels_get_advice(campaign):
    with pytest.raises(UnknownNameError, match="did you mean 'variance=2'"):
        branch_digest(campaign, "variance=20", "theta=1")
    with pytest.raises(UnknownNameError, match="did you mean 'theta=1'"):
        branch_digest(campaign, "variance=2", "theta=11")


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(0, 2**62), st.integers(0, 1000))
def test_streams_depend_on_values_not_on_spelling_or_order(value, seed, block):
    first = branch_generator(seed, {"a": value, "b": 1}, {"c": 2.0}, block).random(4)
    again = branch_generator(seed, {"b": 1.0, "a": value}, {"c": 2}, block).random(4)
    assert first.tolist() == again.tolist()
    for other in (
        branch_generator(seed + 1, {"a": value, "b": 1}, {"c": 2}, block),
        branch_generator(seed, {"a": value, "b": 1}, {"c": 2}, block + 1),
        branch_generator(seed, {"a": value, "b": 1, "c": 2}, {}, block),
        branch_generator(seed, {"a": value, "b": 1}, {"c": 2}, block, "other"),
    ):
        assert not np.array_equal(first, other.random(4))


def test_more_events_only_add_blocks(raw, monkeypatch):
    from robot_physicist.simulators.gaussian import Gaussian

    monkeypatch.setattr(Gaussian, "block_size", 500)
    few = list(blocks(changed(raw, simulation={"events": 1000}), "variance=2", "theta=1"))
    many = list(blocks(changed(raw, simulation={"events": 1700}), "variance=2", "theta=1"))
    assert [block.generated for block in many] == [500, 500, 500, 200]
    for before, after in zip(few, many, strict=False):
        assert before.columns["x"].tobytes() == after.columns["x"].tobytes()


def test_events_at_a_setting_change_that_setting_and_only_add_blocks(raw, campaign, monkeypatch):
    from robot_physicist.simulators.gaussian import Gaussian

    monkeypatch.setattr(Gaussian, "block_size", 500)
    topped_up = changed(raw, simulation={"events": 2000, "events_at": {"variance=2": 2700}})
    digests = [
        [branch_digest(c, s, "theta=1") for s in ("variance=0.5", "variance=2")] for c in (campaign, topped_up)
    ]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]
    few, many = (list(blocks(c, "variance=2", "theta=1")) for c in (campaign, topped_up))
    assert [block.generated for block in many] == [500, 500, 500, 500, 500, 200]
    for before, after in zip(few, many, strict=False):
        assert before.columns["x"].tobytes() == after.columns["x"].tobytes()
    assert plan(topped_up, Probe(0.2, 1e-3, 8.0), cores=1).events == 5 * (2000 + 2700)


def test_a_campaign_without_a_loop_keeps_its_digests(campaign):
    """Files of earlier versions are recognised."""
    from robot_physicist.campaign.digests import branch_digest, campaign_digest

    assert campaign_digest(campaign) == "becc204aa6be5a4e"
    assert branch_digest(campaign, "variance=2", "theta=0") == "4f891bb9bc222698"
