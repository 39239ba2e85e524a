"""The design as a table for the terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .documents import Design, ExposureDesign, Ranked
from .fit_documents import ObservedSummary
from .goodness import spelt
from .labels import number, parse

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 100
BAR = 24
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, highest: float, width: int = BAR) -> str:
    """Draw a horizontal bar in steps of an eighth of a character.

    >>> bar(1.0, 2.0, 4)
    '██'
    """
    eighths = round(8 * width * max(0.0, value) / highest) if highest > 0 else 0
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def render(design: Design, colour: bool) -> str:
    """Render the settings, their information gain in nats and the verdict of every exposure."""
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text,
        width=WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    )
    for answer in design.exposures:
        console.print(_table(design, answer))
        console.print(f"{answer.verdict}\n{_treatment(answer)}", soft_wrap=True)
    for one in design.observed:
        console.print(_observed(one, design), soft_wrap=True)
    return text.getvalue().rstrip()


def _observed(one: ObservedSummary, design: Design) -> str:
    place = [
        f"{design.labels[name]} = {number(value)} {design.units[name]}".strip()
        for name, value in parse(one.setting).items()
    ]
    values = [f"{name} = {mean:.4g} ± {one.sd[name]:.2g}" for name, mean in one.mean.items()]
    events = f"{one.events:.0f} event{'' if one.events == 1 else 's'}"
    found = f"{events} at {', '.join(place)}, {one.exposure}: {', '.join(values)}"
    return f"Observed {found}; {spelt(one.goodness)}."


def _treatment(answer: ExposureDesign) -> str:
    """What was done with nuisance parameters, when there are some."""
    found = {ranked.gain.nuisances for ranked in answer.settings} - {"none"}
    return "".join(f"Nuisance parameters: {text}.\n" for text in sorted(found))


def _table(design: Design, answer: ExposureDesign) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{design.title} · {answer.exposure}", box=box.SIMPLE, title_justify="left")
    for name, unit in design.units.items():
        # as text, for rich takes what is in brackets for markup
        heading = Text(f"{design.labels[name]} [{unit}]" if unit else design.labels[name])
        table.add_column(heading, justify="right")
    for heading in map(Text, ("EIG [nats]", "", "95% interval", "")):
        table.add_column(heading, no_wrap=True)
    highest = max(ranked.gain.corrected.value for ranked in answer.settings)
    for ranked in answer.settings:
        table.add_row(*_row(ranked, highest), style="bold" if ranked.rank == 1 else None)
    return table


def _row(ranked: Ranked, highest: float) -> list[str]:
    gain = ranked.gain
    return [
        *(number(value) for value in ranked.values.values()),
        f"{gain.corrected.value:.3f} ± {gain.corrected.error:.3f}",
        bar(gain.corrected.value, highest),
        f"{gain.corrected.low:.3f} … {gain.corrected.high:.3f}",
        "★ best" if ranked.rank == 1 else "≈ best" if ranked.contender else "",
    ]
