"""A quantity measured per event and how it is binned."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from .options import Finite, Section


class Observable(Section):
    """A quantity measured per event and how it is binned."""

    range: tuple[Finite, Finite]
    """Lower and upper edge of the histogram."""
    bins: int = Field(ge=1, le=100_000)
    """Number of equal bins."""
    overflow: Literal["drop", "include", "error"] = "drop"
    """Events outside the range: lose them (they count in the acceptance), put them into the first or
    last bin, or stop."""
    unit: str = ""
    """Unit of the range; has to be the one that the simulator emits."""
    label: str = ""
    """How figures write the observable, any text such as `m(μμ)`; its name when empty."""

    @model_validator(mode="after")
    def _increasing(self) -> Observable:
        if not self.range[0] < self.range[1]:
            raise ValueError("the lower edge of 'range' must be below the upper one")
        (low, high), width = self.range, (self.range[1] - self.range[0]) / self.bins
        if not (low < low + width and high - width < high < math.inf > width):
            raise ValueError("bins this wide or narrow cannot be told apart by computers; change 'range' or 'bins'")
        return self
