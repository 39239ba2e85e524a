"""The design as a table for the terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..design.results import Design, ExposureDesign, Ranked
from ..inference.fit_results import ObservedSummary
from ..quantities.labels import number, parse
from .words import spelt

WIDTH = 100
BAR = 24
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, highest: float, width: int = BAR) -> str:
    """Draw a horizontal bar in steps of an eighth of a character.

    >>> bar(1.0, 2.0, 4)
    '██'
    """
    eighths = round(8 * width * max(0.0, value) / highest) if highest > 0 else 0
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def printed_to(text: io.StringIO, colour: bool) -> Console:
    """A console that prints tables of one width into a text; labels, units and titles are free text, not markup."""
    return Console(
        file=text,
        width=WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def render(design: Design, colour: bool) -> str:
    """Render the settings, their information gain in nats and the verdict of every exposure."""
    text = io.StringIO()
    console = printed_to(text, colour)
    for answer in design.exposures:
        console.print(_table(design, answer))
        console.print(f"{answer.verdict}\n{_treatment(answer)}", soft_wrap=True)
        for line in _warnings(design, answer):
            console.print(line, soft_wrap=True)
    for one in design.observed:
        console.print(_observed(one, design), soft_wrap=True)
    return text.getvalue().rstrip()


def _observed(one: ObservedSummary, design: Design) -> str:
    values = [f"{name} = {mean:.4g} ± {one.sd[name]:.2g}" for name, mean in one.mean.items()]
    events = f"{one.events:.0f} event{'' if one.events == 1 else 's'}"
    found = f"{events} at {_place(design, parse(one.setting))}, {one.exposure}: {', '.join(values)}"
    warned = "".join(f"\nWarning: {text}." for text in one.warnings)
    return f"Observed {found}; {spelt(one.goodness)}.{warned}"


def _place(design: Design, values: Mapping[str, float]) -> str:
    return ", ".join(
        f"{design.labels[name]} = {number(value)} {design.units[name]}".strip() for name, value in values.items()
    )


def _warnings(design: Design, answer: ExposureDesign) -> Iterator[str]:
    """One line per kind of warning, as the best setting has it; kinds differ in more than numbers."""
    kinds: dict[str, dict[int, tuple[str, str]]] = {}
    for ranked in answer.settings:
        for text in ranked.gain.warnings:
            found = kinds.setdefault(NUMBER.sub("", text), {})
            found.setdefault(ranked.rank, (_place(design, ranked.values), text))
    for found in kinds.values():
        place, text = found[min(found)]
        several = f"{len(found)} of {len(answer.settings)} settings, such as " if len(found) > 1 else ""
        yield f"Warning at {several}{place}: {text}."


def _treatment(answer: ExposureDesign) -> str:
    """What was done with nuisance parameters, when there are some."""
    found = {ranked.gain.nuisances for ranked in answer.settings} - {"none"}
    return "".join(f"Nuisance parameters: {text}.\n" for text in sorted(found))


def _table(design: Design, answer: ExposureDesign) -> Table:
    table = Table(title=Text(f"{design.title} · {answer.exposure}"), box=box.SIMPLE, title_justify="left")
    for name, unit in design.units.items():
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
