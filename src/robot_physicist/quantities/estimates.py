"""What documents are made of: arrays as lists of numbers, axes, and numbers with errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.dataclasses import dataclass as document

__all__ = ["CONFIG", "Array", "Axis", "Estimate", "Interval", "document"]


def _array(value: object) -> NDArray[np.float64]:
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("holds NaN or an infinite number")
    return array


Array = Annotated[
    NDArray[np.float64],
    BeforeValidator(_array),
    PlainSerializer(lambda array: array.tolist()),
    WithJsonSchema({"type": "array", "items": {}}),
]
CONFIG = ConfigDict(arbitrary_types_allowed=True, extra="forbid")


@dataclass(frozen=True)
class Axis:
    """A binned observable."""

    name: str
    low: float
    high: float
    bins: int
    unit: str = ""
    label: str = ""


@document(frozen=True, config=CONFIG)
class Estimate:
    """A number with its standard error."""

    value: float
    """The estimate."""
    error: float
    """Its standard error."""


@document(frozen=True, config=CONFIG)
class Interval(Estimate):
    """An estimate with its 95% confidence interval."""

    low: float
    """Lower end of the 95% interval."""
    high: float
    """Upper end of the 95% interval."""
