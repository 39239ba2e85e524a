"""Which figures a design gets, by file name; how each looks is in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...design.results import Design
from ...inference.results import Posteriors
from ...templates.histogram import Histogram
from . import gains, observed_data
from .posteriors import posterior_figure
from .style import render_bytes
from .templates import templates_figure

FORMATS = ("pdf", "png")


def draw(
    campaign: Campaign, design: Design, posteriors: Sequence[Posteriors], histograms: Sequence[Histogram]
) -> dict[str, bytes]:
    """Draw every figure of a design in every format; the result maps file names to contents."""
    return {
        f"{name}.{extension}": render_bytes(figure, extension)
        for name, figure in _figures(campaign, design, posteriors, histograms)
        for extension in FORMATS
    }


def _figures(
    campaign: Campaign, design: Design, posteriors: Sequence[Posteriors], histograms: Sequence[Histogram]
) -> Iterator[tuple[str, Figure]]:
    yield "gain", gains.gains_figure(design)
    for answer in design.exposures:
        for variable in campaign.settings:
            yield f"gain-{answer.exposure}-{variable}", gains.gain_figure(answer, design, variable)
        for one in posteriors:
            if (one.setting, one.exposure) == (answer.best, answer.exposure) or (
                one.observed is not None and one.exposure == answer.exposure
            ):
                yield f"posterior-{one.exposure}-{one.setting}", posterior_figure(one, campaign)
    for one in posteriors:
        for shown in one.observed_fit.projections if one.observed_fit else ():
            name = f"data-{one.exposure}-{one.setting}-{shown.axis.name}"
            yield name, observed_data.data_figure(one, shown, campaign)
    for setting in dict.fromkeys(answer.best for answer in design.exposures):
        chosen = [one for one in histograms if one.setting == setting]
        yield f"templates-{setting}", templates_figure(chosen, campaign)
