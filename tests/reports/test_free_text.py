"""Labels, titles and units are free text: accepted, shown as they are written, and kept from engines."""

import json
import re

import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign, write_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import CampaignError
from robot_physicist.reports.figures import gains
from robot_physicist.reports.figures.style import new_figure, styled

ODD = [
    "m(μμ)",
    "x_{T} [GeV] (bold)",
    "$p_T$ & $\\frac{1}{2",
    "[red]not red[/red] [/]",
    'it\'s "free" <b>text</b> :smile: {braces} {0} %(a)s ~#*?!|;`id` $(id) ${HOME} \\$',
    "_hidden",
    "=1+1, or comma",
]


def changed(raw, text):
    for place in (raw["settings"]["variance"], raw["parameters"]["theta"], raw["observables"]["x"]):
        place["label"] = text
    raw["title"] = text
    return raw


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_a_label_and_a_title(raw, text):
    campaign = campaign_from(changed(raw, text), "small.yaml")
    assert campaign.title == campaign.settings["variance"].label == campaign.observables["x"].label == text


@pytest.mark.parametrize("section", ["settings.a", "parameters.m", "observables.x"])
def test_units_of_a_black_box_are_free_text(raw, section):
    raw["simulator"] = {"name": "command", "options": {"executable": ["prog"], "observables": ["x"]}}
    raw["settings"] = {"a": {"values": [1, 2]}}
    raw["parameters"] = {"m": {"linspace": [0, 1, 3]}}
    kind, name = section.split(".")
    raw[kind][name]["unit"] = "GeV/c^2 (√s)"
    assert getattr(campaign_from(raw, "small.yaml"), kind)[name].unit == "GeV/c^2 (√s)"


@pytest.mark.parametrize("character", ["\n", "\x1b", "\x00", "\x85", "\u2028", "\u202e", "\ud800", "\t", "\r"])
@pytest.mark.parametrize("place", ["title", "label", "unit"])
def test_control_characters_are_refused_everywhere(raw, character, place):
    target = raw if place == "title" else raw["observables"]["x"]
    target[place] = f"a{character}b"
    with pytest.raises(CampaignError, match="is a control character; remove it"):
        campaign_from(raw, "small.yaml")


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("name", "m(x)"),
        ("simulator", {"name": "command", "options": {"executable": ["prog", "$(id)"], "observables": ["x"]}}),
        ("simulator", {"name": "gaussian", "options": {"label": "a;b"}}),
        ("simulator", {"name": "gaussian", "options": {"settings": {"x": {"label": "a;b"}}}}),
        ("settings", {"label": {"values": [1], "title": "a;b"}}),
        ("settings", {"x(y)": {"values": [1]}}),
        ("backgrounds", [{"name": "b", "file": "a;b.json", "histogram": "h"}]),
        ("published", {"workspace": "$(id)", "patchset": "b"}),
    ],
)
def test_what_engines_see_is_no_free_text(raw, section, value):
    with pytest.raises(CampaignError, match="means something to a shell"):
        campaign_from({**raw, section: value}, "small.yaml")


@pytest.fixture
def finished(raw, tmp_path):
    """Results of a small campaign with odd texts."""

    def run(text):
        raw["exposure"] = [{"events": 5}]
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump(changed(raw, text), allow_unicode=True))
        campaign, gains, histograms = read_campaign(path), [], []
        for index, setting in enumerate(("variance=0.5", "variance=2")):
            here = []
            for point in campaign.samples:
                events, histogram = tmp_path / f"{index}{point}.root", tmp_path / f"{index}{point}.json"
                stages.simulate(path, setting, point, events)
                stages.histogram(path, setting, point, events, histogram)
                here.append(histogram)
            gain = tmp_path / f"eig{index}.json"
            stages.eig(path, setting, "events=5", here, gain)
            gains.append(gain)
            histograms += here
        outputs = [tmp_path / name for name in ("design.json", "design.csv", "figures")]
        stages.design(path, gains, [], histograms, *outputs)
        return outputs

    return run


def test_odd_texts_reach_tables_and_figures_but_no_file_name(finished, tmp_path):
    text = "m(μμ) [red]x[/red] $p_T$ \\frac{1 :smile: {b} <b>&\"'"
    found, table, figures = finished(text)
    design = json.loads(found.read_text())
    assert design["title"] == text
    assert design["labels"] == {"variance": text}
    shown = stages.show(found, colour=False)
    # title, heading of a column, verdict
    assert re.sub(r"\s+", "", shown).count(re.sub(r"\s+", "", text)) >= 3
    assert text not in table.read_text()
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert all(re.fullmatch(r"[\w.,+=/-]+", name) for name in names)
    assert len(list(figures.glob("*.png"))) == 3


def test_branches_that_engines_fan_out_over_have_no_free_text(raw, tmp_path):
    found = []
    for text in ("plain", ODD[4]):
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump(changed(raw, text)))
        stages.branches(path, tmp_path / "branches.json")
        found.append((tmp_path / "branches.json").read_text())
    assert found[0] == found[1]


@pytest.mark.parametrize("text", ODD)
def test_figures_show_text_as_it_is_written(text):
    @styled
    def drawn():
        figure, axis = new_figure()
        axis.plot([1, 2], [1e-7, 1e-3], label=f"line {text}")
        axis.set(xlabel=text, ylabel=text, title=text, xscale="log", yscale="log")
        axis.legend(title=text)
        return figure

    figure = drawn()
    FigureCanvasAgg(figure).draw()
    (axis,) = figure.axes
    named = [
        axis.xaxis.label,
        axis.yaxis.label,
        axis.title,
        *axis.get_legend().get_texts(),
        axis.get_legend().get_title(),
    ]
    for one in named:
        assert one._preprocess_math(one.get_text()) == (one.get_text(), False)
    ticks = [one for one in axis.yaxis.get_ticklabels() if one.get_text()]
    assert ticks
    assert all(isinstance(one, Text) and one._preprocess_math(one.get_text())[1] for one in ticks)


def test_powers_of_ten_beside_an_axis_stay_formulae():
    @styled
    def drawn():
        figure, axis = new_figure()
        axis.plot([1, 2], [1e-9, 3e-9])
        return figure

    assert drawn().axes[0].yaxis.offsetText.get_parse_math()


def test_a_label_that_begins_with_an_underscore_is_in_the_legend():
    assert gains.legend_text("_x = 1") == " _x = 1"


@pytest.mark.parametrize("text", ODD)
def test_campaigns_that_stages_write_keep_the_text(raw, text, tmp_path):
    campaign = campaign_from(changed(raw, text), "small.yaml")
    write_campaign(tmp_path / "again.yaml", campaign, tmp_path)
    assert read_campaign(tmp_path / "again.yaml").model_dump() == campaign.model_dump()
