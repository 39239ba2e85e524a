import numpy as np
import pytest

from robot_physicist.quantities.errors import HistogramError
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.templates.checks import check
from robot_physicist.templates.templates import Templates

AXES = (Axis("x", 0.0, 2.0, 2), Axis("y", 0.0, 3.0, 3))
LUMINOSITY = Luminosity(luminosity=1)


def templates(contents=5.0, section=2.0):
    sumw = np.full((2, 2, 6), contents)
    return Templates(
        ("theta=0", "theta=1"), AXES, sumw, np.abs(sumw), np.full(2, 100.0), np.full(2, section), np.zeros(2), {}
    )


def test_good_templates_pass():
    for exposure in (EventCount(events=5), LUMINOSITY):
        check(templates(), exposure)


def test_empty_bins_are_left_to_the_regularisation():
    made = templates()
    made.sumw[:, :, 1:] = 0
    check(made, LUMINOSITY)


def test_a_point_without_events_is_named():
    made = templates()
    made.sumw[1] = 0
    with pytest.raises(HistogramError, match="no simulated event of theta=1 lies in the range"):
        check(made, EventCount(events=5))


def test_a_negative_bin_is_named_with_its_point():
    made = templates()
    made.sumw[1, :, 4] = -1
    with pytest.raises(
        HistogramError, match=r"the weights of theta=1 sum to -2 in x in \[1, 2\], y in \[1, 2\]; simulate more"
    ):
        check(made, EventCount(events=5))


def test_a_luminosity_needs_cross_sections():
    made = templates(section=np.nan)
    check(made, EventCount(events=5))
    with pytest.raises(HistogramError, match="no cross-section for theta=0, and a luminosity needs one"):
        check(made, LUMINOSITY)


def test_more_events_than_can_be_counted():
    with pytest.raises(HistogramError, match="expected events are too many to count; lower the luminosity"):
        check(templates(), Luminosity(luminosity=1e300))
