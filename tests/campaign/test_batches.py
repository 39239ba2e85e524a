"""Events of rounds: batches are new events, and add up."""

import pytest
from support.searches import batched

from robot_physicist.campaign.branches import blocks
from robot_physicist.campaign.digests import check_complete, digests
from robot_physicist.quantities.errors import (
    HistogramError,
    LabelClashError,
)
from robot_physicist.simulators import load
from robot_physicist.templates import histogram
from robot_physicist.templates.filling import fill


def filled(campaign):
    events = blocks(campaign, "phi=3", "theta=1")
    digest = digests(campaign, "phi=3", "theta=1")[-1]
    return fill(events, campaign.observables, 5, setting="phi=3", sample="theta=1", digest=digest)


def test_batches_are_new_events_and_add_up(monkeypatch):
    monkeypatch.setattr(load("gaussian_cosine"), "block_size", 100)
    first, second, whole = filled(batched([200])), filled(batched([200, 300])), filled(batched([500]))
    # full blocks are numbered on, so two batches hold the very events of one as large as both
    both = histogram.one_per_sample([first, second])[0]
    assert both.sumw == pytest.approx(whole.sumw)
    assert (both.generated, both.outside) == (500, whole.outside)
    assert len({one.digest for one in (first, second, whole)}) == 3
    assert digests(batched([200, 300]), "phi=3", "theta=1") == [first.digest, second.digest]


def test_a_batch_that_is_missing_or_given_twice_is_an_error():
    first, second = filled(batched([200])), filled(batched([200, 300]))
    with pytest.raises(HistogramError, match="no histogram for batch 1 of phi=3, theta=1"):
        check_complete(batched([200, 300]), "phi=3", [second])
    with pytest.raises(LabelClashError, match="pass each file once"):
        histogram.one_per_sample([first, first])
