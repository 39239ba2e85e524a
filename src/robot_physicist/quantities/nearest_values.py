"""The point that somebody may have meant who named one that does not exist: nearest in value, not in spelling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from .errors import nearest
from .labels import parse


def nearest_point(name: str, known: Iterable[str]) -> str:
    """Say which known label of a point has the values nearest to those of another one, relative to their ranges.

    A label of other variables, or of none, is compared by its spelling.

    >>> nearest_point("energy=91", ["energy=19", "energy=90", "energy=100"])
    "did you mean 'energy=90'?"
    """
    labels = list(known)
    points = {label: _values(label) for label in labels}
    wanted = _values(name)
    like = [label for label in labels if wanted and points[label].keys() == wanted.keys()]
    if not like:
        return nearest(name, labels)
    ranges = {variable: _range([points[label][variable] for label in like]) for variable in wanted}

    def distance(label: str) -> float:
        return math.hypot(*((points[label][one] - wanted[one]) / ranges[one] for one in wanted))

    return f"did you mean '{min(like, key=distance)}'?"


def _values(label: str) -> Mapping[str, float]:
    """The values in a label; none where it is not one of finite numbers."""
    try:
        values = {name.strip(): value for name, value in parse(label).items()}
    except ValueError:
        return {}
    return values if all(map(math.isfinite, values.values())) else {}


def _range(values: Sequence[float]) -> float:
    return max(values) - min(values) or 1.0
