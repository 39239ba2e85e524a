"""Variables of a campaign: settings and parameters, the values that they can have, and priors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..quantities import labels
from ..quantities.options import FileName, Finite, Positive, Section


class Grid(Section):
    """The values of one variable: `values` or `linspace`, with the unit they are in."""

    values: list[Finite] | None = Field(None, min_length=1)
    """Explicit values, strictly increasing or strictly decreasing."""
    linspace: tuple[Finite, Finite, Annotated[int, Field(ge=1, le=100_000)]] | None = None
    """Start, stop and number of equally spaced values, both ends included."""
    unit: str = ""
    """Unit of the values; has to be the one in which the simulator takes them."""
    label: str = ""
    """How figures write the variable, any text such as `m(μμ)`; its name when empty."""

    @model_validator(mode="after")
    def _one_monotonic_grid(self) -> Grid:
        if sum(form is not None for form in (self.values, self.linspace, getattr(self, "range", None))) != 1:
            raise ValueError("give either 'values' or 'linspace'")
        points = self.points
        steps = [after - before for before, after in itertools.pairwise(points)]
        if any(step == 0 for step in steps):
            raise ValueError("label clash: two values are equal to 12 significant digits; remove one")
        if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
            raise ValueError("the grid is not monotonic; sort the values")
        return self

    @property
    def points(self) -> list[float]:
        """The values themselves."""
        return labels.axis({"linspace": self.linspace} if self.linspace else {"values": self.values})


class Domain(Grid):
    """The values that one variable of the settings can have: `values`, `linspace` or, for a search, a `range`."""

    range: tuple[Finite, Finite] | None = None
    """Lower and upper end of a variable that a search may put anywhere between them."""

    @property
    def points(self) -> list[float]:
        """The values themselves, or the two ends of the range."""
        return labels.axis({"range": self.range}) if self.range else super().points


class Normal(Section):
    """A normal prior, truncated to the grid and renormalised on it."""

    mean: Finite
    """Mean of the normal distribution before truncation."""
    sd: Positive
    """Standard deviation of the normal distribution before truncation."""

    def outside(self, values: Sequence[float]) -> float:
        """Probability of this prior beyond a grid, whose ends reach half a step further; 0 for a single value.

        >>> round(Normal(mean=0, sd=1).outside([-1.5, -0.5, 0.5, 1.5]), 4)
        0.0455
        """
        ordered = sorted(values)
        if len(ordered) < 2:
            return 0.0
        low, high = (1.5 * ordered[end] - 0.5 * ordered[beside] for end, beside in ((0, 1), (-1, -2)))
        below, above = ((end - self.mean) / self.sd / math.sqrt(2) for end in (low, high))
        return (math.erfc(-below) + math.erfc(above)) / 2


class Weights(Section):
    """A prior weight per value of the grid; normalised to one."""

    weights: list[Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(min_length=1)
    """One non-negative weight per value."""


class PosteriorFile(Section):
    """The posterior of an earlier campaign on the same grid, taken as the prior."""

    posterior: FileName
    """Path of a posterior.json that holds observed data, relative to the campaign file."""


class Parameter(Grid):
    """A parameter θ to be inferred: its grid and its prior."""

    prior: Literal["uniform"] | Normal | Weights = "uniform"
    """Prior over the grid; priors of several parameters are multiplied."""
