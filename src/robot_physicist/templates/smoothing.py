"""Templates as smooth functions of θ: most of the noise of finite simulation goes, the signal stays.

In each bin ln p is a combination of a few functions of θ, fitted to the simulated counts by Poisson maximum
likelihood; the bins are then normalised. The functions are polynomials up to a degree that AIC chooses. What higher
degrees add is the same for all bins: each function gets a tail of them (a reduced-rank generalised linear model, Yee
and Hastie 2003), which costs a few coefficients and not a few per bin. Weighted events count as (Σw)²/Σw² events of
weight Σw²/Σw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..quantities.arrays import FloatArray
from ..statistics.lack_of_fit import LackOfFit
from ..statistics.poisson_regression import newton
from ..statistics.polynomials import Basis
from .templates import effective_counts

#: A lower degree would claim to know without error that nothing depends on θ.
LOWEST_DEGREE = 2
#: Precision of the prior on coefficients where nothing is known about them yet.
RIDGE = 1e-3
#: Spread of the prior on a function's coefficients in bins with few events, in units of what all bins show.
SPREAD = 3.0
#: Shapes in θ that polynomials lack, and simulated events may ask for.
MOST_SHAPES = 4
#: Strength of the prior on tails, in units of the noise of one function: only functions above it can have any.
TAIL_RIDGE = 2.0


@dataclass(frozen=True)
class Fitted:
    """Templates ln p = functions (..., K, Q) · coefficients (..., B, Q), normalised; the first function is one.

    `ridge` (..., 1, Q) is the precision of the prior with which the coefficients were fitted.
    """

    functions: FloatArray
    coefficients: FloatArray
    ridge: FloatArray

    @property
    def logs(self) -> FloatArray:
        """Logarithms (..., K, B) before they are normalised."""
        result: FloatArray = self.functions @ self.coefficients.swapaxes(-1, -2)
        return result

    @property
    def probabilities(self) -> FloatArray:
        """Bin probabilities (..., K, B)."""
        logs = self.logs
        values = np.exp(logs - logs.max(axis=-1, keepdims=True))
        result: FloatArray = values / values.sum(axis=-1, keepdims=True)
        return result

    def centre(self, counts: FloatArray) -> FloatArray:
        """Average coefficients (..., 1, Q), the constant one zero, weighted with the counts (..., K, B)."""
        average = _averaged(self.coefficients, counts.sum(axis=-2)[..., None])
        result: FloatArray = average * (np.arange(average.shape[-1]) > 0)
        return result

    def prior(self, counts: FloatArray) -> FloatArray:
        """Precision (..., 1, Q) of a prior some times wider than the spread of the coefficients over all events."""
        spread = _averaged((self.coefficients - self.centre(counts)) ** 2, counts.sum(axis=-2)[..., None])
        flat = _flat(spread.shape[-1])
        return np.where(flat < RIDGE, flat, np.maximum(1 / (SPREAD**2 * np.maximum(spread, 1e-12)), RIDGE))

    def at(self, strength: float) -> Fitted:
        """The same dependence on θ, but `strength` times as strong."""
        factors = np.where(np.arange(self.coefficients.shape[-1]) > 0, strength, 1.0)
        return replace(self, coefficients=self.coefficients * factors)

    def information(self, scale: FloatArray) -> FloatArray:
        """Fisher information (..., B, Q, Q) of the coefficients, for counts per unit of probability (K, B)."""
        mean, functions = scale * self.probabilities, self.functions
        result: FloatArray = np.einsum("...kb,...ks,...kt->...bst", mean, functions, functions, optimize=True)
        result += self.ridge[..., None] * np.eye(self.ridge.shape[-1])
        return result


@dataclass(frozen=True)
class Smoother:
    """How simulated counts (..., K, B) become templates; `scale` (K, B) are the counts per unit of probability.

    Polynomials above `degree` are shared by all bins. `rough` says that the simulated events refused polynomials;
    `test` is what they say of them, None where there is nothing to test, and `added` the number of shapes that they
    asked for besides. `chosen` says that they chose the degree.
    """

    basis: Basis
    degree: int
    scale: FloatArray
    pseudo_events: float
    rough: bool = False
    test: LackOfFit | None = None
    added: int = 0
    chosen: bool = False

    def fit(self, counts: FloatArray, start: FloatArray | None = None) -> Fitted:
        """Fit counts (..., K, B), starting from probabilities (..., K, B) if they are known roughly.

        A bin that is empty at every θ gets its share of a few pseudo-events, so that its rate is small but not zero.
        """
        regular = filled(counts, self.pseudo_events)
        functions = self.basis.low(self.degree)
        if functions.shape[1] == len(functions):
            logs = np.log(_divided(regular, self.scale))
            return Fitted(functions, logs.swapaxes(-1, -2) @ functions, _flat(len(functions))[None])
        reached = np.where(counts.sum(axis=-2, keepdims=True) > 0, counts, regular)
        known = (regular + 0.1) / (self.scale[:, :1] + 0.1) if start is None else start
        logs = np.log(np.maximum(known, 1e-300))
        first = np.broadcast_to(logs, counts.shape).swapaxes(-1, -2) @ functions
        fitted = self._refit(reached, Fitted(functions, first, _flat(functions.shape[1])[None]))
        fitted = self._refit(reached, replace(fitted, ridge=fitted.prior(reached)))
        return self._with_tails(reached, fitted) if (self.basis.degrees > self.degree).any() else fitted

    def _refit(self, counts: FloatArray, known: Fitted) -> Fitted:
        """Fit the functions and with the prior of known templates, from their coefficients on."""
        centre = known.centre(counts)
        return replace(
            known, coefficients=newton(counts, self.scale, known.functions, known.coefficients, centre, known.ridge)
        )

    def _with_tails(self, counts: FloatArray, fitted: Fitted) -> Fitted:
        """Add the tails that make the counts most likely, and fit again."""
        mean = self.scale * np.exp(np.clip(fitted.logs, -700, 50))
        high = self.basis.high(self.degree)
        varying = _centred(fitted.coefficients[..., 1:], mean.sum(axis=-2))
        gradient = high.T @ (counts - mean) @ varying
        size = gradient.shape[-2] * gradient.shape[-1]
        # Multinomial information of the tails: the covariance of the coefficients over the bins, at every θ.
        second = np.einsum("...kb,...bi,...bj->...kij", mean, varying, varying, optimize=True)
        average = mean @ varying
        expected = np.maximum(mean.sum(axis=-1), 1e-300)[..., None, None]
        second -= average[..., :, None] * average[..., None, :] / expected
        information = np.einsum("kt,ku,...kij->...tiuj", high, high, second, optimize=True)
        information = information.reshape(*gradient.shape[:-2], size, size)
        noise = TAIL_RIDGE * max(counts.shape[-1] - 1, 1) * np.eye(size)
        tails = np.linalg.solve(information + noise, gradient.reshape(*gradient.shape[:-2], size, 1))
        functions = np.broadcast_to(fitted.functions, (*gradient.shape[:-2], *fitted.functions.shape)).copy()
        functions[..., 1:] += high @ tails.reshape(gradient.shape)
        return self._refit(counts, replace(fitted, functions=functions))

    def unbiased(self, fitted: Fitted) -> Fitted:
        """Shorten the coefficients of fits, function by function, to the expected length of the true ones."""
        centred, root = self._in_errors(fitted)
        sizes = np.einsum("...bts,...bt->...bs", root, centred)
        noise = max(sizes.shape[-2] - 1, 1)
        length = np.maximum((sizes**2).sum(axis=-2, keepdims=True), 1e-300)
        factors = np.sqrt(np.maximum(1 - noise / length, 0.0))
        factors[..., 0] = 1.0
        # If noise explains everything, its own direction is as good as any to ask how much there might be.
        factors = np.where(factors[..., 1:].any(axis=-1, keepdims=True), factors, 1.0)
        shortened = np.linalg.solve(root.swapaxes(-1, -2), (sizes * factors)[..., None])[..., 0]
        return replace(fitted, coefficients=shortened)

    def energy(self, fitted: Fitted) -> float:
        """Σ z² of the coefficients of a fit but the constant ones, in units of their noise."""
        centred, root = self._in_errors(fitted)
        return float((np.einsum("bts,bt->bs", root, centred)[:, 1:] ** 2).sum())

    def _in_errors(self, fitted: Fitted) -> tuple[FloatArray, FloatArray]:
        """Centred coefficients (..., B, Q), and the triangular root (..., B, Q, Q) of their Fisher information.

        Its transpose turns coefficients into independent ones of unit variance, in which a later function
        can be changed while those before it stay at the best fit without it.
        """
        mean = self.scale * fitted.probabilities
        centred = fitted.coefficients.copy()
        centred[..., 1:] = _centred(centred[..., 1:], mean.sum(axis=-2))
        root = np.linalg.cholesky(fitted.information(self.scale))
        return centred, np.asarray(root, np.float64)


def _flat(functions: int) -> FloatArray:
    # The constant one is free: a prior on it would make rare bins less rare.
    return np.where(np.arange(functions) > 0, RIDGE, 1e-9)


def _centred(coefficients: FloatArray, counts: FloatArray) -> FloatArray:
    """Coefficients (..., B, Q) less their average, weighted with the counts (..., B) of the bins.

    The same number added to all bins changes nothing.
    """
    weights = (counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-300))[..., None]
    result: FloatArray = coefficients - (weights * coefficients).sum(axis=-2, keepdims=True)
    return result


def _averaged(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted average (..., 1, Q) over the bins of values (..., B, Q)."""
    # Without any event there is nothing to average.
    total = np.maximum(weights.sum(axis=-2, keepdims=True), 1e-300)
    result: FloatArray = (weights * values).sum(axis=-2, keepdims=True) / total
    return result


