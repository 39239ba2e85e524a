"""Upper limits on the strength of a signal that patches put into a published workspace, by CLs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import lazy_loader as lazy
import numpy as np

from ..likelihood.workspace import SIGNAL
from ..quantities.arrays import FloatArray
from ..quantities.errors import RecastError
from .results import UpperLimit

pyhf = lazy.load("pyhf")


Specification = Mapping[str, Any]
LEVEL = 0.95
#: When a limit is above the highest strength that its measurement allows, a signal so many times as strong is tried.
STEP = 10.0
ATTEMPTS = 12
#: Relative precision of the limits, the number of points they are interpolated from, and what is no CLs any more.
PRECISION, NEAREST, TINY = 1e-4, 4, 1e-300
#: Name of the fixed factor that brings the limits near one.
SCALE = "recast_scale"


def upper_limits(base: Specification, patches: Specification, points: Sequence[str]) -> Iterator[UpperLimit]:
    """Upper limits on the strength μ of every patched signal, observed and expected.

    CLs (Read 2002) with the asymptotic distributions of q̃ (Cowan, Cranmer, Gross, Vitells 2011), by pyhf, to a
    relative precision of 10⁻⁴. Raises RecastError when no strength can be excluded.
    """
    published = pyhf.PatchSet(patches)
    for point, patch in zip(points, published.patches, strict=True):
        applied = published.apply(base, patch.name)
        try:
            observed, band = _upper_limit(applied)
        except RecastError as error:
            raise RecastError(f"{point}: {error}") from None
        yield UpperLimit(point, float(np.sum(_signal(applied)["data"])), observed, band)


def _upper_limit(applied: Specification) -> tuple[float, list[float]]:
    """Observed and expected limits; a fixed factor brings them near one, where fits behave well."""
    scale = _first_guess(applied)
    for _ in range(ATTEMPTS):
        scaled = pyhf.Workspace(_scaled(applied, scale))
        model = scaled.model()
        data = scaled.data(model)

        def cls(strength: float, data: Any = data, model: Any = model) -> FloatArray:
            observed, band = pyhf.infer.hypotest(strength, data, model, return_expected_set=True)
            return np.array([observed, *band], dtype=np.float64)

        found = crossings(cls, 1 - LEVEL, float(model.config.suggested_bounds()[model.config.poi_index][1]))
        if found is not None and np.isfinite(found).all():
            observed, *band = (scale * found).tolist()
            return observed, band
        scale *= STEP
    raise RecastError(
        f"no strength of this signal can be excluded, not even {scale:.1e} times the one simulated; its nuisance "
        "parameters can hide it, or there is none: remove the point from the grid"
    )


def crossings(curves: Callable[[float], FloatArray], level: float, highest: float) -> FloatArray | None:
    """Where falling curves that start at one cross a level, to a relative precision of 10⁻⁴, (C,) like their values.

    All curves share the points at which they are evaluated, which is what costs; √(−ln y) is nearly linear in x for
    CLs. None when a curve is above the level up to `highest`.

    >>> crossings(lambda x: np.exp(-np.array([x, x**2])), 0.05, 10.0).round(3)
    array([2.996, 1.731])
    """
    known: dict[float, FloatArray] = {}

    def evaluate(x: float) -> FloatArray:
        known[x] = np.sqrt(-np.log(np.clip(curves(x), TINY, 1.0)))
        return known[x]

    target = float(np.sqrt(-np.log(level)))
    x = 1.0
    known[0.0] = np.zeros_like(evaluate(x))
    while (known[x] < target).any():
        x *= 2
        if x > highest:
            return None
        evaluate(x)
    return np.array([_crossing(known, evaluate, curve, target) for curve in range(len(known[x]))])


def _crossing(
    known: dict[float, FloatArray], evaluate: Callable[[float], FloatArray], curve: int, target: float
) -> float:
    """Inverse interpolation through the nearest known points, until it meets one of them."""
    for _ in range(ATTEMPTS):
        points = sorted(known, key=lambda x: abs(known[x][curve] - target))[:NEAREST]
        values = np.array([known[x][curve] for x in points])
        below = max(x for x in known if known[x][curve] < target)
        above = min(x for x in known if x > below)
        x = float(np.clip(_interpolated(values, np.array(points), target), below, above))
        if min(abs(x - one) for one in points) < PRECISION * x:
            break
        evaluate(x)
    return x


def _interpolated(ys: FloatArray, xs: FloatArray, y: float) -> float:
    """The polynomial x(y) through these points, Σ x_i Π_j≠i (y − y_j)/(y_i − y_j) (Lagrange)."""
    same = np.eye(len(ys))
    factors = ((y - ys) * (1 - same) + same) / (ys[:, None] - ys + same)
    return float(factors.prod(axis=1) @ xs)


def _first_guess(applied: Specification) -> float:
    """Gaussian upper limit, max(μ̂, 0) + 2σ with σ⁻² = Σ s²/v, v the larger of data and background, plus one."""
    signal = np.array(_signal(applied)["data"])
    samples = applied["channels"][0]["samples"]
    background = np.sum([entry["data"] for entry in samples if entry["name"] != SIGNAL], axis=0)
    data = np.array(applied["observations"][0]["data"])
    variance = np.maximum(background, data) + 1.0
    information = float(np.sum(signal**2 / variance))
    if not information > 0:
        raise RecastError("no signal event is expected; remove the point from the grid")
    best = float(np.sum(signal * (data - background) / variance)) / information
    return max(best, 0.0) + 2.0 / float(np.sqrt(information))


def _signal(applied: Specification) -> Specification:
    samples: list[Specification] = applied["channels"][0]["samples"]
    return next(entry for entry in samples if entry["name"] == SIGNAL)


def _scaled(applied: Specification, factor: float) -> dict[str, Any]:
    """The same workspace with a fixed factor on the signal's strength.

    Scaling the signal's events instead would change the model: the relative `staterror` of a bin is that of signal
    and background together, at the strength one.
    """
    copy: dict[str, Any] = json.loads(json.dumps(applied))
    signal: Any = _signal(copy)
    signal["modifiers"].append({"name": SCALE, "type": "normfactor", "data": None})
    fixed = {"name": SCALE, "inits": [factor], "bounds": [[0.0, 2 * factor]], "fixed": True}
    copy["measurements"][0]["config"]["parameters"].append(fixed)
    return copy
