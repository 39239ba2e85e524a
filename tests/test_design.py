import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.ranking import csv_text, design
from robot_physicist.design.results import COLUMNS
from robot_physicist.inference.results import Credible, Posterior, Posteriors
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.errors import HistogramError, LabelClashError
from robot_physicist.quantities.estimates import Axis, Estimate, Interval
from robot_physicist.reports.design_table import render
from robot_physicist.reports.figures.gains import gain_figure, gains_figure
from robot_physicist.reports.figures.of_a_design import draw
from robot_physicist.reports.figures.posteriors import posterior_figure
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.reports.figures.templates import templates_figure
from robot_physicist.templates.histogram import Histogram


@pytest.fixture
def wide(raw) -> Campaign:
    raw["settings"] = {"variance": {"values": [1, 2, 3], "label": "V"}}
    raw["exposure"] = {"events": 5}
    raw["title"] = "A study"
    return campaign_from(raw, "wide.yaml")


def gain(setting, value, error=0.01, exposure="events=5"):
    return InformationGain(
        setting=setting,
        exposure=exposure,
        prior_entropy=1.609,
        corrected=Interval(value, error, value - 2 * error, value + 2 * error),
        plug_in=Estimate(value + 0.1, 0.001),
        cross_fitted=Estimate(value - 0.1, 0.002),
        exact=Estimate(value, 0.0),
        functions=2,
        method="m",
        nuisances="none",
        simulated_events=10_000,
        effective_events=10_000.0,
        warnings=[],
    )


def three(errors=0.01):
    return [gain(f"variance={v}", g, errors) for v, g in ((1, 0.5), (2, 0.9), (3, 0.89))]


def test_settings_are_ranked_by_the_corrected_value(wide):
    (answer,) = design(wide, three()[::-1], "d").exposures
    assert answer.best == "variance=2"
    assert [ranked.setting for ranked in answer.settings] == ["variance=1", "variance=2", "variance=3"]
    assert [ranked.rank for ranked in answer.settings] == [3, 1, 2]


def test_settings_whose_intervals_cover_the_difference_cannot_be_told_apart(wide):
    (answer,) = design(wide, three(), "d").exposures
    assert [ranked.contender for ranked in answer.settings] == [False, True, True]
    assert "V = 2 teaches most: 0.900 ± 0.010" in answer.verdict
    assert "cannot be told apart from V = 3" in answer.verdict
    (precise,) = design(wide, three(0.001), "d").exposures
    assert [ranked.contender for ranked in precise.settings] == [False, True, False]
    assert "told apart" not in precise.verdict


def test_missing_and_double_results_are_named(wide):
    with pytest.raises(HistogramError, match="no result for variance=3, events=5; run the eig stage"):
        design(wide, three()[:2], "d")
    with pytest.raises(LabelClashError, match="two results for variance=1"):
        design(wide, [*three(), three()[0]], "d")


def test_the_csv_has_every_number(wide):
    rows = list(csv.DictReader(io.StringIO(csv_text(design(wide, three(), "d")))))
    assert [float(row["variance"]) for row in rows] == [1, 2, 3]
    assert float(rows[1]["corrected"]) == 0.9
    assert rows[1]["rank"] == "1"
    assert list(rows[0]) == ["exposure", "variance", *COLUMNS]
    errors = [float(rows[1][f"{name}_error"]) for name in ("corrected", "cross_fitted", "plug_in", "exact")]
    assert errors == [0.01, 0.002, 0.001, 0.0]
    assert {row["nuisances"] for row in rows} == {"none"}


def test_the_table_says_what_is_best(wide):
    text = render(design(wide, three(), "d"), colour=False)
    assert "0.900 ± 0.010" in text
    assert "★ best" in text
    assert "\x1b" not in text
    assert "Nuisance" not in text
    assert "\x1b" in render(design(wide, three(), "d"), colour=True)


def test_the_table_is_followed_by_one_line_per_kind_of_warning(wide):
    few = [f"only {n} effective events at theta={t} (fewer than 100); simulate more" for n, t in ((7, -1), (9, 0.5))]
    bin_ = "no simulated event in bin x in [b, 2]"
    first, second, third = three()
    gains = [replace(first, warnings=few[:1]), replace(second, warnings=[few[1], bin_]), third]
    text = render(design(wide, gains, "d"), colour=False)
    # the numbers are those of the best setting that has the warning, and brackets are no markup
    assert text.splitlines()[-2:] == [
        f"Warning at 2 of 3 settings, such as V = 2: {few[1]}.",
        f"Warning at V = 2: {bin_}.",
    ]
    assert "Warning" not in render(design(wide, three(), "d"), colour=False)


