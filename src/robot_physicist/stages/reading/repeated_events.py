"""Observed events that a file holds twice: the same numbers of run and event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...files import root_events
from ...quantities.errors import ObservableError

#: What experiments call the branches, without underscores, dots before them and capitals.
RUN, EVENT = (
    ("run", "runnumber", "runno", "runid"),
    ("event", "eventnumber", "eventno", "eventid", "evt", "evtnumber"),
)
#: A number of 64 bits in two that floating point holds exactly.
HALF = 4294967296


def identity(branches: Iterable[str]) -> tuple[str, str] | None:
    """The branches with the numbers of run and event, if there are both.

    >>> identity(["mass", "Run", "Event"]), identity(["EventInfo.runNumber", "EventInfo.eventNumber"])
    (('Run', 'Event'), ('EventInfo.runNumber', 'EventInfo.eventNumber'))
    >>> identity(["run", "mass"])
    """
    plain = {name.rpartition(".")[2].rpartition("/")[2].replace("_", "").lower(): name for name in branches}
    run, event = (next((plain[one] for one in known if one in plain), None) for known in (RUN, EVENT))
    return None if run is None or event is None else (run, event)


def found(path: Path, tree: str, cuts: Sequence[str]) -> str:
    """Say how many selected events have the numbers of another one; empty when none has or none is numbered."""
    with root_events.opened_tree(path, tree) as opened:
        names = identity(opened.keys())
    if names is None:
        return ""
    run, event = (f"get({name!r})" for name in names)
    expressions = {"run": run, "high": f"{event} // {HALF}", "low": f"{event} % {HALF}"}
    try:
        blocks = [block.columns for block in root_events.read_selected(path, tree, cuts, expressions)]
    except ObservableError:  # no events, or no one number per event, which then says nothing
        return ""
    table = np.stack([np.concatenate([block[name] for block in blocks]) for name in expressions], axis=1)
    table = table[np.isfinite(table).all(axis=1)]
    distinct, number = np.unique(table, axis=0, return_counts=True)
    if not (number > 1).any():
        return ""
    first, high, low = (int(value) for value in distinct[number > 1][0])
    return (
        f"{len(table) - len(distinct)} of {len(table)} selected events repeat the numbers of another one, such as"
        f" {names[0]} {first}, {names[1]} {high * HALF + low}; events that count twice make posteriors too narrow:"
        " remove the copies, or select one candidate per event"
    )
