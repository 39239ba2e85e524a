"""How much data an experiment takes: a number of events, or an integrated luminosity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .options import Positive, Section

#: Picobarn of luminosity per unit, so that luminosity × cross-section in pb is a number of events.
INVERSE_PICOBARN = {"ab-1": 1e6, "fb-1": 1e3, "pb-1": 1.0, "nb-1": 1e-3, "ub-1": 1e-6}
#: Most events that one experiment may record.
MOST_EVENTS = 10_000_000


class EventCount(Section):
    """An exposure that ends when a fixed number of events has been recorded."""

    events: int = Field(ge=1, le=MOST_EVENTS)
    """Number of recorded events n; their total carries no information."""


class ObservedCount(Section):
    """An exposure of as many events as the campaign's own data of a setting hold."""

    events: Literal["observed"]
    """The word `observed`: n is the number of selected events of a setting's data in the range of the observables."""
    else_: int | None = Field(None, alias="else", ge=1, le=MOST_EVENTS)
    """Number of recorded events at settings that have no data; without it all settings need some."""

    def at(self, observed: float | None) -> EventCount | None:
        """The exposure of a setting whose data hold so many events; None when it has none, and nothing stands in.

        >>> ObservedCount.model_validate({"events": "observed", "else": 9}).at(None)
        EventCount(events=9)
        """
        count = self.else_ if observed is None else int(observed)
        return None if count is None else EventCount(events=count)


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
#: What a campaign may say, before data are counted.
Planned = EventCount | ObservedCount | Luminosity


def thinned(exposure: Exposure, share: float) -> Exposure:
    """An exposure that records a share of the events, at least one of a number of events.

    >>> thinned(EventCount(events=10_000), 0.3).events
    3000
    """
    if isinstance(exposure, EventCount):
        return exposure.model_copy(update={"events": max(1, int(exposure.events * share + 1e-9))})
    return exposure.model_copy(update={"luminosity": exposure.luminosity * share})
