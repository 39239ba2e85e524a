"""Figures of the information gain against the variables of the setting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...design.results import Design, ExposureDesign, Ranked
from ...quantities.labels import number
from .style import (
    BLUE,
    GREY,
    LINES,
    ORANGE,
    SIDES,
    exposure_title,
    legend_text,
    new_figure,
    styled,
    treatment_title,
    with_unit,
)


@styled
def gains_figure(design: Design) -> Figure:
    """Information gain against the first setting variable, one panel per exposure."""
    variable = next(iter(design.units))
    count = len(design.exposures)
    figure, axes = new_figure(count, 2.2 + 3.6 * count, sharex=True, squeeze=False)
    for axis, answer in zip(axes[:, 0], design.exposures, strict=True):
        _gain(axis, answer, design, variable)
        axis.set_title(exposure_title(answer.exposure), loc="right")
    axes[0, 0].set_title(design.title, loc="left", fontsize=14, wrap=True) if count == 1 else None
    axes[-1, 0].set_xlabel(with_unit(design.labels[variable], design.units[variable]))
    return figure


@styled
def gain_figure(answer: ExposureDesign, design: Design, variable: str) -> Figure:
    """Information gain against one setting variable at one exposure; other variables are separate lines."""
    figure, axis = new_figure()
    _gain(axis, answer, design, variable)
    axis.set_title(exposure_title(answer.exposure), loc="right")
    axis.set_xlabel(with_unit(design.labels[variable], design.units[variable]))
    return figure


def _gain(axis: Axes, answer: ExposureDesign, design: Design, variable: str) -> None:
    lines: dict[tuple[float, ...], list[Ranked]] = {}
    for ranked in answer.settings:
        others = tuple(value for name, value in ranked.values.items() if name != variable)
        lines.setdefault(others, []).append(ranked)
    if len(lines) > max(len(LINES), len(answer.settings) / 2):
        # settings of a search, which are on no grid
        _gain_points(axis, answer.settings, variable, BLUE, "corrected, 95% interval")
        lines = {}
    for index, (others, line) in enumerate(lines.items()):
        names = [design.labels[name] for name in design.units if name != variable]
        text = ", ".join(f"{name} = {number(value)}" for name, value in zip(names, others, strict=True))
        _gain_line(axis, line, variable, LINES[index % len(LINES)], legend_text(text), len(lines) == 1)
    best = next(ranked for ranked in answer.settings if ranked.rank == 1)
    axis.plot(
        best.values[variable],
        best.gain.corrected.value,
        marker="*",
        markersize=20,
        color=ORANGE,
        linestyle="none",
        label=f"best: {_with_unit_value(design, variable, best)}",
        zorder=5,
        clip_on=False,
    )
    values = [ranked.values[variable] for ranked in answer.settings]
    if _geometric(values):
        axis.set_xscale("log")
    axis.margins(x=SIDES)
    _gain_limits(axis, answer)
    axis.set_ylabel("Expected information\ngain [nats]")
    treatment = {ranked.gain.nuisances for ranked in answer.settings} - {"none"}
    size = {"ncols": 2, "fontsize": "x-small"} if len(lines) > 6 else {"ncols": 1}
    axis.legend(loc="best", frameon=False, title=treatment_title(treatment), title_fontsize="small", **size)


def _with_unit_value(design: Design, variable: str, ranked: Ranked) -> str:
    return f"{number(ranked.values[variable])} {design.units[variable]}".strip()


def _gain_limits(axis: Axes, answer: ExposureDesign) -> None:
    gains = [ranked.gain for ranked in answer.settings]
    top = max(gain.corrected.high for gain in gains)
    ceiling = gains[0].prior_entropy
    if ceiling < 1.3 * top:
        axis.axhline(ceiling, color=GREY, linestyle=":", label="prior entropy")
        top = max(top, ceiling)
    top = top or 1.0  # one parameter point leaves nothing to learn
    axis.set_ylim(-0.04 * top, 1.25 * top)


def _gain_line(axis: Axes, line: Sequence[Ranked], variable: str, colour: str, text: str, alone: bool) -> None:
    ordered = sorted(line, key=lambda ranked: ranked.values[variable])
    x = np.array([ranked.values[variable] for ranked in ordered])
    y = np.array([ranked.gain.corrected.value for ranked in ordered])
    ends = np.array([(ranked.gain.corrected.low, ranked.gain.corrected.high) for ranked in ordered]).T
    if alone:
        low = [ranked.gain.cross_fitted.value for ranked in ordered]
        high = [ranked.gain.plug_in.value for ranked in ordered]
        axis.fill_between(x, low, high, color=GREY, alpha=0.18, linewidth=0, label="cross-fitted … plug-in")
    axis.fill_between(x, *ends, color=colour, alpha=0.3, linewidth=0)
    axis.plot(x, y, color=colour, linewidth=1.5)
    _gain_points(axis, ordered, variable, colour, text or "corrected, 95% interval")
    exact = [ranked.gain.exact for ranked in ordered]
    if all(value is not None for value in exact):
        values = [value.value for value in exact if value is not None]
        axis.plot(x, values, color="black", linestyle="--", linewidth=1.2, label="exact")


def _gain_points(axis: Axes, settings: Sequence[Ranked], variable: str, colour: str, text: str) -> None:
    x = [ranked.values[variable] for ranked in settings]
    y = np.array([ranked.gain.corrected.value for ranked in settings])
    ends = np.array([(ranked.gain.corrected.low, ranked.gain.corrected.high) for ranked in settings]).T
    axis.errorbar(
        x, y, np.abs(ends - y), color=colour, marker="o", markersize=6, linestyle="none", capsize=3, label=text
    )


def _geometric(values: Sequence[float]) -> bool:
    distinct = sorted(set(values))
    return len(distinct) > 3 and distinct[0] > 0 and distinct[-1] / distinct[0] > 20
