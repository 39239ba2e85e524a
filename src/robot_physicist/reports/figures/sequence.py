"""Figures of a sequence of experiments: the posterior after each round, and how its width shrinks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...design.sequence.belief import Belief, Marginal
from ...design.sequence.state import Experiments
from ...design.sequence.update import arrays, belief_of
from ...quantities.labels import number, parse
from .of_a_design import FORMATS
from .style import BLUE, GREY, ORANGE, render_bytes, styled

#: A density is drawn where it is above this fraction of its highest value.
SHOWN = 1e-3


def draw(study: Campaign, known: Experiments) -> dict[str, bytes]:
    """Draw the figure of a sequence in every format; the result maps file names to contents."""
    figure = sequence_figure(study, known)
    return {f"posterior.{extension}": render_bytes(figure, extension) for extension in FORMATS}


@styled
def sequence_figure(study: Campaign, known: Experiments) -> Figure:
    """Posterior densities after each round, one panel per parameter, and the standard deviation beside it."""
    names = list(known.axes)
    figure = Figure(figsize=(14.0, 1.2 + 5.0 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 2, squeeze=False, gridspec_kw={"width_ratios": [3, 2]})
    for index, name in enumerate(names):
        parameter = study.parameters[name]
        label = f"{parameter.label or name} [{parameter.unit}]" if parameter.unit else parameter.label or name
        _densities(panels[index, 0], study, known, index)
        panels[index, 0].set(xlabel=label, ylabel="Posterior density / highest")
        _widths(panels[index, 1], known, name)
        panels[index, 1].set(xlabel="Round", ylabel=f"Posterior sd of {label}")
    panels[0, 0].set_title(known.title, loc="left", fontsize=15)
    return figure


def _beliefs(known: Experiments) -> list[tuple[Belief, Any]]:
    """Belief after each round, and the grid on which it is looked at."""
    belief = belief_of(known)
    grids = [*(arrays(one.axes) for one in known.rounds[1:]), arrays(known.axes)]
    return [(Belief(belief.terms[: 2 + index]), grid) for index, grid in enumerate(grids)]


def _densities(axis: Axes, study: Campaign, known: Experiments, index: int) -> None:
    colours = colormaps["viridis"](np.linspace(0.85, 0.0, len(known.rounds)))
    found = [belief.marginal(grid, index) for belief, grid in _beliefs(known)]
    for place, (one, colour) in enumerate(zip(found, colours, strict=True)):
        height, setting = one.density / one.density.max(), _setting(study, known.rounds[place].setting)
        axis.fill_between(one.nodes, 0, height, color=colour, alpha=0.12, linewidth=0)
        axis.plot(one.nodes, height, color=colour, linewidth=2.2, label=f"{place + 1}: {setting}")
    prior = Belief(belief_of(known).terms[:1]).marginal(arrays(known.rounds[0].axes), index)
    axis.plot(prior.nodes, prior.density / prior.density.max(), color=GREY, linestyle=":", label="prior")
    if known.truth:
        truth = list(known.truth.values())[index]
        axis.vlines(truth, 0, 1.04, color=ORANGE, linestyle="--", label=f"truth {number(truth)}")
    axis.set_xlim(*_limits(found))
    axis.set_ylim(0, 1.12 + 0.09 * (len(known.rounds) + 3))
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axis.tick_params(axis="x", pad=9)  # the first value is below the zero of the other axis
    axis.legend(frameon=False, ncols=2, title="round: setting", title_fontsize="small", loc="upper left")


def _setting(study: Campaign, setting: str) -> str:
    return ", ".join(
        f"{study.settings[name].label or name} = {number(float(f'{value:.4g}'))} {study.settings[name].unit}".strip()
        for name, value in parse(setting).items()
    )


def _limits(found: list[Marginal]) -> tuple[float, float]:
    """Ends of where any of the densities is worth drawing."""
    seen = [one.nodes[one.density > SHOWN * one.density.max()] for one in found]
    low, high = min(nodes[0] for nodes in seen), max(nodes[-1] for nodes in seen)
    return (float(low), float(high)) if low < high else (float(low) - 1, float(high) + 1)


def _widths(axis: Axes, known: Experiments, name: str) -> None:
    widths = [one.known[name].sd for one in known.rounds]
    rounds = np.arange(1, len(widths) + 1)
    axis.plot(rounds, widths, color=BLUE, marker="o", linewidth=2, label="posterior")
    axis.plot(rounds, widths[0] / np.sqrt(rounds), color=GREY, linestyle=":", label="first / √round")
    axis.set_xticks(rounds)
    axis.minorticks_off()
    axis.set_xlim(0.7, len(rounds) + 0.3)
    axis.set_ylim(0, 1.25 * max(widths) or 1.0)  # a single parameter point has no width
    axis.legend(frameon=False)
