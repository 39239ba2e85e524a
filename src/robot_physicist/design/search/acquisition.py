"""Where to measure next: what one more measurement is worth, and what is still to be gained at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ...quantities.arrays import FloatArray
from ...quantities.estimates import Estimate

scipy = lazy.load("scipy")


#: Equally probable values of a standard normal variable over which the value of a measurement is averaged.
NORMALS = 64
#: Values of a measurement below this, relative to the sd of the process, are rounding.
SMALLEST = 1e-9


@dataclass(frozen=True)
class Belief:
    """Mean (C,) and covariance (C, C) of an unknown function at C places; `known` (C,) are those that may be named.

    A place may be named as the best one when something was measured there.
    """

    mean: FloatArray
    covariance: FloatArray
    known: NDArray[np.bool_]

    @property
    def best(self) -> int:
        """Index of the known place with the highest mean."""
        return int(np.argmax(np.where(self.known, self.mean, -np.inf)))

    def at(self, place: int) -> Estimate:
        """Mean and standard deviation at one place."""
        return Estimate(float(self.mean[place]), float(max(self.covariance[place, place], 0.0) ** 0.5))

    def after(self, place: int, error: float) -> Belief:
        """What will be believed after a measurement with this standard error, on average: the mean stays."""
        column = _column(self.covariance, place, error)
        known = self.known.copy()
        known[place] = True
        return replace(self, covariance=self.covariance - np.outer(column, column), known=known)


def _column(covariance: FloatArray, place: int, error: float) -> FloatArray:
    """Change of the mean at all places, (C,), per standard deviation of the measurement's result."""
    result: FloatArray = covariance[:, place] / np.sqrt(covariance[place, place] + error**2 + 1e-300)
    return result


def knowledge_gradient(belief: Belief, places: Sequence[int], errors: Sequence[float]) -> FloatArray:
    """What a measurement at each of these places would add to the best known mean on average, (M,).

    E max_i (μ_i + σ̃_i Z) − max_i μ_i over the known places and the measured one, σ̃ = Σ e_x / √(Σ_xx + s²) (Frazier,
    Powell and Dayanik 2009); s are the standard errors of the measurements.

    >>> belief = Belief(np.zeros(2), np.eye(2), np.array([True, False]))
    >>> knowledge_gradient(belief, [0, 1], [0.0, 0.0]).round(1)
    array([0. , 0.4])
    """
    z = scipy.special.ndtri((np.arange(NORMALS) + 0.5) / NORMALS)
    now = belief.mean[belief.best]
    known = np.flatnonzero(belief.known)
    result = np.empty(len(places))
    for index, (place, error) in enumerate(zip(places, errors, strict=True)):
        named = np.append(known, place)
        change = _column(belief.covariance, place, error)[named]
        result[index] = (belief.mean[named, None] + change[:, None] * z).max(axis=0).mean() - now
    return result.clip(0.0)


def expected_regret(belief: Belief, rng: np.random.Generator, draws: int = 1024) -> float:
    """What the best place has more than the best known one on average: E max f − max μ over known places.

    >>> belief = Belief(np.zeros(2), np.eye(2), np.array([True, True]))
    >>> round(expected_regret(belief, np.random.default_rng(1), 100_000), 2)
    0.56
    """
    values, vectors = np.linalg.eigh(belief.covariance)
    root = vectors * np.sqrt(values.clip(0.0))
    normals = rng.standard_normal((len(values), draws))
    # Antithetic pairs have the mean of the process exactly.
    deviations = root @ np.hstack([normals, -normals])
    highest = (belief.mean[:, None] + deviations).max(axis=0)
    return max(0.0, float(highest.mean() - belief.mean[belief.best]))
