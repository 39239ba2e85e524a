"""States of half-finished results, and the time that is left."""

import os

import pytest
from support.watched_results import START, counts, gain, outputs, put

from robot_physicist.campaign.layout import jobs
from robot_physicist.campaign.model import PublishedLikelihood
from robot_physicist.watch.progress import finished, seconds_each, seconds_left
from robot_physicist.watch.screen import look, states


def test_states_of_a_campaign_on_its_way(campaign, results):
    state = look(campaign, results, START)
    assert counts(state) == {
        "simulate": (0, 10), "histogram": (0, 10), "likelihood": (0, 4), "posterior": (0, 4), "eig": (0, 4), "design": (0, 1)
    }  # fmt: skip
    assert (state.left, state.quiet, state.best, state.finished) == (None, None, (), False)
    put(results.folder, outputs(campaign, "simulate")[:6])
    put(results.folder, outputs(campaign, "histogram")[:5], START + 10, 2)
    state = look(campaign, results, START + 20)
    assert counts(state)["simulate"] == (6, 10)
    assert counts(state)["histogram"] == (5, 10)
    assert state.left == 4 * 20 / 5 + 13 * 20 / 10
    assert state.quiet == 2
    put(results.folder, outputs(campaign, "simulate", "histogram", "likelihood", "posterior"), START)
    put(results.folder, outputs(campaign, "eig")[2:], START + 100)
    state = look(campaign, results, START + 101)
    assert [(one.exposure, one.setting, one.known, one.total) for one in state.best] == [
        ("events=1", "variance = 2", 1, 2), ("events=5", "variance = 2", 1, 2)
    ]  # fmt: skip
    put(results.folder, outputs(campaign, "eig")[:2], START + 102)
    state = look(campaign, results, START + 110)
    assert [one.setting for one in state.best] == ["variance = 0.5"] * 2
    assert (state.best[0].gain.low, state.best[0].gain.high) == (1.98, 2.02)
    assert not state.finished
    put(results.folder, ["design.json"], START + 120)
    state = look(campaign, results, START + 121, changed=START)
    assert state.finished
    assert state.left is None
    assert not look(campaign, results, START + 121, changed=START + 120.5).finished


def test_what_is_older_than_its_inputs_is_not_done(campaign, results):
    put(results.folder, [job.output for job in jobs(campaign)])
    assert look(campaign, results, START + 100).finished
    os.utime(results.folder / outputs(campaign, "simulate")[0], (START + 90,) * 2)
    state = look(campaign, results, START + 100)
    assert counts(state) == {
        "simulate": (10, 10), "histogram": (9, 10), "likelihood": (2, 4), "posterior": (2, 4), "eig": (2, 4), "design": (0, 1)
    }  # fmt: skip
    assert [one.known for one in state.best] == [1, 1]
    for output in outputs(campaign, "simulate"):
        (results.folder / output).unlink()
    assert look(campaign, results, START + 100).finished


def test_a_recast_ends_without_a_design(campaign, results):
    published = PublishedLikelihood(workspace="w.json", patchset="p.json")
    campaign = campaign.model_copy(update={"published": published})
    wanted = jobs(campaign)
    assert {job.stage for job in wanted} == {"simulate", "histogram", "recast"}
    put(results.folder, [job.output for job in wanted])
    assert look(campaign, results, START + 100).finished


@pytest.mark.parametrize(
    ("times", "now", "wanted"),
    [
        ([], 0, None),
        ([5, 6], 100, None),
        (range(0, 100, 10), 95, 95 / 9),
        # eight cores, whose files come together
        ([0] * 8 + [300] * 8 + [600] * 8, 900, 900 / 23),
        # a night between two runs
        ([0, 2, 4, 6, 80_000, 80_010, 80_020], 80_030, 15),
        # only the latest count
        ([*range(100), *range(100, 5100, 100)], 5100, 100 * 50 / 49),
        # a file server whose clock is ahead
        ([100, 105, 110], 90, 5),
    ],
)
def test_seconds_from_one_file_to_the_next(times, now, wanted):
    assert seconds_each(list(times), now) == (wanted if wanted is None else pytest.approx(wanted))


def test_the_time_left_is_that_of_the_slowest_stage_and_of_those_after_it(campaign):
    wanted = jobs(campaign)
    times = {output: 10.0 * i for i, output in enumerate(outputs(campaign, "simulate")[:8])}
    times |= {output: 60.0 + 3 * i for i, output in enumerate(outputs(campaign, "histogram")[:5])}
    assert seconds_left(wanted, finished(wanted, times), now=72.0) == pytest.approx(2 * 72 / 7 + 13 * 72 / 12)


def test_half_written_and_foreign_files_are_as_good_as_none(campaign, results, campaign_file):
    put(results.folder, [job.output for job in jobs(campaign) if job.stage != "design"])
    first, second, third, _ = (results.folder / output for output in outputs(campaign, "eig"))
    for path, content in ((first, '{"setting": '), (second, "[]"), (third, "\xff")):
        path.write_bytes(content.encode("latin-1"))
    state = look(campaign, results, START + 100)
    assert [(one.exposure, one.setting) for one in state.best] == [("events=5", "variance = 2")]
    first.write_text(gain(outputs(campaign, "eig")[0]))
    os.utime(first, (START + 99,) * 2)
    assert [one.setting for one in look(campaign, results, START + 100).best] == ["variance = 0.5", "variance = 2"]
    # in the middle of an edit of the campaign the old one holds
    watched = states(campaign_file, results.folder)
    before = counts(next(watched))
    campaign_file.write_text("name: [")
    assert counts(next(watched)) == before