def _divided(counts: FloatArray, scale: FloatArray) -> FloatArray:
    """Probabilities (..., K, B); uniform at points without any event."""
    return np.divide(counts, scale, out=np.full_like(counts, 1 / counts.shape[-1]), where=scale > 0)


def scaled(sumw: FloatArray, sumw2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Equivalent counts and the number of them per unit of probability, both (K, B)."""
    counts, weight = effective_counts(sumw, sumw2)
    return counts, sumw.sum(axis=1, keepdims=True) / weight


def filled(counts: FloatArray, pseudo_events: float) -> FloatArray:
    """Counts (..., K, B) whose empty bins share `pseudo_events` at each point, as the average over the points does.

    >>> filled(np.array([[8.0, 0.0], [6.0, 2.0]]), 0.5).round(3)
    array([[8.   , 0.068],
           [6.   , 2.   ]])
    """
    totals = counts.sum(axis=-2, keepdims=True)
    # What no point has reached is as rare as pseudo-events among all that were simulated.
    average = totals + pseudo_events / counts.shape[-1]
    average /= average.sum(axis=-1, keepdims=True)
    result: FloatArray = np.where(counts > 0, counts, pseudo_events * average)
    return result


def free(sumw: FloatArray, sumw2: FloatArray, pseudo_events: float) -> FloatArray:
    """Bin probabilities (K, B) without any smoothness, with pseudo-events in empty bins.

    >>> free(np.array([[3.0, 1.0]]), np.array([[3.0, 1.0]]), 0.5).round(6)
    array([[0.75, 0.25]])
    """
    counts, scale = scaled(sumw, sumw2)
    probabilities = _divided(filled(counts, pseudo_events), scale)
    result: FloatArray = probabilities / probabilities.sum(axis=-1, keepdims=True)
    return result
