"""Acceptances and cross-sections of single θ that the smooth function through all others refuses.

A simulation that has lost events at one θ looks like one with a lower acceptance there, and a rate that jumps at one
point looks like information about it. Each point is left out in turn, and polynomials in θ are fitted to the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..statistics.deviance import REFUSED
from ..statistics.polynomials import polynomials
from .templates import Templates, effective_counts

scipy = lazy.load("scipy")

#: Standard errors by which a point has to be away.
ODD = 5.0
#: The largest of the distances of points that are nothing special.
ORDINARY = 3.0
#: Degrees of freedom that have to be left for a polynomial to say anything about a point that it was not fitted to.
LEAST_FREEDOM = 3
#: Events below which errors of logarithms mean nothing.
LEAST_EVENTS = 25


def odd_points(templates: Templates, highest: int) -> list[str]:
    """Warnings that name each point whose acceptance or cross-section (pb) is refused by the others.

    Polynomials have at most the degree `highest`. Points that are filled with the same events say nothing here.
    """
    if templates.shared:
        return []
    kept, squares = templates.sumw.sum(axis=(1, 2)), templates.sumw2.sum(axis=(1, 2))
    counts = effective_counts(kept, squares)[0]
    resolved = 1 / templates.generated
    enough = counts >= LEAST_EVENTS
    acceptance = kept / templates.generated
    errors = np.sqrt(np.maximum(1 / np.maximum(counts, 1) - resolved, resolved**2))
    section = templates.cross_section
    section_errors = np.maximum(templates.cross_section_error / np.where(section > 0, section, 1.0), resolved**0.5)
    return [
        *_warnings(templates, "acceptance", acceptance, errors, enough, highest),
        *_warnings(templates, "cross-section", section, section_errors, enough, highest),
    ]


def _warnings(
    templates: Templates, name: str, values: FloatArray, errors: FloatArray, enough: NDArray[np.bool_], highest: int
) -> list[str]:
    if not (values > 0).all():
        return []
    logs, unit = np.log(values), " pb" if name == "cross-section" else ""
    away, smooth = left_out(logs, errors, templates.coordinates, highest)
    # where the rate changes fast, such as at a threshold beside the grid, polynomials are no evidence
    changes = change_beside(logs, templates.coordinates)
    odd = [
        index
        for index in map(int, np.flatnonzero(enough & (np.abs(away) > ODD) & (np.abs(logs - smooth) > changes)))
        if stands_out(index, away[index], logs, errors, templates.coordinates, highest)
    ]
    return [
        f"the {name} at {templates.points[index]} is {values[index]:.4g}{unit}, and the smooth function through the"
        f" other points gives {np.exp(smooth[index]):.4g}{unit}, {abs(away[index]):.1f} standard errors away; see"
        " whether events were lost there"
        for index in odd
    ]


def left_out(
    values: FloatArray, errors: FloatArray, points: FloatArray, highest: int
) -> tuple[FloatArray, FloatArray]:
    """Standard errors (K,) by which each value (K,) is away from polynomials through the others, which give (K,).

    A polynomial of degree d that describes the other values within their `errors` (K,) is followed by one of degree
    d + 1, and the point is as far away as the nearer of all these says. Where none describes them, errors are those
    that the misfit of the others suggests, with Student's distribution. Too few points say 0. `points` is (K, P).

    >>> theta = np.linspace(0, 1, 12)[:, None]
    >>> bent = theta[:, 0] ** 2 + 0.1 * (np.arange(12) == 4)
    >>> left_out(bent, np.full(12, 0.01), theta, 4)[0].round(1)[4]
    np.float64(8.6)
    """
    found = (_one_degree(values, errors, points, degree) for degree in range(1, highest + 1))
    fits = [fit for fit in found if fit is not None]
    away, expected = np.zeros(len(values)), values.copy()
    for index in range(len(values)):
        described = [bool(fit.described[index]) for fit in fits]
        chosen = fits[described.index(True) if any(described) else max(len(fits) - 2, 0) :]
        if len(chosen) > 1:
            nearest = min(chosen, key=lambda fit: abs(fit.away[index]))
            away[index], expected[index] = nearest.away[index], nearest.expected[index]
    return away, expected


def stands_out(
    index: int, away: float, values: FloatArray, errors: FloatArray, points: FloatArray, highest: int
) -> bool:
    """Is one point refused, while the others, without it, are predicted well from each other?

    At the end of a grid a smooth function may be hard to predict; then so is the point beside the last one.
    """
    rest, known, where = (np.delete(one, index, axis=0) for one in (values, errors, points))
    others, _ = left_out(rest, known, where, highest)
    return abs(away) > ODD * max(1.0, np.abs(others).max() / ORDINARY) and bool(others.any())


def change_beside(values: FloatArray, points: FloatArray) -> FloatArray:
    """How much the values (K,) beside each point (K, P), two for each dimension, differ from each other, (K,).

    >>> change_beside(np.array([0.0, 1.0, 3.0, 7.0]), np.arange(4.0)[:, None])
    array([2., 3., 6., 2.])
    """
    scaled = points / np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1.0)
    distances = ((scaled[:, None] - scaled) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    beside = np.argsort(distances, axis=1, kind="stable")[:, : 2 * points.shape[1]]
    change: FloatArray = np.ptp(values[beside], axis=1)
    return change


@dataclass(frozen=True)
class _LeftOut:
    """For each point (K,): its distance in standard errors, what the others say, do these fit a polynomial?"""

    away: FloatArray
    expected: FloatArray
    described: NDArray[np.bool_]


def _one_degree(values: FloatArray, errors: FloatArray, points: FloatArray, degree: int) -> _LeftOut | None:
    """Leave out each point of one weighted fit, in closed form: residual r and leverage h give r/√(1 − h)."""
    basis = polynomials(points, degree).values
    freedom = len(values) - 1 - basis.shape[1]
    if freedom < LEAST_FREEDOM:
        return None
    weighted = basis / errors[:, None]
    hat = weighted @ np.linalg.pinv(weighted)
    residuals = values / errors - hat @ (values / errors)
    left = 1 - np.diag(hat)
    seen = left > 1e-9
    left = np.where(seen, left, 1.0)
    away = np.where(seen, residuals / np.sqrt(left), 0.0)
    others = np.maximum((residuals**2).sum() - away**2, 0.0)
    described = others <= freedom + REFUSED * np.sqrt(2 * freedom)
    student = away / np.sqrt(np.maximum(others / freedom, 1.0))
    normal = -np.sign(student) * scipy.special.ndtri(scipy.special.stdtr(freedom, -np.abs(student)))
    expected = values - np.where(seen, residuals / left, 0.0) * errors
    return _LeftOut(np.where(described, away, normal), expected, described)
