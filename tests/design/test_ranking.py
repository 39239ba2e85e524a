"""Settings are ranked, and those that cannot be told apart are said to be so."""

import csv
import io

import pytest
from support.designs import three
from support.searches import told

from robot_physicist.design.ranking import csv_text, design, latest
from robot_physicist.design.results import COLUMNS
from robot_physicist.quantities.errors import (
    HistogramError,
    LabelClashError,
)


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


def test_of_several_rounds_a_design_takes_the_gain_from_most_events():
    gains = [told("phi=1", 0.4, 0.1, 900), told("phi=1", 0.5, 0.2, 300), told("phi=2", 0.3, 0.1, 300)]
    assert [(one.setting, one.simulated_events) for one in latest(gains)] == [("phi=1", 900), ("phi=2", 300)]
