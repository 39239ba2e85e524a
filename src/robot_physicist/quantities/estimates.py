"""What documents are made of: arrays as lists of numbers, axes, and numbers with errors, which can be widened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.dataclasses import dataclass as document

__all__ = [
    "CONFIG",
    "NORMAL_95",
    "Array",
    "Axis",
    "Estimate",
    "Interval",
    "document",
    "enclosing",
    "extended",
    "interval",
    "moved",
    "opened",
    "shifted",
]

#: Two-sided 95% of a normal distribution.
NORMAL_95 = 1.959964


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


def interval(value: float, low: float, high: float, error: float, ceiling: float) -> Interval:
    """Widen an interval by the standard error of the integral over data; its own is a quarter of its length.

    >>> wide = interval(0.5, 0.4, 0.7, 0.0, 3.0)
    >>> wide.low, wide.high, round(wide.error, 4)
    (0.4, 0.7, 0.0765)
    """
    # A gain of nothing is summed to a rounding error of either sign.
    value = min(max(value, 0.0), ceiling)
    lower = value - np.hypot(value - min(low, value), NORMAL_95 * error)
    upper = value + np.hypot(max(high, value) - value, NORMAL_95 * error)
    lower, upper = max(0.0, float(lower)), min(ceiling, float(upper))
    return Interval(value, (upper - lower) / (2 * NORMAL_95), lower, upper)


def moved(estimate: Interval, quick: Estimate, checked: Estimate, ceiling: float) -> Interval:
    """Move an interval by what a check changes at its centre, and widen it by the error of the check.

    >>> moved(Interval(1.0, 0.05, 0.9, 1.1), Estimate(1.0, 0.0), Estimate(0.9, 0.0), 3.0).low
    0.8
    """
    shift = checked.value - quick.value
    error = float(np.sqrt(max(0.0, checked.error**2 - quick.error**2)))
    value, low, high = (min(max(end + shift, 0.0), ceiling) for end in (estimate.value, estimate.low, estimate.high))
    return interval(value, low, high, error, ceiling)


def enclosing(estimate: Interval, lower: Estimate, upper: Estimate, ceiling: float) -> Interval:
    """Widen an interval to all between a lower and an upper bound, with their errors; move its value there too.

    For templates that are not smooth in θ nothing tells noise from signal, but on average the truth lies between
    the cross-fitted and the plug-in value.

    >>> wide = enclosing(Interval(1.2, 0.1, 1.0, 1.3), Estimate(-0.5, 0.1), Estimate(0.9, 0.1), 3.0)
    >>> wide.value, wide.low, round(wide.high, 3)
    (0.9, 0.0, 1.3)
    """
    ends = max(lower.value, 0.0), min(upper.value, ceiling)
    low = min(estimate.low, ends[0], lower.value - NORMAL_95 * lower.error)
    high = max(estimate.high, ends[1], upper.value + NORMAL_95 * upper.error)
    value = min(max(estimate.value, ends[0]), max(ends))
    return interval(value, low, high, 0.0, ceiling)


def opened(estimate: Interval, low: float, ceiling: float) -> Interval:
    """An interval from a low end up to the prior's entropy; its value stays unless it is below the low end.

    >>> wide = opened(Interval(1.5, 0.1, 1.3, 1.7), 0.9, 3.0)
    >>> wide.value, wide.low, wide.high, round(wide.error, 3)
    (1.5, 0.9, 3.0, 0.536)
    """
    return Interval(max(estimate.value, low), (ceiling - low) / (2 * NORMAL_95), low, ceiling)


def extended(estimate: Interval, more: float, ceiling: float) -> Interval:
    """Lift the high end of an interval by what may be added to the gain, in quadrature.

    >>> extended(Interval(1.0, 0.1, 0.8, 1.3), 0.4, 3.0).high
    1.5
    """
    high = min(ceiling, estimate.value + float(np.hypot(estimate.high - estimate.value, more)))
    return replace(estimate, high=high, error=(high - estimate.low) / (2 * NORMAL_95))


def shifted(estimate: Interval, bias: float, spread: float, lost: float, ceiling: float) -> Interval:
    """Subtract a bias and widen an interval by a standard deviation, and downwards by a loss, in quadrature.

    >>> moved = shifted(Interval(1.0, 0.1, 0.8, 1.2), 0.1, 0.0, 0.15, 3.0)
    >>> round(moved.value, 2), round(moved.low, 2), round(moved.high, 2)
    (0.9, 0.65, 1.1)
    """
    value = min(max(estimate.value - bias, 0.0), ceiling)
    down = np.sqrt((estimate.value - estimate.low) ** 2 + (NORMAL_95 * spread) ** 2 + lost**2)
    up = np.hypot(estimate.high - estimate.value, NORMAL_95 * spread)
    low, high = max(value - float(down), 0.0), min(value + float(up), ceiling)
    return Interval(value, (high - low) / (2 * NORMAL_95), low, high)
