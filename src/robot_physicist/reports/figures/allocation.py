"""The figure of an allocation: what each setting teaches alone, and which shares teach most together."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ...design.allocation.results import Allocation
from .of_a_design import FORMATS
from .style import BLUE, GREY, ORANGE, render_bytes, styled

#: Settings of which every label can be read.
MOST_LABELS = 12
#: Nats that are shown at least.
LEAST_GAIN = 1e-6


def draw(allocation: Allocation, title: str) -> dict[str, bytes]:
    """Draw the figure of an allocation in every format; the result maps file names to contents."""
    figure = allocation_figure(allocation, title)
    return {f"allocation-{allocation.exposure}.{extension}": render_bytes(figure, extension) for extension in FORMATS}


@styled
def allocation_figure(allocation: Allocation, title: str) -> Figure:
    """Gains of single settings below the gain of the plan, and the shares of the plan."""
    figure = Figure(figsize=(9.0, 8.0), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2]})
    place = np.arange(len(allocation.shares))
    gains = [one.single.value for one in allocation.shares]
    errors = [1.96 * one.single.error for one in allocation.shares]
    top.errorbar(
        place, gains, errors, color=BLUE, marker="o", linestyle="none", capsize=3, label="all at one setting"
    )
    plan = allocation.gain
    top.axhspan(plan.low, plan.high, color=ORANGE, alpha=0.3, linewidth=0)
    top.axhline(plan.value, color=ORANGE, label="shared as below, 95% interval")
    if allocation.prior_entropy < 1.3 * plan.high:
        top.axhline(allocation.prior_entropy, color=GREY, linestyle=":", label="prior entropy")
    # where nothing tells anything, all of it is at zero
    top.set_ylim(0, 1.35 * max(plan.high, *gains, LEAST_GAIN))
    top.set_ylabel("Expected information\ngain [nats]")
    top.set_title(title, loc="left", fontsize=14, wrap=True)
    top.legend(frameon=False, loc="upper left", ncols=2)
    shares = [100 * one.share for one in allocation.shares]
    bottom.bar(place, shares, color=ORANGE)
    bottom.set_ylabel("Share of the\nluminosity [%]")
    names = [one.setting for one in allocation.shares]
    step = max(1, len(names) // MOST_LABELS)
    bottom.set_xticks(place[::step], names[::step], rotation=45, ha="right", fontsize=12)
    return figure
