"""Observed data: from the events of a ROOT file to counts per bin, and what is wrong with them without a template.

Observed and simulated events fill the same histogram by the same function.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...campaign.model import Campaign, Observed
from ...files import root_events
from ...quantities.arrays import FloatArray
from ...quantities.errors import BadInputError, NoEventsError, ObservableError, ObservedWarning
from ...quantities.events import Events
from ...quantities.exposure import MOST_EVENTS, EventCount, Luminosity, ObservedCount
from ...quantities.observable import Observable
from ...quantities.units import BROUGHT_INSIDE, Conversion, conversions
from ...templates import filling
from ...templates.filling import Observables
from . import repeated_events

#: A larger fraction of the events outside the range cannot be meant.
MOST_OUTSIDE = 0.5


@contextmanager
def located(index: int) -> Iterator[None]:
    """Say of errors which of the campaign's observed data they are about."""
    try:
        yield
    except BadInputError as error:
        raise type(error)(f"observed[{index}]: {error}") from None


def read(entry: Observed, folder: Path, observables: Observables) -> Iterator[Events]:
    """Read the observables of the selected events that a campaign in `folder` names, in chunks of bounded memory.

    `generated` counts the events before the selection. Raises ObservableError when the file does not hold them,
    NoEventsError at the end when the selection has left none.
    """
    path = folder / entry.file
    if not entry.branches and not entry.selection:
        return root_events.read_events(path, list(observables), entry.tree, ["weight"])
    expressions = {name: entry.branches.get(name, name) for name in observables}
    return root_events.read_selected(path, entry.tree, entry.selection, expressions)


def counts(entry: Observed, folder: Path, campaign: Campaign, exposure: str) -> FloatArray:
    """Count the selected events in the bins of the joint histogram, flattened to (B,).

    Raises ObservableError as the histogram does, when most events are outside the range of an observable (and says
    which unit would bring them inside), and when their number is not that of the exposure. A luminosity may give no
    event at all; a selection that leaves none is warned of then, and so are events that occur twice.
    """
    chosen = campaign.exposures[exposure]
    ranges = [_Range(name, observable, entry) for name, observable in campaign.observables.items()]
    blocks = _watched(read(entry, folder, campaign.observables), ranges)
    if isinstance(chosen, Luminosity):
        blocks = _maybe_none(blocks)
    try:
        found = filling.counts(blocks, campaign.observables)
    except ObservableError:
        # values outside the range may be why
        _check(ranges)
        raise
    _check(ranges)
    if isinstance(chosen, ObservedCount):
        _check_some(int(found.sum()), ranges[0].events)
    if isinstance(chosen, EventCount):
        _check_number(chosen.events, int(found.sum()), ranges[0].events, campaign)
    if twice := repeated_events.found(folder / entry.file, entry.tree, entry.selection):
        warnings.warn(f"{entry.file}: {twice}", ObservedWarning, stacklevel=2)
    return found


def _check_some(inside: int, selected: int) -> None:
    if not 1 <= inside <= MOST_EVENTS:
        raise ObservableError(
            f"exposure: {selected} events are selected, {inside} of them in the range of the observables, but"
            f" events=observed takes 1 to {MOST_EVENTS}; see that file, tree and selection are the right ones, or"
            " give a luminosity"
        )


def _check_number(wanted: int, inside: int, selected: int, campaign: Campaign) -> None:
    if wanted in (inside, selected):
        return
    if not inside:
        advice = "see that file, tree and selection are the right ones; only a luminosity can give no event"
    elif campaign.sequence:
        advice = f"every round of a sequence has the same exposure, so take {wanted} events"
    else:
        advice = f"add {{events: {inside}}} to the exposure of the campaign and say here exposure: events={inside}"
    raise ObservableError(
        f"exposure: {selected} events are selected, {inside} of them in the range of the observables, but"
        f" events={wanted}; {advice}"
    )


def _maybe_none(blocks: Iterator[Events]) -> Iterator[Events]:
    try:
        yield from blocks
    except NoEventsError as error:
        warnings.warn(f"{error}; taken for a measurement without events", ObservedWarning, stacklevel=2)


def counts_in(entry: Observed, folder: Path, campaign: Campaign, name: str, unit: Conversion) -> FloatArray:
    """The same counts (B,) if an observable were in another unit."""
    blocks = _maybe_none(read(entry, folder, campaign.observables))
    converted = (
        replace(block, columns={**block.columns, name: block.columns[name] * unit.factor}) for block in blocks
    )
    return filling.counts(converted, campaign.observables)


def _watched(blocks: Iterable[Events], ranges: Iterable[_Range]) -> Iterator[Events]:
    for block in blocks:
        for one in ranges:
            one.add(block)
        yield block


def _check(ranges: Iterable[_Range]) -> None:
    for one in ranges:
        one.check()


class _Range:
    """How many values are in the range of an observable, and how many would be in other units."""

    def __init__(self, name: str, observable: Observable, entry: Observed) -> None:
        self.name, self.observable = name, observable
        self.expression = entry.branches.get(name, name)
        self.conversions = conversions(observable.unit, observable.range)
        self.events, self.inside, self.infinite, self.example = 0, 0, 0, float("nan")
        self.brought = np.zeros(len(self.conversions), dtype=np.int64)

    def add(self, block: Events) -> None:
        """Count the values of a block."""
        if self.name not in block.columns:
            return
        values = block.columns[self.name]
        inside = self._within(values)
        self.events, self.inside = self.events + len(values), self.inside + int(inside.sum())
        self.infinite += int(np.count_nonzero(~np.isfinite(values)))
        self.brought += [int(self._within(values * one.factor).sum()) for one in self.conversions]
        if not inside.all():
            self.example = float(values[~inside][0])

    def _within(self, values: FloatArray) -> NDArray[np.bool_]:
        low, high = self.observable.range
        return np.asarray((values >= low) & (values <= high))

    def check(self) -> None:
        """Raise ObservableError when values are not finite, or most of them are outside."""
        if self.infinite:
            raise ObservableError(
                f"observables.{self.name}: {self.infinite} of {self.events} events have no finite value of"
                f" '{self.expression}'; leave them out with observed.selection"
            )
        outside = self.events - self.inside
        if outside <= MOST_OUTSIDE * self.events:
            return
        low, high = self.observable.range
        raise ObservableError(
            f"observables.{self.name}.range: {outside} of {self.events} events lie outside"
            f" [{low:g}, {high:g}] {self.observable.unit}".rstrip()
            + f", such as {self.example:g}; {self._advice()}"
        )

    def _advice(self) -> str:
        brought = zip(self.conversions, self.brought.tolist(), strict=True)
        enough = [(one, number) for one, number in brought if number >= BROUGHT_INSIDE * self.events]
        if enough:
            best, number = enough[0]
            return (
                f"if they are in {best.unit}, {number} of them lie inside: write"
                f' branches: {{{self.name}: "{best.expression(self.expression)}"}}'
            )
        if self.observable.overflow == "drop" and self.inside:
            return "widen the range, or leave them out with observed.selection if they are not meant"
        return "see that file, branch and unit are the right ones, or widen the range"
