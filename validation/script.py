"""A script of repeats: its cases, one repeat of a case, and what is made of those that are finished."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What one repeat found, as JSON holds it.
Result = dict[str, Any]
#: Results of one case by seed, in order of the seeds.
Repeats = Mapping[int, Result]
#: Results by case; cases of which nothing is finished are absent.
Found = Mapping[str, Repeats]


@dataclass(frozen=True)
class Script:
    """One script of repeats.

    A repeat depends on its case and its seed alone, so that neither the order of the repeats nor the process that
    runs one makes a difference.
    """

    planned: Callable[[int | None], dict[str, int]]
    """Number of repeats of each case, from the number that was asked for; None stands for the script's own."""
    repeat: Callable[[str, int], Result]
    """Run the repeat of a case with a seed."""
    tally: Callable[[str, Repeats], str]
    """Say in a few words what the finished repeats of a case found, or nothing."""
    table: Callable[[Found], Iterable[str]]
    """Lines of the table, from what is finished."""
    draw: Callable[[Found, Path], Iterable[Path]] | None = None
    """Draw figures into a folder."""


def column(repeats: Repeats, key: str) -> list[Any]:
    """One number, or list, of every repeat, in order of the seeds."""
    return [result[key] for result in repeats.values()]
