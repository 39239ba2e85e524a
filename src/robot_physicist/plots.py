"""Figures; every function returns one and touches neither the disk nor matplotlib's global state."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from textwrap import fill
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import numpy as np

from .campaign.model import Campaign
from .design.results import Design, ExposureDesign, Ranked
from .inference.results import Posterior, Posteriors
from .quantities.labels import number, parse
from .templates.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


P = ParamSpec("P")
#: Okabe and Ito's colours, which all readers can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#7F7F7F"
#: Lines of the other setting variables: orange is the best setting's.
LINES = (BLUE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", GREY, "#000000", "#6A3D9A")
#: Characters of a line in a legend.
LEGEND_WIDTH = 52
#: Ratios of templates up to which figures show them.
HIGHEST_RATIO = 4.0
#: Room above the highest curve for the legend.
HEADROOM = 1.35
FONTS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 17,
    "axes.labelsize": 19,
    "axes.titlesize": 17,
    "legend.fontsize": 14,
    "xtick.labelsize": 15,
    "ytick.labelsize": 15,
    "svg.hashsalt": "robot-physicist",
    "figure.constrained_layout.use": True,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in mplhep's style, with fonts that have Greek letters and superscripts."""

    @wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib as mpl
        import mplhep

        style: dict[str, Any] = {
            key: value for key, value in mplhep.style.ATLAS.items() if not key.startswith("font")
        }
        with mpl.rc_context(rc=cast(Any, style | FONTS)):
            return draw(*args, **kwargs)

    return wrapped


def _figure(rows: int = 1, height: float = 6.0, **kwargs: Any) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, height), layout="constrained")
    return figure, figure.subplots(rows, 1, **kwargs)


def with_unit(text: str, unit: str) -> str:
    """Write the label of an axis.

    >>> with_unit("√s", "GeV"), with_unit("cos θ", "")
    ('√s [GeV]', 'cos θ')
    """
    return f"{text} [{unit}]" if unit else text


@styled
def gains_figure(design: Design) -> Figure:
    """Information gain against the first setting variable, one panel per exposure."""
    variable = next(iter(design.units))
    count = len(design.exposures)
    figure, axes = _figure(count, 2.2 + 3.6 * count, sharex=True, squeeze=False)
    for axis, answer in zip(axes[:, 0], design.exposures, strict=True):
        _gain(axis, answer, design, variable)
        axis.set_title(exposure_title(answer.exposure), loc="right")
    axes[0, 0].set_title(design.title, loc="left", fontsize=14, wrap=True) if count == 1 else None
    axes[-1, 0].set_xlabel(with_unit(design.labels[variable], design.units[variable]))
    return figure


@styled
def gain_figure(answer: ExposureDesign, design: Design, variable: str) -> Figure:
    """Information gain against one setting variable at one exposure; other variables are separate lines."""
    figure, axis = _figure()
    _gain(axis, answer, design, variable)
    axis.set_title(exposure_title(answer.exposure), loc="right")
    axis.set_xlabel(with_unit(design.labels[variable], design.units[variable]))
    return figure


def exposure_title(exposure: str) -> str:
    """Write the label of an exposure for people.

    >>> exposure_title("events=10"), exposure_title("luminosity=2pb-1")
    ('10 recorded events', '∫L dt = 2 pb⁻¹')
    """
    name, _, amount = exposure.partition("=")
    if name == "events":
        return f"{amount} recorded event{'' if amount == '1' else 's'}"
    return f"∫L dt = {_luminosity(amount)}"


def _luminosity(amount: str) -> str:
    unit = amount[-4:]
    return f"{amount[:-4]} {unit[:-2]}⁻¹"


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
        _gain_line(axis, line, variable, LINES[index % len(LINES)], text, len(lines) == 1)
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
    _gain_limits(axis, answer)
    axis.set_ylabel("Expected information\ngain [nats]")
    treatment = {ranked.gain.nuisances for ranked in answer.settings} - {"none"}
    size = {"ncols": 2, "fontsize": "x-small"} if len(lines) > 6 else {"ncols": 1}
    axis.legend(loc="best", frameon=False, title=_treatment(treatment), title_fontsize="small", **size)


def _treatment(nuisances: Iterable[str]) -> str | None:
    """Say in a legend's title what was done with nuisance parameters."""
    return "\n".join(fill(f"nuisance parameters {text}", LEGEND_WIDTH) for text in sorted(nuisances)) or None


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


@styled
def posterior_figure(posteriors: Posteriors, campaign: Campaign) -> Figure:
    """Posteriors of a few pseudo-experiments, and of observed data, at one setting and exposure."""
    names = list(campaign.parameters)
    figure, axes = _figure(len(names), 1.5 + 4.5 * len(names), squeeze=False)
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
        treatment = _treatment([posteriors.nuisances] if campaign.systematics else [])
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


@styled
def templates_figure(histograms: Sequence[Histogram], campaign: Campaign) -> Figure:
    """Templates of every parameter point at one setting, coloured by θ, and their ratio to the middle point."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    name = next(iter(campaign.parameters))
    points = {h.sample: parse(h.sample)[name] for h in histograms if not h.sample.startswith("background=")}
    chosen = sorted((h for h in histograms if h.sample in points), key=lambda h: points[h.sample])
    figure, (top, ratio) = _figure(2, 8.0, sharex=True, gridspec_kw={"height_ratios": [2, 1]})
    scale: Any = ScalarMappable(Normalize(min(points.values()), max(points.values())), colormaps["viridis"])
    reference, _ = _projection(chosen[len(chosen) // 2])
    for histogram in chosen:
        shape, error = _projection(histogram)
        colour = scale.cmap(scale.norm(points[histogram.sample]))
        edges = np.linspace(histogram.axes[0].low, histogram.axes[0].high, histogram.axes[0].bins + 1)
        top.stairs(shape, edges, color=colour, linewidth=1.3)
        safe = np.where(reference > 0, reference, np.nan)
        ratio.stairs(shape / safe, edges, color=colour, linewidth=1.3, baseline=None)
        centre = (edges[:-1] + edges[1:]) / 2
        ratio.errorbar(centre, shape / safe, error / safe, color=colour, linestyle="none", linewidth=0.8)
    # Where one template ends and another is high, ratios are without bounds and hide all others.
    ratio.set_ylim(max(ratio.get_ylim()[0], -0.1), min(ratio.get_ylim()[1], HIGHEST_RATIO))
    axis = chosen[0].axes[0]
    ratio.set_xlabel(with_unit(axis.label or axis.name, axis.unit))
    top.set_ylabel("Fraction of events per bin")
    ratio.set_ylabel("Ratio to middle")
    top.set_ylim(0, None)
    top.set_title(chosen[0].setting, loc="right")
    parameter = campaign.parameters[name]
    figure.colorbar(scale, ax=[top, ratio], label=with_unit(parameter.label or name, parameter.unit))
    return figure


def _projection(histogram: Histogram) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Fractions per bin of the first observable and their statistical errors."""
    shape = [axis.bins for axis in histogram.axes]
    rest = tuple(range(1, len(shape)))
    sumw, sumw2 = (a.sum(axis=0).reshape(shape).sum(axis=rest) for a in (histogram.sumw, histogram.sumw2))
    return sumw / sumw.sum(), np.sqrt(sumw2) / sumw.sum()


def render_bytes(figure: Figure, extension: str) -> bytes:
    """Render a figure as `pdf` or `png`; the same figure always gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    metadata = {"CreationDate": None, "Creator": None, "Producer": None} if extension == "pdf" else {"Software": None}
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension, dpi=120, metadata=metadata)
    return buffer.getvalue()
