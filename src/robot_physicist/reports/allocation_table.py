"""Shares of a luminosity as a table for the terminal."""

from __future__ import annotations

import io

from rich import box
from rich.table import Table
from rich.text import Text

from ..design.allocation.results import Allocation
from .design_table import bar, printed_to


def render(allocation: Allocation, colour: bool) -> str:
    """Render what every setting gets and teaches alone, in nats, the verdict and the warnings."""
    text = io.StringIO()
    console = printed_to(text, colour)
    console.print(_table(allocation))
    console.print(allocation.verdict, soft_wrap=True)
    if allocation.nuisances != "none":
        console.print(f"Nuisance parameters: {allocation.nuisances}.", soft_wrap=True)
    for warning in allocation.warnings:
        console.print(f"warning: {warning}", soft_wrap=True)
    return text.getvalue().rstrip()


def _table(allocation: Allocation) -> Table:
    table = Table(title=Text(f"Shares of {allocation.exposure}"), box=box.SIMPLE, title_justify="left")
    table.add_column("setting", overflow="fold")
    for heading in map(Text, ("share", "", "all there [nats]", "more there adds [nats]")):
        table.add_column(heading, no_wrap=True, justify="left" if not heading.plain else "right")
    for one in allocation.shares:
        table.add_row(
            Text(one.setting),
            f"{100 * one.share:.0f}%",
            bar(one.share, 1.0),
            f"{one.single.value:.3f} ± {one.single.error:.3f}",
            f"{one.marginal:.3f}",
            style="bold" if one.share > 0 else None,
        )
    return table
