"""Events of a simulator or a file, with their cross-section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .arrays import FloatArray

#: Weights of a block to other parameter points, 80 MB of them.
MOST_RATIOS = 10_000_000


def weighted_block(block_size: int, points: int) -> int:
    """Events of a block whose weights to this many points do not need much memory.

    >>> weighted_block(1_000_000, 0), weighted_block(1_000_000, 200)
    (1000000, 50000)
    """
    return min(block_size, max(1, MOST_RATIOS // max(points, 1)))


def combine(first: CrossSection | None, generated: int, block: Events) -> CrossSection | None:
    """Average the cross-section of a further block into that of the `generated` events before it.

    >>> block = Events({}, 300, None, CrossSection(2.0, 0.1))
    >>> combine(CrossSection(1.0, 0.3), 100, block).value
    1.75
    """
    second = block.cross_section
    if first is None or second is None:
        return second if generated == 0 else None
    before, after = (n / (generated + block.generated) for n in (generated, block.generated))
    error = ((before * first.error) ** 2 + (after * second.error) ** 2) ** 0.5
    return CrossSection(before * first.value + after * second.value, error)


@dataclass(frozen=True)
class CrossSection:
    """A cross-section and its Monte Carlo standard error, both in picobarn."""

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Events:
    """Simulated events: one array of length `accepted` per observable.

    `generated` counts the events the simulator made, including those that its own selection rejected,
    so `accepted / generated` is the acceptance. `weights` is None for unweighted events.
    `cross_section` is the one before selection, or None for a simulator that knows none.
    `ratios`, (accepted, M), is each event's differential cross-section at M other parameter points, divided by that
    at the point where it was generated (the density in place of the cross-section, for a simulator that knows none).
    `units` are those of the observables, as far as a simulator says them with its events.
    """

    columns: Mapping[str, FloatArray]
    generated: int
    weights: FloatArray | None = None
    cross_section: CrossSection | None = None
    ratios: FloatArray | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Number of events that passed the simulator's selection."""
        return len(next(iter(self.columns.values())))
