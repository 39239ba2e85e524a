"""The expected information gain with nuisance parameters integrated out."""

from __future__ import annotations

from collections.abc import Sequence

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..histfactory.model import LOWEST_RATE
from ..histfactory.nuisances import Nuisances
from ..likelihood.data_points import DataPoints
from ..likelihood.marginal import ONE_EVENT_DRAWS, laplace_log_likelihood, marginalise
from ..likelihood.results import Marginalisation
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount
from ..statistics.counts import multinomial_counts
from ..statistics.grid_posterior import average, entropy, normalised
from ..statistics.quantiles import poisson_quantiles

scipy = lazy.load("scipy")


def predictive_counts(
    models: Sequence[Nuisances], prior: FloatArray, points: DataPoints
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Counts (N, B) from the prior predictive, θ and nuisances drawn from their priors, and the indices of θ (N,).

    Of the coordinates of the points the first chooses θ, the next the counts, the last the nuisances.
    """
    uniforms = points.uniforms.reshape(-1, points.uniforms.shape[2])
    truth = np.searchsorted(np.cumsum(prior)[:-1], uniforms[:, 0], side="right")
    bins = models[0].model.bins
    fixed_total = isinstance(points.exposure, EventCount)
    end = bins if fixed_total else bins + 1
    rates = np.empty((len(uniforms), bins))
    for k, nuisances in enumerate(models):
        rows = np.flatnonzero(truth == k)
        numbers = uniforms[rows, end : end + len(nuisances.index)].T
        rates[rows] = np.maximum(nuisances.model.rates(nuisances.draw(numbers)), LOWEST_RATE).T
    if isinstance(points.exposure, EventCount):
        every = np.arange(len(rates))
        return multinomial_counts(uniforms[:, 1:end], every, rates, points.exposure.events), truth
    return poisson_quantiles(uniforms[:, 1:end], rates), truth


def marginal_gain(
    models: Sequence[Nuisances], prior: FloatArray, points: DataPoints, rng: np.random.Generator | None
) -> tuple[Estimate, Marginalisation | None]:
    """EIG about θ with nuisances integrated out, H[π] − E H[p(θ|x)], in nats, by quasi-Monte Carlo.

    What importance sampling finds wrong with Laplace's method in the data sets that it repeats is taken from the gain
    (a control variate), and its standard error is added to that of the integral over data. Without a generator
    there is no check and no correction, as befits differences of gains.
    """
    counts, _ = predictive_counts(models, prior, points)
    fixed_total = isinstance(points.exposure, EventCount)
    if rng is None:
        logs, how = laplace_log_likelihood(models, counts, fixed_total), None
    else:
        found = marginalise(models, counts, prior, fixed_total, rng)
        logs, how = found.log_likelihood, found.how
    gain = average(entropy(prior) - entropy(normalised(logs, prior)), points.scrambles)
    if how is None or how.warnings:
        return gain, how
    bias = how.laplace_bias
    return Estimate(gain.value - bias.value, float(np.hypot(gain.error, bias.error))), how


def marginal_bound(
    models: Sequence[Nuisances], believed: Sequence[Nuisances], prior: FloatArray, points: DataPoints
) -> Estimate:
    """E ln q(θ|x)/π(θ), data from `models`, posterior q from `believed`, nuisances integrated out; nats."""
    counts, truth = predictive_counts(models, prior, points)
    logs = laplace_log_likelihood(believed, counts, isinstance(points.exposure, EventCount))
    posterior = np.take_along_axis(normalised(logs, prior), truth[:, None], axis=1)[:, 0]
    return average(np.log(np.maximum(posterior, 1e-300)) - np.log(prior[truth]), points.scrambles)


def one_event_probabilities(models: Sequence[Nuisances], rng: np.random.Generator) -> FloatArray:
    """Bin probabilities of one event, (K, B): λ_b / Σλ averaged over the prior of the nuisances."""
    most = max(len(one.index) for one in models)
    uniforms = np.clip(scipy.stats.qmc.Sobol(max(1, most), rng=rng).random(ONE_EVENT_DRAWS).T, 1e-12, 1 - 1e-12)
    result = []
    for nuisances in models:
        rates = np.maximum(nuisances.model.rates(nuisances.draw(uniforms[: len(nuisances.index)])), LOWEST_RATE)
        result.append((rates / rates.sum(axis=0)).mean(axis=1))
    return np.array(result)
