"""Gain of the Gaussian toy against its variance, one panel per number of recorded events."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.reports.figures.style import BLUE, GREEN, GREY, ORANGE, styled
from validation.script import Repeats, column

#: How points look, and by which factor those of the original estimator stand beside the others.
POINTS: Mapping[str, Any] = {"markersize": 6, "capsize": 4, "linestyle": "none"}
SHIFT = 1.05


@styled
def toy_figure(
    curves: Mapping[int, tuple[FloatArray, FloatArray, Repeats]], simulated: int, ceiling: float
) -> Figure:
    """Exact curve, corrected values with their intervals and the original estimator, by number of recorded events."""
    figure = Figure(figsize=(9.0, 10.5), layout="constrained")
    axes = figure.subplots(len(curves), 1, sharex=True)
    for axis, (recorded, (variances, exact, repeats)) in zip(axes, curves.items(), strict=True):
        _panel(axis, variances, exact, repeats, ceiling)
        events = f"{recorded} recorded event{'s' * (recorded > 1)}, {simulated} simulated per θ"
        axis.set_title(events, loc="right", pad=8)
        axis.set_ylabel("Expected information\ngain [nats]")
    axes[0].legend(loc="upper right", frameon=False)
    axes[-1].set_xlabel("Variance of x")
    return figure


def _panel(axis: Axes, variances: FloatArray, exact: FloatArray, repeats: Repeats, ceiling: float) -> None:
    x = np.array(column(repeats, "variance"))
    value, low, high = (np.array(column(repeats, name)) for name in ("corrected", "low", "high"))
    original, error = (np.array(column(repeats, name)) for name in ("original", "original_error"))
    top = 1.25 * max(float(exact.max()), float(value.max()))
    if ceiling < top:
        axis.axhline(ceiling, color=GREEN, linestyle=":", linewidth=1.5)
        axis.text(x[-1], 1.02 * ceiling, "prior entropy", color=GREEN, fontsize=14, ha="right", va="bottom")
    axis.plot(variances, exact, color="black", linestyle="--", linewidth=1.8, label="exact")
    axis.errorbar(x * SHIFT, original, error, color=GREY, marker="s", label="original", **POINTS)
    ends = np.abs([value - low, high - value])
    axis.errorbar(x, value, ends, color=BLUE, marker="o", label="corrected, 95% interval", **POINTS)
    best = int(value.argmax())
    star: Mapping[str, Any] = {
        "marker": "*",
        "markersize": 20,
        "linestyle": "none",
        "zorder": 5,
        "label": f"best: {x[best]:g}",
    }
    axis.plot(x[best], value[best], color=ORANGE, **star)
    axis.set(xscale="log", xlim=(x[0] / 1.25, x[-1] * 1.25), ylim=(0, top))
