"""How much is simulated, and how templates are made from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..quantities.options import Finite, Name, Section


class Simulation(Section):
    """How much is simulated, and how it is split for the estimate of its own error."""

    events: int = Field(100_000, ge=1, le=1_000_000_000)
    """Events generated per branch, that is per setting and parameter point."""
    events_at: dict[str, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(default_factory=dict)
    """Events per branch at some settings, by label such as `sqrt_s=82`, in place of `events`; `robot-physicist plan
    --error` computes them."""
    batches: dict[str, list[Annotated[int, Field(ge=1, le=1_000_000_000)]]] = Field(default_factory=dict)
    """Events per branch at some settings, by label, one number for each round of a search that simulates there; the
    last one is simulated, the histograms of those before it are added."""
    references: list[dict[Name, Finite]] = Field(default_factory=list)
    """Parameter points at which events are simulated, with a weight to every parameter point; none: each point is
    simulated by itself."""
    folds: int = Field(10, ge=2, le=100)
    """Equal parts into which a branch's events are split; the cross-fitted bound compares halves of them."""
    regularisation: float = Field(0.5, gt=0, le=10, allow_inf_nan=False)
    """Pseudo-events put into a bin that no simulated event reached, so that no probability is zero."""
    smoothing: Literal["polynomial", "none"] = "polynomial"
    """Templates as smooth functions of θ, unless the simulated events refuse that; or every bin of every point by
    itself."""
    max_degree: int = Field(5, ge=2, le=10)
    """Highest degree of that polynomial; the simulated events choose below it."""
