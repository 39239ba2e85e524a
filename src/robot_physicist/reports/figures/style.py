"""How all figures look, and how they become bytes; nothing touches matplotlib's global state."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, cast

import matplotlib as mpl
import mplhep
from matplotlib.axis import Axis, Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

P = ParamSpec("P")
#: Okabe and Ito's colours, which all readers can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#7F7F7F"
#: Characters of a line in a legend.
LEGEND_WIDTH = 52
#: Ratios of templates up to which figures show them.
HIGHEST_RATIO = 4.0
#: Room above the highest curve for the legend.
HEADROOM = 1.35
#: Room beside the first and the last setting, as a share of what lies between, so that no mark is cut.
SIDES = 0.04
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
#: Lines of the other setting variables: orange is the best setting's.
LINES = (BLUE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", GREY, "#000000", "#6A3D9A")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in mplhep's style, with fonts that have Greek letters and superscripts, and text as it is written."""

    @wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        style: dict[str, Any] = {
            key: value for key, value in mplhep.style.ATLAS.items() if not key.startswith("font")
        }
        with mpl.rc_context(rc=cast(Any, style | FONTS)):
            return as_written(draw(*args, **kwargs))

    return wrapped


def as_written(figure: Figure) -> Figure:
    """Show every text with its dollars and backslashes, as labels of a campaign are free text.

    Numbers of axes, such as 10⁻³, stay the formulae that matplotlib makes of them.
    """
    numbers = {id(label) for tick in figure.findobj(Tick) for label in (tick.label1, tick.label2)}
    numbers |= {id(axis.offsetText) for axis in figure.findobj(Axis)}
    for text in figure.findobj(Text):
        if id(text) not in numbers:
            text.set_parse_math(False)
    return figure


def legend_text(text: str) -> str:
    """Text that a legend shows: matplotlib leaves out what begins with an underscore.

    >>> legend_text("_a = 3"), legend_text("a = 3")
    (' _a = 3', 'a = 3')
    """
    return f" {text}" if text.startswith("_") else text


def new_figure(rows: int = 1, height: float = 6.0, **kwargs: Any) -> tuple[Figure, Any]:
    """A figure 9 inches wide with so many rows of axes."""
    figure = Figure(figsize=(9.0, height), layout="constrained")
    return figure, figure.subplots(rows, 1, **kwargs)


def with_unit(text: str, unit: str) -> str:
    """Write the label of an axis.

    >>> with_unit("√s", "GeV"), with_unit("cos θ", "")
    ('√s [GeV]', 'cos θ')
    """
    return f"{text} [{unit}]" if unit else text


def exposure_title(exposure: str) -> str:
    """Write the label of an exposure for people.

    >>> exposure_title("events=10"), exposure_title("luminosity=2pb-1")
    ('10 recorded events', '∫L dt = 2 pb⁻¹')
    """
    name, _, amount = exposure.partition("=")
    if amount == "observed":
        return "as many events as observed"
    if name == "events":
        return f"{amount} recorded event{'' if amount == '1' else 's'}"
    return f"∫L dt = {_luminosity(amount)}"


def _luminosity(amount: str) -> str:
    unit = amount[-4:]
    return f"{amount[:-4]} {unit[:-2]}⁻¹"


def treatment_title(nuisances: Iterable[str]) -> str | None:
    """Say in a legend's title what was done with nuisance parameters."""
    return "\n".join(fill(f"nuisance parameters {text}", LEGEND_WIDTH) for text in sorted(nuisances)) or None


def render_bytes(figure: Figure, extension: str) -> bytes:
    """Render a figure as `pdf` or `png`; the same figure always gives the same bytes."""
    metadata = {"CreationDate": None, "Creator": None, "Producer": None} if extension == "pdf" else {"Software": None}
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension, dpi=120, metadata=metadata)
    return buffer.getvalue()
