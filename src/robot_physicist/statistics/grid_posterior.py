"""Posteriors on a grid of parameter points: normalised, their entropy, sets and moments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate

#: Data sets per matrix product: bounds the memory and keeps it in the cache.
CHUNK = 1024
#: Stands for ln 0: one event in an impossible bin excludes the parameter point.
LOG_ZERO = -1e6
#: Steps of the grid, in posterior standard deviations, between which a likelihood is hardly known.
ROUGH = 3.0


def normalised(log_likelihood: FloatArray, prior: FloatArray) -> FloatArray:
    """Posterior (N, K) of ln p(x|θ) (N, K) and a prior (K,)."""
    joint = log_likelihood + np.log(prior, out=np.full_like(prior, -np.inf), where=prior > 0)
    weights = np.exp(joint - joint.max(axis=1, keepdims=True))
    result: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return result


def entropy(probabilities: FloatArray) -> FloatArray:
    """Entropy −Σ p ln p over the last axis, in nats, with 0 ln 0 = 0.

    >>> entropy(np.array([0.5, 0.5])).round(6)
    np.float64(0.693147)
    """
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    result: FloatArray = -np.einsum("...k,...k->...", probabilities, logs)
    return result


def log_rates(rates: FloatArray) -> FloatArray:
    """ln λ, with impossible bins at a number so low that one event there excludes the point."""
    return np.log(rates, out=np.full_like(rates, LOG_ZERO), where=rates > 0)


@dataclass(frozen=True)
class Inference:
    """Bayes' theorem on the grid for many data sets at once: expected counts (K, B) and prior (K,).

    ln p(θ_k|x) = ln π_k + Σ_b (x_b ln λ_kb − λ_kb) + const. With a fixed number of events all rows of the rates
    have the same sum, and the same formula is the multinomial one.
    """

    rates: FloatArray
    prior: FloatArray

    def scores(self, counts: FloatArray) -> FloatArray:
        """Unnormalised ln p(θ|x), (D, K), its maximum per data set being zero."""
        log_prior = np.log(self.prior, out=np.full_like(self.prior, -np.inf), where=self.prior > 0)
        scores: FloatArray = counts @ log_rates(self.rates).T
        scores += log_prior - self.rates.sum(axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        return scores

    def information(self, counts: FloatArray) -> FloatArray:
        """H[p(θ)] − H[p(θ|x)] of each data set, (D,), in nats.

        With s = ln p up to a constant and Z = Σ eˢ, H = ln Z − Σ s eˢ / Z needs one exponential per entry.
        """
        result = np.empty(len(counts))
        ceiling = entropy(self.prior)
        for start in range(0, len(counts), CHUNK):
            scores = self.scores(counts[start : start + CHUNK])
            weights = np.exp(scores)
            norm = weights.sum(axis=1)
            finite = np.where(weights > 0, scores, 0.0)
            mean_score = np.einsum("dk,dk->d", weights, finite) / norm
            result[start : start + CHUNK] = ceiling - (np.log(norm) - mean_score)
        return result

    def log_ratio(self, counts: FloatArray, truth: NDArray[np.intp]) -> FloatArray:
        """Log-ratio ln p(θ_true|x)/π(θ_true) of each data set, (D,), in nats.

        Its average over data from *any* rates is at most the information in those data (Barber and Agakov 2003).
        """
        scores = self.scores(counts)
        norm = np.log(np.exp(scores).sum(axis=1))
        picked = np.take_along_axis(scores, truth[:, None], axis=1)[:, 0]
        result: FloatArray = picked - norm - np.log(self.prior[truth])
        return result


def average(values: FloatArray, scrambles: int) -> Estimate:
    """Mean of (S · M,) values and its standard error from the S independent scramblings; of one it is not known.

    >>> average(np.array([1.0, 3.0]), 2)
    Estimate(value=2.0, error=1.0)
    """
    means = values.reshape(scrambles, -1).mean(axis=1)
    error = float(means.std(ddof=1) / np.sqrt(scrambles)) if scrambles > 1 else math.nan
    return Estimate(float(means.mean()), error)


def log_likelihood(counts: FloatArray, rates: FloatArray, fixed_total: bool) -> FloatArray:
    """ln p(x|θ_k) of D data sets, (D, K), from counts (D, B) and expected counts (K, B).

    Poisson, Σ_b x ln λ − λ − ln x!; with a fixed number of events multinomial, ln n! + Σ_b x ln p_b − ln x!.

    >>> log_likelihood(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]]), False).round(6)
    array([[-2.]])
    >>> log_likelihood(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]]), True).round(6)
    array([[-0.693147]])
    """
    total = rates.sum(axis=1)
    shape = rates / total[:, None] if fixed_total else rates
    logs = np.log(shape, out=np.full_like(shape, LOG_ZERO), where=shape > 0)
    constant = -log_factorial(counts).sum(axis=1)
    constant = constant + log_factorial(counts.sum(axis=1)) if fixed_total else constant
    result: FloatArray = counts @ logs.T + constant[:, None] - (0.0 if fixed_total else total)
    return result


def log_factorial(counts: FloatArray) -> FloatArray:
    """ln n!, elementwise; few counts are different, and SciPy would take longer to import.

    >>> log_factorial(np.array([0.0, 3.0])).round(6)
    array([0.      , 1.791759])
    """
    distinct, place = np.unique(counts, return_inverse=True)
    logs = np.array([math.lgamma(count + 1) for count in distinct.tolist()])
    return logs[place].reshape(counts.shape)


def normalise(log_likelihoods: FloatArray, prior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior (D, K) and log-evidence (D,) from ln p(x|θ) (D, K) and the prior (K,).

    >>> posterior, log_evidence = normalise(np.log([[0.2, 0.6]]), np.array([0.5, 0.5]))
    >>> posterior.round(6), np.exp(log_evidence).round(6)
    (array([[0.25, 0.75]]), array([0.4]))
    """
    joint = log_likelihoods + np.log(prior, out=np.full_like(prior, -np.inf), where=prior > 0)
    highest = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - highest)
    norm = weights.sum(axis=1, keepdims=True)
    return weights / norm, (highest + np.log(norm))[:, 0]


