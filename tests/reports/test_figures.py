"""Figures of a design show the numbers, and are the same bytes every time."""

from dataclasses import replace

import numpy as np
from support.designs import gain, histograms, posteriors, three

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.ranking import design
from robot_physicist.reports.design_table import render
from robot_physicist.reports.figures.gains import gain_figure, gains_figure
from robot_physicist.reports.figures.of_a_design import draw
from robot_physicist.reports.figures.posteriors import posterior_figure
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.reports.figures.templates import templates_figure


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
