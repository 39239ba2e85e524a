"""Histograms of the ranks of the truth, one panel per case, and how far they are from uniform."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.reports.figures.style import BLUE, GREY, ORANGE, styled

CELLS = 20


def uniformity(values: FloatArray) -> tuple[float, int, float]:
    """χ² of the histogram of ranks, its number of cells, and the chance of a larger one if ranks are uniform."""
    from scipy.stats import chi2

    counts, _ = np.histogram(values, CELLS, (0, 1))
    statistic = float(((counts - counts.mean()) ** 2 / counts.mean()).sum())
    return statistic, CELLS, float(chi2.sf(statistic, CELLS - 1))


@styled
def calibration_figure(panels: Mapping[str, FloatArray]) -> Figure:
    """Histograms of ranks, with the band that holds 95% of the contents of calibrated ones."""
    figure = Figure(figsize=(16.0, 9.5), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for axis, (title, values) in zip(axes.flat, panels.items(), strict=True):
        _draw(axis, values)
        axis.set_title(_two_lines(title), loc="left", fontsize=16)
    figure.supxlabel("Posterior probability below the true θ", fontsize=19)
    figure.supylabel("Pseudo-experiments", fontsize=19)
    axes[0, 0].legend(loc="upper right", frameon=False)
    return figure


def _draw(axis: Any, values: FloatArray) -> None:
    from scipy.stats import binom

    trials = len(values)
    counts, edges = np.histogram(values, CELLS, (0, 1))
    band = binom.interval(0.95, trials, 1 / CELLS)
    axis.axhspan(*band, color=GREY, alpha=0.3, linewidth=0, label="95% of uniform cells")
    axis.axhline(trials / CELLS, color="black", linestyle="--", linewidth=1.2, label="uniform")
    axis.stairs(counts, edges, color=BLUE, linewidth=2.4, label="ranks of the truth")
    held = [np.mean(np.abs(values - 0.5) < level / 2) for level in (0.68, 0.95)]
    text = f"68%: {held[0]:.1%}   95%: {held[1]:.1%}\nuniform: p = {uniformity(values)[2]:.2g}"
    axis.text(0.04, 0.05, text, transform=axis.transAxes, fontsize=15, color=ORANGE, fontweight="bold")
    axis.set(xlim=(0, 1), ylim=(0, 2.6 * trials / CELLS), xticks=[0.2, 0.4, 0.6, 0.8])


def _two_lines(title: str) -> str:
    """Break a title where it fits above a panel."""
    return title.replace(": 1000 events", ":\n1000 events").replace("pb⁻¹, ", "pb⁻¹,\n")
