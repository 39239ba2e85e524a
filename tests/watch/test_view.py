"""What is said and shown of a campaign on its way: lines and panels."""

from support.watched_results import START, outputs, put, rendered

from robot_physicist.campaign.layout import jobs
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.watch.screen import look
from robot_physicist.watch.view import line, lines


def test_nothing_new_for_long_is_said_instead_of_a_time_left(campaign, results):
    put(results.folder, outputs(campaign, "simulate")[:5])
    assert "about" in line(look(campaign, results, START + 10))
    assert "the latest file is 3 h 0 min old" in line(look(campaign, results, START + 3 * 3600 + 4))


def test_lines_come_when_something_changes(campaign, results):
    def moments():
        yield look(campaign, results, START)
        yield look(campaign, results, START + 1)
        put(results.folder, outputs(campaign, "simulate")[:4], START)
        yield look(campaign, results, START + 4)
        yield look(campaign, results, START + 5)
        put(results.folder, [job.output for job in jobs(campaign)], START)
        yield look(campaign, results, START + 60)

    rest = "likelihood 0/4, posterior 0/4, eig 0/4, design 0/1"
    assert list(lines(moments())) == [
        f"0 of 10 branches; simulate 0/10, histogram 0/10, {rest}; nothing there yet",
        f"0 of 10 branches; simulate 4/10, histogram 0/10, {rest}; about 39 s left",
        "10 of 10 branches; simulate 10/10, histogram 10/10, likelihood 4/4, posterior 4/4, eig 4/4, design 1/1; finished; "
        "best at events=1: variance = 0.5, 2.000 nats (1.980 … 2.020), 2 of 2 settings; "
        "best at events=5: variance = 0.5, 2.000 nats (1.980 … 2.020), 2 of 2 settings",
    ]


def test_the_panel_fits_into_eighty_columns(raw, results):
    raw["settings"]["variance"] |= {"label": "σ²"}
    campaign = campaign_from({**raw, "title": "A title"}, "x")
    put(results.folder, [job.output for job in jobs(campaign) if job.stage != "design"])
    text = rendered(look(campaign, results, START + 40))
    assert max(map(len, text.splitlines())) == 80
    for part in ("A title", "10 of 10 branches", "EIG [nats]", "★ σ² = 0.5 ", "1.980 … 2.020"):
        assert part in text, text
