"""The figure of posteriors at one setting and exposure."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...inference.results import Posterior, Posteriors
from ...quantities.labels import number, parse
from .style import BLUE, GREEN, GREY, HEADROOM, ORANGE, new_figure, styled, treatment_title, with_unit


@styled
def posterior_figure(posteriors: Posteriors, campaign: Campaign) -> Figure:
    """Posteriors of a few pseudo-experiments, and of observed data, at one setting and exposure."""
    names = list(campaign.parameters)
    figure, axes = new_figure(len(names), 1.5 + 4.5 * len(names), squeeze=False)
    table = np.array([list(parse(point).values()) for point in posteriors.points])
    for index, (axis, name) in enumerate(zip(axes[:, 0], names, strict=True)):
        values = np.unique(table[:, index])
        shown = [("observed", "black", posteriors.observed)] if posteriors.observed else []
        colours = (BLUE, ORANGE, GREEN)
        shown += [("pseudo-data", c, p) for c, p in zip(colours, posteriors.examples, strict=False)]
        for text, colour, posterior in shown:
            _posterior(axis, posterior, table[:, index], values, index, text, colour)
        prior = [posteriors.prior[table[:, index] == value].sum() for value in values]
        axis.plot(values, prior, color=GREY, linestyle=":", drawstyle="steps-mid", label="prior")
        parameter = campaign.parameters[name]
        axis.set_xlabel(with_unit(parameter.label or name, parameter.unit))
        axis.set_ylabel("Posterior probability")
        treatment = treatment_title([posteriors.nuisances] if campaign.systematics else [])
        axis.set_ylim(0, (HEADROOM + 0.05 * len((treatment or "").splitlines())) * axis.dataLim.y1)
        axis.legend(frameon=False, ncols=2, title=treatment, title_fontsize="small", loc="upper center")
    axes[0, 0].set_title(f"{posteriors.setting}, {posteriors.exposure}", loc="right")
    return figure


def _posterior(
    axis: Axes,
    posterior: Posterior,
    column: np.ndarray[Any, Any],
    values: np.ndarray[Any, Any],
    index: int,
    text: str,
    colour: str,
) -> None:
    marginal = [posterior.probabilities[column == value].sum() for value in values]
    axis.plot(values, marginal, color=colour, linewidth=2, marker="o", markersize=5)
    axis.fill_between(values, 0, marginal, color=colour, alpha=0.15, linewidth=0)
    label = text
    if posterior.truth is not None:
        truth = list(parse(posterior.truth).values())[index]
        # no higher than the posterior; the legend is above
        axis.vlines(truth, 0, max(marginal), color=colour, linestyle="--", linewidth=1.2)
        label = f"{text}, truth {number(truth)}"
    axis.plot([], [], color=colour, linewidth=2, label=label)
