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
#: Added to variances, relative to the largest, so that rounding leaves them positive.
ROUNDING = 1e-8


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

    def possible(self, deviations: float) -> FloatArray:
        """What every place has at most, (C,), if it lies within so many standard deviations of its mean."""
        result: FloatArray = self.mean + deviations * np.sqrt(self.covariance.diagonal().clip(0.0))
        return result

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
    at, variance = np.array(places), belief.covariance.diagonal()[places]
    scale = 1 / np.sqrt(variance + np.array(errors) ** 2 + 1e-300)
    highest = belief.mean[at, None] + (variance * scale)[:, None] * z
    for one in known:
        highest = np.maximum(highest, belief.mean[one] + (belief.covariance[one, at] * scale)[:, None] * z)
    result: FloatArray = (highest.mean(axis=1) - now).clip(0.0)
    return result


def expected_regret(belief: Belief, rng: np.random.Generator, draws: int = 1024) -> float:
    """What the best place has more than the best known one on average: E max f − max μ over known places.

    >>> belief = Belief(np.zeros(2), np.eye(2), np.array([True, True]))
    >>> round(expected_regret(belief, np.random.default_rng(1), 100_000), 2)
    0.56
    """
    return float(regrets(belief, belief.best, rng, draws).mean())


def regrets(belief: Belief, named: int, rng: np.random.Generator, draws: int) -> FloatArray:
    """What the best place has more than the one that is `named`, in pairs of draws of the function, (2 draws,).

    Pairs are antithetic: each has the mean of the process exactly.
    """
    deviations = _root(belief.covariance) @ rng.standard_normal((len(belief.mean), draws))
    functions = belief.mean[:, None] + np.hstack([deviations, -deviations])
    result: FloatArray = functions.max(axis=0) - functions[named]
    return result


def _root(covariance: FloatArray) -> FloatArray:
    """A root of a covariance (C, C), by Cholesky's method, or by the slower one that rounding cannot stop."""
    positive = covariance + ROUNDING * covariance.diagonal().max() * np.eye(len(covariance))
    try:
        return np.asarray(np.linalg.cholesky(positive), dtype=np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return np.asarray(vectors * np.sqrt(values.clip(0.0)), dtype=np.float64)
