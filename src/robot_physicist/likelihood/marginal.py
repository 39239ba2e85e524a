"""Likelihoods and information gain with nuisance parameters integrated out, checked by importance sampling.

Laplace's method does all data sets; importance sampling repeats some of them. Where the two disagree or the effective
sample size is low, importance sampling does all, with more draws, Student t proposals and a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..histfactory.nuisances import Nuisances
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate
from ..statistics.grid_posterior import entropy, normalised
from .importance import importance_log_likelihood
from .laplace import Point, chunk_size, data_constant, log_marginals
from .linearity import nearly_linear
from .results import Marginalisation

#: Data sets that importance sampling repeats, and its draws for each of them and each θ.
CHECKED, CHECK_DRAWS = 64, 128
#: Draws of the exact path at first and at most.
EXACT_DRAWS, MOST_DRAWS = 2048, 8192
#: Effective fraction of the draws below which the Gaussian of Laplace's method is not trusted.
LOWEST_FRACTION = 0.5
#: Disagreement in nats, and in standard errors, at which Laplace's method is not trusted.
DISAGREEMENT, SIGNIFICANT = 0.003, 3.0
#: The same for the posteriors themselves: mean total variation distance.
DISTANCE = 0.015
#: Effective draws of the exact path below which even it gets a warning.
FEWEST_EFFECTIVE = 400.0
#: How the names of parameters begin that stand for the errors of templates of finitely many events.
STATISTICAL = "staterror_"
#: θ of less posterior probability are left out of the exact path, which knows it only roughly at first.
SURELY_NEGLIGIBLE = 1e-6
FREEDOM = 5.0
#: Fraction of the draws from the prior, where the Gaussian may miss something.
PRIOR_SHARE = 0.25
#: Data sets and draws of the check where the model is far from linear: a few of them may hold most of the error.
WARY_CHECKED, WARY_DRAWS = 256, 256
#: Draws of the first look of the exact path at all θ.
FIRST_DRAWS = 256
#: Data sets of the wary check that share their random numbers: what differs between groups has their noise in it.
GROUP = 32
#: Uniform numbers of nuisance parameters for the average over them in one event.
ONE_EVENT_DRAWS = 4096


@dataclass(frozen=True)
class Marginal:
    """ln p(x|θ) of N data sets, (N, K), and how it was found."""

    log_likelihood: FloatArray
    how: Marginalisation


def laplace_log_likelihood(models: Sequence[Nuisances], counts: FloatArray, fixed_total: bool) -> FloatArray:
    """ln p(x|θ) by Laplace's method, (N, K), of counts (N, B), in chunks of bounded memory."""
    return _with_points(models, counts, fixed_total, np.empty(0, np.intp))[0]


def _with_points(
    models: Sequence[Nuisances], counts: FloatArray, fixed_total: bool, kept: NDArray[np.intp]
) -> tuple[FloatArray, list[Point]]:
    """`laplace_log_likelihood`, and for some of the data sets, in their order, where the maxima are, for each θ."""
    size = chunk_size(models[0])
    result = np.empty((len(counts), len(models)))
    found: list[list[Point]] = [[] for _ in models]
    for start in range(0, len(counts), size):
        part = np.ascontiguousarray(counts[start : start + size].T, dtype=np.float64)
        logs, searches = log_marginals(models, part, fixed_total)
        result[start : start + size] = (logs + data_constant(part, fixed_total)).T
        inside = kept[(kept >= start) & (kept < start + size)] - start
        for points, search in zip(found, searches, strict=True):
            points.append((search.point[0][:, inside], search.point[1][..., inside]))
    return result, [
        (np.concatenate([whole for whole, _ in parts], axis=-1), np.concatenate([own for _, own in parts], axis=-1))
        for parts in found
    ]


def marginalise(
    models: Sequence[Nuisances], counts: FloatArray, prior: FloatArray, fixed_total: bool, rng: np.random.Generator
) -> Marginal:
    """ln p(x|θ) of counts (N, B) at the K models, by Laplace's method if it passes the check, else exactly."""
    if not any(len(one.index) for one in models):
        laplace = laplace_log_likelihood(models, counts, fixed_total)
        return Marginal(laplace, Marginalisation("no nuisance parameters", 1.0, Estimate(0.0, 0.0), []))
    linear = nearly_linear(models)
    chosen = _chosen(len(counts), linear)
    laplace, points = _with_points(models, counts, fixed_total, chosen)
    found, good = _checked(models, counts[chosen], laplace[chosen], points, prior, fixed_total, linear, rng)
    if good:
        return Marginal(laplace, found)
    return _exactly(models, counts, laplace, prior, fixed_total, found, rng)


