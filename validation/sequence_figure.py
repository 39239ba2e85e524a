"""Posterior width by round for each policy, and after the last round against the fixed setting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robot_physicist.reports.figures.style import BLUE, GREEN, GREY, ORANGE, styled
from validation.sequence_chains import ROUNDS
from validation.sequence_studies import Case
from validation.sequence_widths import Sequences

#: A case, its sequences by policy, and those of every fixed setting.
Compared = tuple[Case, dict[str, Sequences], list[Sequences]]


@styled
def sequence_figure(compared: Sequence[Compared]) -> Figure:
    """Posterior width by round for each policy, and after the last round against the fixed setting."""
    drawn = Figure(figsize=(15.0, 4.9 * len(compared)), layout="constrained")
    panels = drawn.subplots(len(compared), 2, squeeze=False)
    for (case, found, fixed), (left, right) in zip(compared, panels, strict=True):
        _by_round(left, case, found)
        _by_setting(right, case, found, fixed)
    return drawn


def _by_round(axis: Any, case: Case, found: dict[str, Sequences]) -> None:
    styles = zip(found.items(), (ORANGE, GREY, GREEN, BLUE), ("o", "s", "^", "v"), strict=True)
    rounds, highest = np.arange(1, ROUNDS + 1), 0.0
    for place, ((name, one), colour, marker) in enumerate(styles):
        mean, error = (case.scale * array for array in one.width)
        highest = max(highest, mean.max())
        shift = 0.05 * (place - 1.5)
        axis.errorbar(rounds + shift, mean, error, color=colour, marker=marker, markersize=7, capsize=3, label=name)
    axis.set(xlabel="Round", ylabel=f"Posterior sd of {case.spelt}", xticks=rounds)
    axis.set(xlim=(0.7, ROUNDS + 0.3), ylim=(0, 1.45 * highest))
    axis.tick_params(axis="x", which="minor", bottom=False, top=False)
    axis.set_title(case.study.name + " per round", loc="left", fontsize=16)
    axis.legend(frameon=False, ncols=2)


def _by_setting(axis: Any, case: Case, found: dict[str, Sequences], fixed: list[Sequences]) -> None:
    widths = case.scale * np.array([[value[-1] for value in one.width] for one in fixed])
    axis.errorbar(
        case.study.settings, *widths.T, color=BLUE, marker="o", capsize=3, label="this setting in all rounds"
    )
    for name, colour in (("random", GREY), ("adaptive", ORANGE)):
        mean, error = (case.scale * value[-1] for value in found[name].width)
        axis.axhspan(mean - error, mean + error, color=colour, alpha=0.4, linewidth=0)
        axis.axhline(mean, color=colour, linewidth=2, label=name)
    axis.set(xlabel=case.axis, ylabel=f"After {ROUNDS} rounds", ylim=(0, 1.35 * widths.max()))
    axis.set_title(f"true {case.label} = {case.truth:g}, {len(fixed[0].sd)} repeats", loc="right", fontsize=16)
    room = 0.04 * np.ptp(case.study.settings)
    axis.set_xlim(case.study.settings[0] - room, case.study.settings[-1] + room)
    axis.legend(frameon=False, ncols=3, loc="upper center", columnspacing=1.2, fontsize=13)
