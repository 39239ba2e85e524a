"""A setting that does not exist is answered with the one that is nearest in value."""

import pytest

from robot_physicist.quantities.errors import nearest_point


@pytest.mark.parametrize(
    ("given", "known", "answer"),
    [
        ("energy=91", ["energy=19", "energy=9.1", "energy=89", "energy=191"], "energy=89"),
        ("energy=91.0", ["energy=91", "energy=91.1"], "energy=91"),
        ("energy=0.0001", ["energy=-1", "energy=0", "energy=1000"], "energy=0"),
        ("a=1,b=900", ["a=1,b=0", "a=2,b=1000", "a=1,b=1000"], "a=1,b=1000"),
        ("b=900,a=1", ["a=1,b=0", "a=2,b=1000", "a=1,b=1000"], "a=1,b=1000"),
        ("a=1.4,b=100", ["a=1,b=1000", "a=2,b=0"], "a=2,b=0"),
        ("a=5,b=1", ["a=1,b=1", "a=4,b=1"], "a=4,b=1"),
        ("energi=91", ["energy=90", "energy=10"], "energy=90"),
        ("background=zz", ["theta=1", "background=z"], "background=z"),
    ],
)
def test_values_are_compared_relative_to_their_ranges(given, known, answer):
    assert nearest_point(given, known) == f"did you mean '{answer}'?"


@pytest.mark.parametrize("given", ["", "energy", "energy=", "energy=nan", "energy=inf", "=", "x=1"])
def test_what_is_no_label_never_fails(given):
    assert nearest_point(given, ["energy=90"]).startswith(("did you mean", "known names"))
    assert nearest_point(given, []) == "none are defined"
