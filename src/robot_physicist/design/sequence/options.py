"""The section `sequence` of a campaign: experiments one after the other, each where the earlier ones say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...quantities.options import Finite, Name, Section


class Sequence(Section):
    """Experiments one after the other: each where it teaches most, its prior the posterior of those before."""

    rounds: int = Field(ge=1, le=50)
    """Number of experiments, each of the campaign's exposure."""
    truth: dict[Name, Finite] = Field(default_factory=dict)
    """Parameter point at which the data are simulated; none: the data of round R are entry R of `observed`."""
    grid: Literal["refined", "fixed"] = "refined"
    """The grid of θ follows the posterior, with as many points; or it stays what it is."""