def _chosen(size: int, linear: bool) -> NDArray[np.intp]:
    """Which of so many data sets are checked: some, evenly spread, or a run of neighbours from each eighth.

    Neighbours fill the space of a Sobol sequence evenly, which every sixteenth point of one does not.
    """
    if linear or size <= WARY_CHECKED:
        return np.unique(np.linspace(0, size - 1, min(CHECKED if linear else WARY_CHECKED, size)).astype(np.intp))
    runs = WARY_CHECKED // GROUP
    return (np.arange(runs)[:, None] * (size // runs) + np.arange(GROUP)).ravel()


def _checked(
    models: Sequence[Nuisances],
    counts: FloatArray,
    laplace: FloatArray,
    points: Sequence[Point],
    prior: FloatArray,
    fixed_total: bool,
    linear: bool,
    rng: np.random.Generator,
) -> tuple[Marginalisation, bool]:
    """What importance sampling says of Laplace's method, and whether that is good enough.

    Where the model is not nearly linear, a share of the draws is from the prior and no θ is left out.
    """
    # A single data set has no others over which the noise of the check averages out.
    more, group, share = max(1, 16 // len(counts)), 1, 0.0
    if linear:
        checked, fraction = importance_log_likelihood(
            models, counts, laplace, prior, fixed_total, CHECK_DRAWS * more, math.inf, rng, points=points
        )
    else:
        group, share = min(GROUP, max(1, len(counts) // 2)), PRIOR_SHARE
        checked, fraction = _chunked(
            models, counts, laplace, prior, fixed_total, WARY_DRAWS * more, math.inf, rng, group, 0.0
        )
    exact, rough = normalised(checked, prior), normalised(laplace, prior)
    bias = _mean_of_groups(entropy(exact) - entropy(rough), group)
    low = float(np.quantile(fraction, 0.05))
    distance = float(0.5 * np.abs(exact - rough).sum(axis=1).mean())
    shifted = len(counts) > 1 and abs(bias.value) > max(DISAGREEMENT, SIGNIFICANT * bias.error)
    unsure = share > 0 and bias.error > DISAGREEMENT
    good = low >= LOWEST_FRACTION * (1 - share) and distance <= DISTANCE and not (shifted or unsure)
    return Marginalisation("Laplace's method", low, bias, []), good


def _mean_of_groups(values: FloatArray, group: int) -> Estimate:
    """Mean of values (N,), its standard error the larger one of those that values and groups of neighbours show."""
    means = np.add.reduceat(values, np.arange(0, len(values), group))[: len(values) // group] / group
    errors = [float(part.std(ddof=1) / np.sqrt(len(part))) for part in (values, means) if len(part) > 1]
    return Estimate(float(values.mean()), max(errors, default=0.0))


def _exactly(
    models: Sequence[Nuisances],
    counts: FloatArray,
    laplace: FloatArray,
    prior: FloatArray,
    fixed_total: bool,
    failed: Marginalisation,
    rng: np.random.Generator,
) -> Marginal:
    """Importance sampling of all data sets, with twice the draws until enough of them are effective."""
    # Laplace's method may be wrong about which θ are negligible, too: a rough look at all of them says which.
    rough, _ = _chunked(models, counts, laplace, prior, fixed_total, FIRST_DRAWS, FREEDOM, rng, CHECKED, 0.0)
    draws = EXACT_DRAWS
    while True:
        exact, fraction = _chunked(
            models, counts, rough, prior, fixed_total, draws, FREEDOM, rng, CHECKED, SURELY_NEGLIGIBLE
        )
        low = float(np.quantile(fraction, 0.05))
        if low * draws >= FEWEST_EFFECTIVE or draws >= MOST_DRAWS:
            break
        draws *= 4
    warnings = _doubts(models, low, draws, failed)
    return Marginal(exact, Marginalisation("importance sampling", low, failed.laplace_bias, warnings))


def _doubts(models: Sequence[Nuisances], low: float, draws: int, failed: Marginalisation) -> list[str]:
    """What a reader has to know of importance sampling, where an effective fraction of `low` of the draws is reached.

    Errors of the templates alone are nothing that a campaign has asked for: that they took longer is no warning.
    """
    asked = any(not models[0].model.names[index].startswith(STATISTICAL) for index in models[0].index)
    slower = (
        f"Laplace's method is not good enough for these nuisance parameters (effective fraction of its draws"
        f" {failed.effective_fraction:.2f}, error {failed.laplace_bias.value:+.4f} nats); importance sampling with"
        f" {draws} draws was used for all data sets, which is slower"
    )
    what, advice = (
        ("nuisance parameters", "constrain the nuisance parameters better or hold some fixed")
        if asked
        else ("statistical errors of the templates", "simulate more events or use fewer bins")
    )
    few = (
        f"only {low * draws:.0f} of {draws} draws of the {what} are effective: the posteriors are not reliable;"
        f" {advice}"
    )
    return [slower] * asked + [few] * (low * draws < FEWEST_EFFECTIVE)


def _chunked(
    models: Sequence[Nuisances],
    counts: FloatArray,
    laplace: FloatArray,
    prior: FloatArray,
    fixed_total: bool,
    draws: int,
    freedom: float,
    rng: np.random.Generator,
    size: int,
    negligible: float,
) -> tuple[FloatArray, FloatArray]:
    """`importance_log_likelihood` with draws from the prior too, `size` data sets sharing their random numbers.

    Their noise is then independent from one part to the next, and averages out in a gain.
    """
    parts = [
        importance_log_likelihood(
            models,
            counts[start : start + size],
            laplace[start : start + size],
            prior,
            fixed_total,
            draws,
            freedom,
            rng,
            PRIOR_SHARE,
            negligible,
        )
        for start in range(0, len(counts), size)
    ]
    return np.concatenate([logs for logs, _ in parts]), np.concatenate([fraction for _, fraction in parts])
