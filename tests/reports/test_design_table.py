"""The table of a design says what is best, and what is doubtful."""

from dataclasses import replace

from support.designs import three

from robot_physicist.design.ranking import design
from robot_physicist.reports.design_table import render


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
