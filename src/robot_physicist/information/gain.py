"""Expected information gain from known rates, in nats.

θ lives on a grid with prior weights π_k, so the evidence is an exact sum over k and only the integral over data
is left to do. It is done in the form H[p(θ)] − E_x H[p(θ|x)], whose integrand varies less than that of the
equivalent log-ratio form.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..likelihood.data_points import DataPoints, data_points, draw_chunks
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount, Exposure, is_one_event
from ..statistics.grid_posterior import Inference, average, log_rates

#: Cells of a table whose logarithms are taken at once: 128 KiB, which stay in a core's cache.
CELLS = 1 << 14
#: Smallest normal number, whose logarithm is finite.
TINY = 2.3e-308


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
