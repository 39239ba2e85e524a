"""How informative templates look: a quick stand-in for the EIG, to compare real and repeated simulations by."""

from __future__ import annotations

from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.exposure import Exposure, is_one_event
from ..statistics.grid_posterior import entropy, log_rates

scipy = lazy.load("scipy")


#: Pseudo-data sets; the same ones for all templates, so that their noise cancels.
DRAWS = 256


@dataclass(frozen=True)
class Statistic:
    """Information gain of rates (R, K, B), in nats: exact for one event, from a few rounded normal data otherwise.

    Without the rounding it is a smooth function of the rates, but not that of counts.
    """

    prior: FloatArray
    truth: NDArray[np.intp] | None
    normals: FloatArray
    rounded: bool = True

    @property
    def ceiling(self) -> float:
        """Entropy of the prior."""
        return float(entropy(self.prior))

    def scaled(self, rates: FloatArray) -> FloatArray:
        """Arc sine of the root of the share of the ceiling, (R,): of nearly constant variance, as it is bounded."""
        result: FloatArray = np.arcsin(np.sqrt(np.clip(self(rates) / self.ceiling, 0.0, 1.0)))
        return result

    def __call__(self, rates: FloatArray) -> FloatArray:
        """Information gain (R,) in nats."""
        if self.truth is None:
            return _one_event(rates, self.prior)
        return np.array([self._sampled(one) for one in rates])

    def _sampled(self, rates: FloatArray) -> float:
        mean = rates[self.truth]
        # Cornish and Fisher (1938): quantiles of a Poisson distribution from those of a normal one.
        quantiles = mean + np.sqrt(mean) * self.normals + (self.normals**2 - 1) / 6
        counts = np.maximum(quantiles, 0.0)
        counts = np.floor(counts + 0.5) if self.rounded else counts
        with np.errstate(divide="ignore"):
            scores = counts @ log_rates(rates).T + np.log(self.prior) - rates.sum(axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        weights = np.exp(scores)
        norm = weights.sum(axis=1)
        mean_score = np.einsum("dk,dk->d", weights, np.where(weights > 0, scores, 0.0)) / norm
        return self.ceiling - float((np.log(norm) - mean_score).mean())


def _one_event(rates: FloatArray, prior: FloatArray) -> FloatArray:
    mixture = np.einsum("k,rkb->rb", prior, rates)
    logs = log_rates(rates) - log_rates(mixture)[:, None]
    result: FloatArray = np.einsum("k,rkb,rkb->r", prior, rates, logs)
    return result


def statistic(exposure: Exposure, bins: int, prior: FloatArray, rng: np.random.Generator) -> Statistic:
    """Prepare the statistic of an exposure."""
    if is_one_event(exposure):
        return Statistic(prior, None, np.empty((0, bins)))
    uniforms = np.clip(scipy.stats.qmc.Sobol(bins + 1, rng=rng).random_base2(DRAWS.bit_length() - 1), 1e-9, 1 - 1e-9)
    truth = np.searchsorted(np.cumsum(prior)[:-1], uniforms[:, 0], side="right")
    return Statistic(prior, truth, scipy.special.ndtri(uniforms[:, 1:]))
