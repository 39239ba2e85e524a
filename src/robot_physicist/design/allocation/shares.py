"""Shares of a luminosity: the information of a plan that runs at several settings, and the shares that give most.

Independent Poisson counts of all settings are one data set, so log-likelihoods add. How the gain grows with the
time w_j at a setting is known exactly (Guo, Shamai and Verdú 2008, for the Poisson channel): with φ(t) = t ln t,

    ∂EIG/∂w_j = Σ_b E[ E[φ(r_jb)|x] − φ(E[r_jb|x]) ],

the rates r_jb being those of the whole luminosity at setting j. Its own derivative is
−E[a b ((1 + c) ln(1 + c) − c)] summed over pairs of bins with posterior means a, b and relative covariance c of
their rates: a concave function as long as c is small, as posteriors of many events make it, but not in general.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...likelihood.data_points import DataPoints
from ...quantities.arrays import FloatArray
from ...quantities.estimates import Estimate
from ...statistics.grid_posterior import average, entropy, log_rates
from ...statistics.quantiles import poisson_quantiles

#: Nats that the best shares may still be missing, by the duality gap of a concave function.
TOLERANCE = 1e-3
#: Exchanges of shares at most, and evaluations per exchange.
EXCHANGES, BISECTIONS = 200, 6
#: Shares below this are not worth moving to.
LEAST_SHARE = 0.005


@dataclass(frozen=True)
class Experiment:
    """All that a plan needs: rates (J, K, B) of the whole luminosity at each setting, prior (K,), data points.

    The points have a coordinate for θ and one per setting and bin, the same for all shares.
    """

    rates: FloatArray
    prior: FloatArray
    points: DataPoints

    @cached_property
    def uniforms(self) -> FloatArray:
        """The points, (N, 1 + J B)."""
        return self.points.uniforms.reshape(-1, self.points.uniforms.shape[2])

    @cached_property
    def truth(self) -> NDArray[np.intp]:
        """Indices of the θ of each point, (N,)."""
        return np.searchsorted(np.cumsum(self.prior)[:-1], self.uniforms[:, 0], side="right")

    def posteriors(self, shares: FloatArray) -> FloatArray:
        """p(θ|x) of each data set of a plan, (N, K)."""
        bins = self.rates.shape[2]
        log_prior = np.log(self.prior, out=np.full_like(self.prior, -np.inf), where=self.prior > 0)
        scores = np.repeat(log_prior[None], len(self.uniforms), axis=0)
        for setting in np.flatnonzero(shares):
            rates = shares[setting] * self.rates[setting]
            first = 1 + setting * bins
            counts = poisson_quantiles(self.uniforms[:, first : first + bins], rates[self.truth])
            scores += counts @ log_rates(rates).T - rates.sum(axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        result: FloatArray = scores / scores.sum(axis=1, keepdims=True)
        return result

    def information(self, shares: FloatArray) -> FloatArray:
        """H[p(θ)] − H[p(θ|x)] of each data set of a plan, (N,), in nats."""
        return np.asarray(entropy(self.prior) - entropy(self.posteriors(shares)))

    def gain(self, shares: FloatArray) -> Estimate:
        """EIG of a plan in nats."""
        return average(self.information(shares), self.points.scrambles)

    def advantage(self, shares: FloatArray, other: FloatArray) -> Estimate:
        """EIG of a plan minus that of another; both see the same θ."""
        return average(self.information(shares) - self.information(other), self.points.scrambles)

    def marginal(self, shares: FloatArray, settings: Sequence[int] | None = None) -> FloatArray:
        """Nats per unit of share that each of these settings (all by default) would add to a plan, ∂EIG/∂w."""
        posteriors = self.posteriors(shares)
        chosen = range(len(self.rates)) if settings is None else settings
        return np.array([_jensen(posteriors, self.rates[setting]) for setting in chosen])


def _jensen(posteriors: FloatArray, rates: FloatArray) -> float:
    """Σ_b E[E[φ(r_b)|x] − φ(E[r_b|x])] of rates (K, B) with posteriors (N, K)."""
    means = posteriors @ rates
    own = rates * log_rates(rates) * (rates > 0)
    return float((posteriors @ own - means * log_rates(means) * (means > 0)).sum(axis=1).mean())


@dataclass(frozen=True)
class Shares:
    """Shares (J,) that no exchange betters, and the most, in nats, that a concave gain could still be missing."""

    shares: FloatArray
    gap: float


def optimal_shares(experiment: Experiment) -> Shares:
    """The shares of greatest gain: vertex exchange from equal shares and from the best single setting.

    Two starts because the gain need not be concave. Vertex exchange (Böhning 1986): as long as it pays, share goes
    from the worst setting of the plan to the best of all.

    >>> rates = np.array([[[30.0], [60.0]], [[20.0], [40.0]]])
    >>> from ...quantities.exposure import Luminosity
    >>> from ...likelihood.data_points import data_points
    >>> points = data_points(Luminosity(luminosity=1), 2, 512, np.random.default_rng(1))
    >>> optimal_shares(Experiment(rates, np.array([0.5, 0.5]), points)).shares
    array([1., 0.])
    """
    count = len(experiment.rates)
    single = np.eye(count)[np.argmax([experiment.gain(vertex).value for vertex in np.eye(count)])]
    found = [_exchanged(experiment, start) for start in (single, np.full(count, 1 / count))]
    return max(found, key=lambda one: experiment.gain(one.shares).value)


def _exchanged(experiment: Experiment, start: FloatArray) -> Shares:
    shares = start
    for _ in range(EXCHANGES):
        marginal = experiment.marginal(shares)
        gap = float(marginal.max() - shares @ marginal)
        if gap <= TOLERANCE:
            break
        best = int(marginal.argmax())
        worst = int(np.where(shares > 0, marginal, np.inf).argmin())
        moved = _step(experiment, shares, best, worst)
        if moved == 0.0:
            break
        shares = _after(shares, best, worst, moved)
    return Shares(shares, max(gap, 0.0))


def _step(experiment: Experiment, shares: FloatArray, best: int, worst: int) -> float:
    """How much share goes from one setting to another: all of it, or until both are worth the same."""

    def slope(moved: float) -> float:
        first, second = experiment.marginal(_after(shares, best, worst, moved), (best, worst))
        return float(first - second)

    whole = float(shares[worst])
    if slope(whole) >= 0:
        return whole
    moved = _root(slope, whole)
    if shares[best] + moved < LEAST_SHARE:
        return 0.0
    return whole if whole - moved < LEAST_SHARE else moved


def _root(slope: Callable[[float], float], high: float) -> float:
    low = 0.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


def _after(shares: FloatArray, best: int, worst: int, moved: float) -> FloatArray:
    result = shares.copy()
    result[best] += moved
    result[worst] = 0.0 if moved == shares[worst] else shares[worst] - moved
    return result