def posteriors():
    one = Posterior(
        truth="theta=0",
        probabilities=np.array([0.1, 0.2, 0.4, 0.2, 0.1]),
        mean={"theta": 0.0},
        sd={"theta": 0.5},
        map="theta=0",
        credible=[Credible(0.68, 0.8, ["theta=0"])],
        log_evidence=-3.0,
    )
    return Posteriors(
        setting="variance=2",
        exposure="events=5",
        points=[f"theta={t:g}" for t in np.linspace(-1, 1, 5)],
        prior=np.full(5, 0.2),
        observed=None,
        examples=[one],
        pseudo_experiments=10,
        mean_sd={"theta": 0.5},
        coverage68=Estimate(0.7, 0.1),
        coverage95=Estimate(0.9, 0.1),
        nuisances="none",
    )


def histograms(setting="variance=2"):
    rng = np.random.default_rng(1)
    return [
        Histogram(
            setting,
            f"theta={t:g}",
            "d",
            [Axis("x", -5, 5, 10, "GeV", "X")],
            counts := rng.poisson(50, (2, 10)),
            counts,
            1000,
            0,
        )
        for t in np.linspace(-1, 1, 5)
    ]


def test_the_gain_figure_shows_the_values(wide):
    made = design(wide, three(), "d")
    axis = gain_figure(made.exposures[0], made, "variance").axes[0]
    assert axis.get_xlabel() == "V"
    assert "[nats]" in axis.get_ylabel()
    assert any(np.allclose(line.get_ydata(), [0.5, 0.9, 0.89]) for line in axis.lines if len(line.get_ydata()) == 3)
    (star,) = [line for line in axis.lines if line.get_marker() == "*"]
    assert list(star.get_xdata()) == [2.0]
    assert len(gains_figure(made).axes) == 1


def test_several_settings_get_a_line_each_in_its_own_colour(raw):
    raw["simulator"] = {"name": "command", "options": {"executable": ["box"], "observables": ["x"]}}
    raw["settings"] = {"a": {"values": [1, 2]}, "b": {"values": [1, 2, 3, 4]}}
    raw["exposure"] = {"events": 1}
    campaign = campaign_from(raw, "wide.yaml")
    gains = [gain(f"a={a},b={b}", 0.1 * a + 0.2 * b, exposure="events=1") for a in (1, 2) for b in (1, 2, 3, 4)]
    made = design(campaign, gains, "d")
    axis = gain_figure(made.exposures[0], made, "a").axes[0]
    lines = [line for line in axis.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert len({line.get_color() for line in lines}) == 4
    assert {text.get_text() for text in axis.get_legend().get_texts()} >= {f"b = {b}" for b in (1, 2, 3, 4)}
    assert axis.get_title(loc="right") == "1 recorded event"
    assert len([name for name in draw(campaign, made, [], histograms("a=2,b=4")) if name.startswith("gain-")]) == 4


def test_table_and_figures_say_what_was_done_with_nuisances(raw):
    long = "profiled for the observed data, fixed at their nominal values for pseudo-experiments"
    raw["systematics"] = [{"type": "normsys", "name": "e", "samples": ["signal"], "up": 1.1, "down": 0.9}]
    raw["settings"] = {"variance": {"values": [1, 2, 3]}}
    raw["exposure"] = {"events": 5}
    campaign = campaign_from(raw, "wide.yaml")
    made = design(campaign, [replace(one, nuisances="fixed") for one in three()], "d")
    assert "Nuisance parameters: fixed." in render(made, colour=False)
    assert (
        gain_figure(made.exposures[0], made, "variance").axes[0].get_legend().get_title().get_text().endswith("fixed")
    )
    figure = posterior_figure(replace(posteriors(), nuisances=long), campaign)
    render_bytes(figure, "png")
    assert figure.axes[0].get_position().width > 0.7
    title = figure.axes[0].get_legend().get_title().get_text()
    assert title.replace("\n", " ").replace("- e", "-e") == f"nuisance parameters {long}"


def test_the_posterior_figure_shows_truth_and_probabilities(wide):
    axis = posterior_figure(posteriors(), wide).axes[0]
    assert any(
        np.allclose(line.get_ydata(), [0.1, 0.2, 0.4, 0.2, 0.1]) for line in axis.lines if len(line.get_ydata()) == 5
    )
    assert axis.get_xlabel() == "theta"


def test_the_templates_figure_has_a_line_per_point(wide):
    figure = templates_figure(histograms(), wide)
    assert len(figure.axes[0].patches) == 5
    assert figure.axes[1].get_xlabel() == "X [GeV]"


def test_figures_are_the_same_bytes_every_time(wide):
    made = design(wide, three(), "d")
    first, second = (draw(wide, made, [posteriors()], histograms()) for _ in range(2))
    assert first == second
    assert {name.rpartition(".")[2] for name in first} == {"pdf", "png"}
    assert "posterior-events=5-variance=2.png" in first
    assert "templates-variance=2.pdf" in first
