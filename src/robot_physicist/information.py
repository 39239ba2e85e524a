"""Expected information gain from known rates, in nats.

θ lives on a grid with prior weights π_k, so the evidence is an exact sum over k and only the integral over data
is left to do. It is done in the form H[p(θ)] − E_x H[p(θ|x)], whose integrand varies less than that of the
equivalent log-ratio form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .data_points import DataPoints, data_points, draw_chunks
from .quantities.arrays import FloatArray
from .quantities.estimates import Estimate
from .quantities.exposure import EventCount, Exposure, is_one_event

#: Data sets per matrix product: bounds the memory and keeps it in the cache.
CHUNK = 1024
#: Cells of a table whose logarithms are taken at once: 128 KiB, which stay in a core's cache.
CELLS = 1 << 14
#: Smallest normal number, whose logarithm is finite.
TINY = 2.3e-308
#: Stands for ln 0: one event in an impossible bin excludes the parameter point.
LOG_ZERO = -1e6


def entropy(probabilities: FloatArray) -> FloatArray:
    """Entropy −Σ p ln p over the last axis, in nats, with 0 ln 0 = 0.

    >>> entropy(np.array([0.5, 0.5])).round(6)
    np.float64(0.693147)
    """
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    result: FloatArray = -np.einsum("...k,...k->...", probabilities, logs)
    return result


def eig_quadrature(density: FloatArray, weights: FloatArray, prior: FloatArray) -> float:
    """EIG of one event by quadrature, Σ_k π_k ∫ p_k ln p_k dx − ∫ p̄ ln p̄ dx, in nats.

    `density` (K, Q) holds p(x|θ_k) at the nodes of the quadrature weights (Q,); `prior` (K,) sums to one.

    >>> round(eig_quadrature(np.eye(2), np.ones(2), np.array([0.5, 0.5])), 6)
    0.693147
    """
    mixture = prior @ density
    return max(0.0, float(prior @ _sums_p_log_p(density, weights) - _sums_p_log_p(mixture[None, :], weights)[0]))


def _sums_p_log_p(density: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ_q w_q p ln p of each row of (K, Q), with one logarithm per cell in a chunk that stays in the cache."""
    rows = max(1, CELLS // density.shape[1])
    logs = np.empty((min(rows, len(density)), density.shape[1]))
    result = np.empty(len(density))
    for start in range(0, len(density), rows):
        part = density[start : start + rows]
        chunk = logs[: len(part)]
        # A density of zero takes a finite logarithm times zero.
        np.log(np.maximum(part, TINY, out=chunk), out=chunk)
        chunk *= part
        result[start : start + rows] = chunk @ weights
    return result


def eig_one_event(probabilities: FloatArray, prior: FloatArray) -> float:
    """EIG of one binned event, exact: Σ_k π_k Σ_b p_kb ln(p_kb / p̄_b), in nats.

    `probabilities` (K, B) with rows summing to one, `prior` (K,).

    >>> round(eig_one_event(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0.5, 0.5])), 6)
    0.368064
    """
    return eig_quadrature(probabilities, np.ones(probabilities.shape[1]), prior)


def eig_scan(probabilities: Iterable[FloatArray], prior: FloatArray) -> FloatArray:
    """EIG of one binned event at each of S settings, exact, in nats: (S,).

    `probabilities` (S, K, B), or anything that yields (K, B) per setting: one setting is looked at at a time, so
    that a generator needs the memory of one.

    >>> eig_scan(np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]]), np.array([0.5, 0.5])).round(6)
    array([0.368064, 0.      ])
    """
    return np.array([eig_one_event(setting, prior) for setting in probabilities])


def gauss_legendre(low: float, high: float, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights, both (nodes,), of Gauss–Legendre quadrature on [low, high].

    >>> x, w = gauss_legendre(0, 1, 3)
    >>> round(float(w @ x**2), 12)
    0.333333333333
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (high - low) / 2 * x + (high + low) / 2, (high - low) / 2 * w


def log_rates(rates: FloatArray) -> FloatArray:
    """Ln λ, with impossible bins at a number so low that one event there excludes the point."""
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


def eig_at(points: DataPoints, rates: FloatArray, prior: FloatArray) -> Estimate:
    """EIG of expected counts (K, B) by quasi-Monte Carlo at prepared points, in nats."""
    inference = Inference(rates, prior)
    values = [inference.information(counts) for counts, _ in draw_chunks(points, rates, prior)]
    return average(np.concatenate(values), points.scrambles)


def lower_bound_at(points: DataPoints, rates: FloatArray, model: FloatArray, prior: FloatArray) -> Estimate:
    """E ln q(θ|x)/π(θ) with data from `rates` and the posterior q from `model`, both (K, B), in nats."""
    inference = Inference(model, prior)
    values = [inference.log_ratio(counts, truth) for counts, truth in draw_chunks(points, rates, prior)]
    return average(np.concatenate(values), points.scrambles)


def lower_bound_one_event(probabilities: FloatArray, model: FloatArray, prior: FloatArray) -> float:
    """The same for one binned event, exactly; both arguments (K, B) with rows summing to one.

    >>> p = np.array([[0.9, 0.1], [0.1, 0.9]])
    >>> round(lower_bound_one_event(p, p, np.array([0.5, 0.5])), 6)
    0.368064
    """
    ratio = log_rates(model) - log_rates((prior @ model)[None, :])
    return float(prior @ (probabilities * ratio).sum(axis=1))


def gain(rates: FloatArray, exposure: Exposure, prior: FloatArray, draws: int, rng: np.random.Generator) -> Estimate:
    """EIG of expected counts (K, B) for an exposure: exact for one event, else quasi-Monte Carlo; in nats.

    >>> rates = np.array([[9.0, 1.0], [1.0, 9.0]])
    >>> gain(rates, EventCount(events=10), np.array([0.5, 0.5]), 1024, np.random.default_rng(1)).value > 0.69
    True
    """
    if is_one_event(exposure):
        return Estimate(eig_one_event(rates, prior), 0.0)
    return eig_at(data_points(exposure, rates.shape[1], draws, rng), rates, prior)


def eig_original(
    rates: FloatArray, exposure: Exposure, prior: FloatArray, draws: int, rng: np.random.Generator
) -> Estimate:
    """The original estimator, in nats: plain pseudo-random draws, averaged.

    One event is drawn from the mixture p̄ as first formulated; more events need θ to be drawn first.
    """
    truth = rng.choice(len(prior), size=draws, p=prior)
    if isinstance(exposure, EventCount):
        counts = rng.multinomial(exposure.events, rates[truth] / rates[truth].sum(axis=1, keepdims=True))
    else:
        counts = rng.poisson(rates[truth])
    values = Inference(rates, prior).information(counts.astype(np.float64))
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(draws)))
