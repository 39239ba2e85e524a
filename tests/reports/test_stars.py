"""The star of the best setting is whole, wherever that setting is."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from support.designs import gain
from support.searches import run, search_campaign

from robot_physicist.design.ranking import design
from robot_physicist.reports.figures.gains import gain_figure, gains_figure
from robot_physicist.reports.figures.search import search_figure


def whole_stars(figure):
    """Whether each star that is drawn lies within its axes, edges included."""
    FigureCanvasAgg(figure).draw()
    found = []
    for axis in figure.axes:
        box = axis.get_window_extent()
        for line in axis.lines:
            if line.get_marker() == "*" and len(line.get_xdata()):
                radius = line.get_markersize() / 2 * figure.dpi / 72
                x, y = axis.transData.transform(np.array([line.get_xdata(), line.get_ydata()]).T)[0]
                found.append(box.x0 <= x - radius and x + radius <= box.x1 and y + radius <= box.y1)
                found.append(box.y0 <= y - radius)
    return found


@pytest.mark.parametrize("best", [1, 2, 3])
@pytest.mark.parametrize("highest", [0.002, 0.5, 1.6])
def test_of_a_design(wide, best, highest):
    gains = [gain(f"variance={v}", highest if v == best else highest / 2, 1e-4) for v in (1, 2, 3)]
    made = design(wide, gains, "d")
    for figure in (gain_figure(made.exposures[0], made, "variance"), gains_figure(made)):
        assert whole_stars(figure) == [True, True]


@pytest.mark.parametrize("slope", [-1, 1])
def test_of_a_search_whose_best_setting_is_an_end(slope):
    campaign = search_campaign({"a": {"range": [0, 1]}}, initial=3, rounds=2)
    (state, *_) = reversed(run(campaign, lambda values: 1 + slope * values["a"], 0.01))
    assert set(whole_stars(search_figure(campaign, state))) == {True}


@pytest.mark.parametrize("slope", [-1, 1])
def test_of_a_search_whose_best_setting_is_a_corner(slope):
    campaign = search_campaign({"a": {"values": [0, 1]}, "b": {"values": [0, 1]}}, initial=4, rounds=2)
    (state, *_) = reversed(run(campaign, lambda values: 2 + slope * (values["a"] + values["b"]), 0.01))
    assert set(whole_stars(search_figure(campaign, state))) == {True}
