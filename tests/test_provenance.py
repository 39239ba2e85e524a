import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from robot_physicist.campaign.branches import blocks
from robot_physicist.campaign.digests import branch_digest, campaign_digest
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import UnknownNameError
from robot_physicist.quantities.seeds import branch_generator
from robot_physicist.stages.planning import needed_events as wanted
from robot_physicist.stages.planning.cost import Probe, plan, probe, render
from robot_physicist.stages.planning.needed_events import PilotError, advice, events_needed, topped_up


def changed(raw, **sections):
    return campaign_from({**raw, **sections}, "x")


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


def test_a_plan_adds_up(campaign):
    planned = plan(campaign, Probe(startup=0.2, per_event=1e-3, bytes_per_event=8.0), cores=2)
    assert planned.events == 10 * 2000
    assert planned.bytes == 160_000
    assert planned.seconds == pytest.approx(10 * (0.2 + 2.0 + 0.8) / 2)
    text = render(planned, campaign)
    assert "10 = 2 settings × 5 samples; 34 jobs" in text
    assert "variance=0.5 / theta=-1" in text
    assert "events=5: 5 signal events expected at variance=0.5 / theta=-1" in text


def test_a_plan_says_how_many_events_a_luminosity_records(raw):
    from robot_physicist.simulators import weinberg_born

    raw.update(
        simulator={"name": "weinberg_born", "options": {"cos_theta_max": 0.5}},
        settings={"sqrt_s": {"values": [91.2]}},
        parameters={"sin2theta_w": {"values": [0.23, 0.24]}},
        observables={"cos_theta": {"range": [-1, 1], "bins": 4}},
        exposure={"luminosity": 2, "unit": "nb-1"},
    )
    campaign = campaign_from(raw, "x")
    ticks = iter([0.0, 1.0, 4.0])
    planned = plan(campaign, probe(campaign, lambda: next(ticks)), cores=1)
    acceptance = weinberg_born.acceptance(0.5)
    expected = 2e-3 * acceptance * weinberg_born.total_cross_section(91.2, 0.23)
    error = expected * np.sqrt((1 - acceptance) / acceptance / 2000)
    assert abs(planned.recorded["luminosity=2nb-1"] - expected) < 3 * error


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


def needs(*, error=0.02, integration=0.0, events=1000, setting="phi=1", exposure="events=1", enough=None):
    return PilotError(setting, exposure, events, error, integration, enough)


def test_the_events_needed_follow_the_law_by_which_the_error_falls():
    events = events_needed(needs(error=0.3 * 1000**-0.5), 0.3 * 7777**-0.5)
    assert 7777 <= events <= 7800
    assert events_needed(needs(error=0.01), 0.01) == 1000
    # of an error of 0.02 the part 0.006 stays: 0.0191 has to become 0.008
    assert events_needed(needs(integration=0.006), 0.01) == pytest.approx(
        1000 * (0.02**2 - 0.006**2) / 0.008**2, rel=0.02
    )


@pytest.mark.parametrize(
    ("pilot", "text"),
    [
        (needs(error=0.01), "reached"),
        (needs(error=0.009, integration=0.0089), "reached"),
        (needs(error=0), "reached"),
        (needs(), "4,000"),
        (needs(error=0.4, enough=1300), "1,300 at least: the interval is open; then ask again"),
        (
            needs(integration=0.008),
            "the integral over data alone has an error of 0.008: set estimator.draws to 16384 (now 4096), then ask again",
        ),
        (
            needs(error=2, integration=1),
            "out of reach: the integral over data alone has an error of 1, and needs more than 1,000,000 draws",
        ),
        (needs(error=9), "810,000,000"),
        (needs(error=11), "out of reach: more than 1,000,000,000 events"),
    ],
)
def test_what_an_error_needs_is_said(pilot, text):
    assert advice(pilot, 0.01, 4096) == text


def test_the_most_demanding_exposure_counts_and_nothing_is_thrown_away():
    pilots = [needs(exposure="a"), needs(error=0.03, exposure="b"), needs(error=0.001, setting="phi=2")]
    pilots += [needs(integration=0.009, setting="phi=3")]
    assert topped_up(pilots, 0.01) == {"phi=1": 9000, "phi=2": 1000, "phi=3": 1000}


def test_needs_are_written_as_lines_of_the_campaign(raw):
    topped = changed(raw, simulation={"events": 1000, "events_at": {"variance=0.5": 1500}})
    pilots = [needs(setting="variance=0.5", error=0.001), needs(setting="variance=2")]
    text = wanted.render(pilots, 0.01, topped, Probe(0.2, 1e-3, 8.0), 2)
    assert "5 branches to simulate again: 20,000 events, 12 s on 2 core(s)" in text
    block = yaml.safe_load(text[text.index("simulation:") :])
    assert block == {"simulation": {"events_at": {"variance=0.5": 1500, "variance=2": 4000}}}
    changed(raw, **block)


def test_the_probe_times_the_simulator(campaign):
    ticks = iter([0.0, 1.0, 4.0])
    assert probe(campaign, lambda: next(ticks)) == Probe(1.0, (3.0 - 1.0) / 2000, 8.0)