def highest_density(posterior: FloatArray, level: float) -> NDArray[np.bool_]:
    """Smallest sets of points that hold at least `level` of each posterior (D, K), as a mask (D, K).

    >>> highest_density(np.array([[0.2, 0.5, 0.3]]), 0.68)
    array([[False,  True,  True]])
    """
    order = np.argsort(-posterior, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(posterior, order, axis=1), axis=1)
    before -= np.take_along_axis(posterior, order, axis=1)
    mask = np.zeros(posterior.shape, dtype=bool)
    np.put_along_axis(mask, order, before < level - 1e-12, axis=1)
    return mask


def ranks(posterior: FloatArray, truth: NDArray[np.intp], uniforms: FloatArray) -> FloatArray:
    """Posterior probability below the true points (D,), of posteriors (D, K): uniform on [0, 1] if calibrated.

    On a grid it takes a share of the true point's own probability, given by uniform numbers (D,); simulation-based
    calibration (Talts et al. 2018) looks at its histogram.

    >>> ranks(np.array([[0.2, 0.5, 0.3]]), np.array([1]), np.array([0.5])).round(6)
    array([0.45])
    """
    own = np.take_along_axis(posterior, truth[:, None], axis=1)[:, 0]
    up_to = np.take_along_axis(posterior.cumsum(axis=1), truth[:, None], axis=1)[:, 0]
    result: FloatArray = up_to - (1 - uniforms) * own
    return result


def moments(posterior: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each parameter, both (D, P), from posteriors (D, K) and points (K, P).

    >>> moments(np.array([[0.5, 0.5]]), np.array([[0.0], [2.0]]))
    (array([[1.]]), array([[1.]]))
    """
    mean = posterior @ values
    variance = np.einsum("dk,dkp->dp", posterior, (values[None] - mean[:, None]) ** 2)
    return mean, np.sqrt(variance)


def fraction(hits: NDArray[np.bool_]) -> Estimate:
    """Fraction of hits with its standard error under a uniform prior, which is never zero.

    >>> round(fraction(np.array([True, True, True, True])).error, 6)
    0.140859
    """
    trials, successes = len(hits), int(hits.sum())
    centre = (successes + 1) / (trials + 2)
    return Estimate(successes / trials, float(np.sqrt(centre * (1 - centre) / (trials + 3))))


def rough(axes: Mapping[str, Sequence[float]], sds: Mapping[str, float]) -> list[str]:
    """Say which parameters have a posterior so narrow that its mean and width are hardly known on their grid.

    >>> rough({"a": [0.0, 1.0], "b": [0.0, 1.0], "c": [0.0]}, {"a": 0.1, "b": 0.5, "c": 0.0})
    ['the posterior of a is narrower than a third of a step of its grid, so it is hardly known; use a finer grid']
    """
    steps = {name: float(np.ptp(axis)) / (len(axis) - 1) for name, axis in axes.items() if axis[1:]}
    return [
        f"the posterior of {name} is narrower than a third of a step of its grid, so it is hardly known;"
        " use a finer grid"
        for name, step in steps.items()
        if step > ROUGH * sds[name]
    ]
