"""How much data an experiment takes: a number of events, or an integrated luminosity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .options import Positive, Section

#: Picobarn of luminosity per unit, so that luminosity × cross-section in pb is a number of events.
INVERSE_PICOBARN = {"ab-1": 1e6, "fb-1": 1e3, "pb-1": 1.0, "nb-1": 1e-3, "ub-1": 1e-6}


class EventCount(Section):
    """An exposure that ends when a fixed number of events has been recorded."""

    events: int = Field(ge=1, le=10_000_000)
    """Number of recorded events n; their total carries no information."""


class Luminosity(Section):
    """An exposure of a fixed integrated luminosity; the number of events is Poisson and carries information."""

    luminosity: Positive
    """Integrated luminosity."""
    unit: Literal["ab-1", "fb-1", "pb-1", "nb-1", "ub-1"] = "pb-1"
    """Unit of the luminosity, an inverse area."""


def is_one_event(exposure: Exposure) -> bool:
    """Is the exposure a single event, for which the sum over data is exact?"""
    return isinstance(exposure, EventCount) and exposure.events == 1


Exposure = EventCount | Luminosity


def thinned(exposure: Exposure, share: float) -> Exposure:
    """An exposure that records a share of the events, at least one of a number of events.

    >>> thinned(EventCount(events=10_000), 0.3).events
    3000
    """
    if isinstance(exposure, EventCount):
        return exposure.model_copy(update={"events": max(1, int(exposure.events * share + 1e-9))})
    return exposure.model_copy(update={"luminosity": exposure.luminosity * share})
