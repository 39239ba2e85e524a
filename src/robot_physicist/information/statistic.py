"""How informative templates look: a quick stand-in for the EIG, to compare real and repeated simulations by.

Also what repeated simulations of backgrounds do to it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.estimates import Interval, shifted
from ..quantities.exposure import EventCount, Exposure, is_one_event
from ..statistics.grid_posterior import entropy, log_rates
from ..templates.templates import Background, expected

scipy = lazy.load("scipy")


#: Pseudo-data sets; the same ones for all templates, so that their noise cancels.
DRAWS = 256
#: Expected events of which at least one is seen with a probability of 95%.
AT_MOST = 3.0


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


def with_backgrounds(
    estimate: Interval,
    rates: FloatArray,
    backgrounds: Collection[Background],
    exposure: Exposure,
    measure: Statistic,
    copies: int,
    rng: np.random.Generator,
) -> Interval:
    """Account for the statistics of backgrounds in the gain of rates (K, B), which know nothing of them.

    Their contents are simulated again around those at hand: the gain of known rates then rises on average, by a bias
    that is subtracted, and scatters, which widens the interval in quadrature. Systematic uncertainties are left out
    of this: what is known less well can be spoilt less.
    """
    if isinstance(exposure, EventCount) or not any(map(_uncertain, backgrounds)):
        return estimate
    events = float(expected(np.zeros((1, 1)), np.zeros(1), exposure, np.ones(1))[0, 0])
    changes = sum(simulated_again(one, copies, rng) - one.contents for one in backgrounds)
    hidden = sum(hidden_in_empty_bins(one, rates.mean(axis=0)) for one in backgrounds)
    gains = measure(np.maximum(rates + events * np.concatenate([changes, [hidden, 0 * hidden]])[:, None], 0.0))
    again, lowered, known = gains[:-2], gains[-2], gains[-1]
    lost = max(float(known - lowered), 0.0)
    return shifted(estimate, float(again.mean() - known), float(again.std(ddof=1)), lost, measure.ceiling)


def _uncertain(background: Background) -> bool:
    unseen = math.isfinite(background.generated) and (background.contents <= 0).any()
    return bool(unseen or (background.errors > 0).any() or background.scale_error > 0)


def simulated_again(background: Background, copies: int, rng: np.random.Generator) -> FloatArray:
    """Contents (R, B) of repeated simulations around those of a background.

    Weighted events count as (Σw)²/Σw² events. With a known number of generated events counts are multinomial, with a
    cell for the events outside; else Poisson. What has no error stays.
    """
    contents, errors = background.contents, background.errors
    counts = np.divide(contents, errors, out=np.zeros_like(contents), where=errors > 0) ** 2
    weights = np.divide(errors**2, contents, out=np.zeros_like(contents), where=contents > 0)
    size = (copies, len(counts))
    if math.isfinite(background.generated):
        total = max(round(background.generated), math.ceil(counts.sum()), 1)
        chances = np.append(counts, max(total - counts.sum(), 0.0)) / max(float(total), counts.sum())
        drawn = rng.multinomial(total, chances, size=copies)[:, :-1].astype(np.float64)
    else:
        drawn = rng.poisson(np.broadcast_to(counts, size)).astype(np.float64)
    scale = np.maximum(1 + background.scale_error * rng.standard_normal((copies, 1)), 0.0)
    return np.asarray(np.where(errors > 0, drawn * weights, contents) * scale)


def hidden_in_empty_bins(background: Background, rates: FloatArray) -> FloatArray:
    """What a simulated background may have in bins that none of its events reached, (B,): three events at 95%.

    They are where most of the expected events (B,) are, for that does most harm.
    """
    empty = (background.contents <= 0) & (rates > 0)
    total = background.contents.sum()
    if not math.isfinite(background.generated) or not empty.any():
        return np.zeros_like(rates)
    weight = float((background.errors**2).sum() / total) if total > 0 else background.per_event
    return np.asarray(AT_MOST * weight * np.where(empty, rates, 0.0) / rates[empty].sum())
