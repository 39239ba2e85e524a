"""What one sees of a campaign's progress: a panel in a terminal, a line elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..quantities.labels import number
from .progress import PAUSE_SECONDS, Best, Progress, Round

WIDTH = 100
#: More settings of a round than this are counted, and more rounds not shown.
MOST_SETTINGS, MOST_ROUNDS = 4, 12


def duration(seconds: float) -> str:
    """Spell a time in its largest unit, or its two largest from hours on.

    >>> duration(0.4), duration(75), duration(8000), duration(200000)
    ('1 s', '75 s', '2 h 13 min', '2 d 7 h')
    """
    whole = max(round(seconds), 1)
    if whole < 120:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def branches(state: Progress) -> str:
    """Branches done of total; one is done with its histogram."""
    done, total = next(((s.done, s.total) for s in state.stages if s.name == "histogram"), (0, 0))
    return f"{done:,} of {total:,} branches"


def status(state: Progress) -> str:
    """Say how long it takes, or why that is not known."""
    if state.finished:
        return "finished"
    if state.left is not None:
        return f"about {duration(state.left)} left"
    if state.quiet is None:
        return f"nothing there yet in {state.folder}" if state.folder else "nothing there yet"
    if state.quiet > PAUSE_SECONDS:
        return f"the latest file is {duration(state.quiet)} old"
    return "time left not known yet"


def line(state: Progress) -> str:
    """The state in one line: the last round and what came of one, branches, stages, time left, best settings."""
    last = state.rounds[-1] if state.rounds else None
    stages = ", ".join(f"{stage.name} {stage.done}/{stage.total}" for stage in state.stages)
    parts = [
        f"round {last.number} at {_settings(last)}" if last else "",
        next((f"round {one.number}: {one.note}" for one in reversed(state.rounds) if one.note), ""),
        branches(state),
        stages,
        status(state),
        *(f"best at {one.exposure}: {_best(one)}" for one in state.best),
    ]
    return "; ".join(part for part in parts if part)


def lines(states: Iterable[Progress]) -> Iterator[str]:
    """The states as lines, without those in which nothing has changed but the time."""
    before: Progress | None = None
    for state in states:
        timeless = replace(state, left=None, quiet=None)
        if timeless != before:
            yield line(state)
        before = timeless


def _best(one: Best) -> str:
    gain = one.gain
    interval = f"{gain.low:.3f} … {gain.high:.3f}"
    return f"{one.setting}, {gain.value:.3f} nats ({interval}), {one.known} of {one.total} settings"


def panel(state: Progress, width: int) -> RenderableType:
    """The state for a terminal, so many columns wide: bars, time left, best settings with their intervals, rounds."""
    parts: list[RenderableType] = [_bars(state), Text(f"\n{branches(state)} · {status(state)}", style="bold")]
    if state.best:
        parts += ["", _answers(state)]
    if state.rounds:
        parts += ["", _rounds(state)]
    title = Text(f" {state.title} ", style="bold")
    return Panel(Group(*parts), title=title, title_align="left", box=box.ROUNDED, padding=(1, 2), width=width)


def _bars(state: Progress) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column()
    table.add_column(ratio=1)
    table.add_column(justify="right")
    for stage in state.stages:
        bar = ProgressBar(stage.total, stage.done, complete_style="cyan", finished_style="green")
        table.add_row(stage.name, bar, f"{stage.done:,} of {stage.total:,}")
    return table


def _table(*headings: str, text: Sequence[str]) -> Table:
    """A table in which numbers are never cut and columns of `text` wrap instead.

    Everything shown is a Text, or rich would take what is in brackets for its markup.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(Text(heading), no_wrap=heading not in text, overflow="fold")
    return table


def _answers(state: Progress) -> Table:
    table = _table(
        "exposure", "best so far", "EIG [nats]", "95% interval", "settings", text=["exposure", "best so far"]
    )
    for one in state.best:
        gain = one.gain
        interval = f"{gain.low:.3f} … {gain.high:.3f}"
        row = one.exposure, f"★ {one.setting}", f"{gain.value:.3f}", interval, f"{one.known} of {one.total}"
        table.add_row(*map(Text, row))
    return table


def _rounds(state: Progress) -> RenderableType:
    shown = state.rounds[-MOST_ROUNDS:]
    table = _table("round", "settings", "branches", "best so far", "EIG [nats]", text=["settings", "best so far"])
    for one in shown:
        gain = "" if one.best is None else f"{one.best.gain.value:.3f} ± {one.best.gain.error:.3f}"
        top = "" if one.best is None else one.best.setting
        row = str(one.number), _settings(one), f"{one.done:,} of {one.total:,}", top, gain
        table.add_row(*map(Text, row))
    return Group(table, *(Text(f"→ round {one.number}: {one.note}") for one in shown if one.note))


def _settings(one: Round) -> str:
    if not one.settings or len(one.settings) > MOST_SETTINGS:
        return f"{len(one.settings) or 'no'} settings"
    texts = [", ".join(number(value) for value in setting) for setting in one.settings]
    return " ".join(texts if len(one.settings[0]) == 1 else (f"({text})" for text in texts))
