"""Marginal likelihoods and gains by brute force, for models whose nuisances are all normal and act on whole samples."""

import math

import numpy as np
from scipy.special import gammaln, ndtri
from scipy.stats.qmc import Sobol

from robot_physicist.likelihood.importance import importance_log_likelihood
from robot_physicist.likelihood.laplace import expanded, log_marginals
from robot_physicist.likelihood.marginal import CHECK_DRAWS, CHECKED
from robot_physicist.statistics.grid_posterior import entropy, normalised

#: Parameter vectors that are evaluated at once, and θ of less posterior probability than this are left out.
LANES, NEGLIGIBLE = 8192, 1e-6


def normals(dimensions, draws, rng):
    """Scrambled Sobol points as standard normals, (dimensions, draws), and their opposites: their mean is zero."""
    half = ndtri(np.clip(Sobol(dimensions, rng=rng).random(draws // 2), 1e-12, 1 - 1e-12)).T
    return np.concatenate([half, -half], axis=1)


def rates_of(one, values):
    """Expected counts (B, N) at nuisances (G, N)."""
    parameters = np.repeat(one.values[:, None], values.shape[1], axis=1)
    parameters[one.index] = values
    return one.model.rates(parameters)


def two_bin_chances(models, axis, draws, rng):
    """P(x|θ) of all pairs of counts from an axis (C,), (C², K): the average over the prior of the nuisances.

    The counts of two bins are independent once the nuisances are given, so one matrix product does all pairs.
    """
    count = axis[:, None]
    points = normals(len(models[0].index), draws, rng)
    result = np.zeros((len(models), len(axis), len(axis)))
    for chances, one in zip(result, models, strict=True):
        for start in range(0, draws, LANES):
            first, second = (
                np.exp(count * np.log(rate) - rate - gammaln(count + 1))
                for rate in rates_of(one, points[:, start : start + LANES])
            )
            chances += first @ second.T / draws
    return result.reshape(len(models), -1).T


def exact_gain(chances, prior):
    """EIG of all data sets with chances (D, K), in nats, their chances p(x) and posterior entropies, (D,) each."""
    evidence = chances @ prior
    left = entropy(normalised(np.log(np.maximum(chances, 1e-300)), prior))
    return float(entropy(prior) - evidence @ left), evidence, left


def sampled_entropies(models, counts, rough, prior, draws, rng):
    """Posterior entropies (N,) of counts (N, B), ln p(x|θ) by importance sampling that begins at its maximum.

    All θ of a data set use the same points, whose noise then cancels in the posterior; `rough` (N, K) says which
    θ matter.
    """
    logs, weight = rough.copy(), normalised(rough, prior)
    columns = np.ascontiguousarray(counts.T)
    constant = -gammaln(columns + 1).sum(axis=0)
    _, searches = log_marginals(models, columns, False)
    size = max(1, LANES // draws)
    for start in range(0, len(counts), size):
        points = normals(len(models[0].index), draws, rng)
        for k, (one, search) in enumerate(zip(models, searches, strict=True)):
            rows = start + np.flatnonzero(weight[start : start + size, k] > NEGLIGIBLE)
            if rows.size:
                logs[rows, k] = constant[rows] + _sampled(one, search.point[0][:, rows], columns[:, rows], points)
    return entropy(normalised(logs, prior))


def _sampled(one, start, counts, points):
    """Ln ∫ Poisson(x|ν) N(ν) dν of counts (B, N): the mean of integrand / proposal over normals (G, M)."""
    dimensions, draws = points.shape
    found = expanded(one, (start, np.ones((0, *counts.shape))), counts, False)
    root = found.curvature.schur.transpose(2, 1, 0)
    steps = np.linalg.solve(root, np.broadcast_to(points, (len(root), *points.shape)))
    values = ((start + found.step[0]).T[:, :, None] + steps).transpose(1, 0, 2)
    rates = rates_of(one, values.reshape(dimensions, -1)).reshape(len(counts), -1, draws)
    target = np.einsum("bn,bnm->nm", counts, np.log(rates)) - rates.sum(axis=0) - 0.5 * (values**2).sum(axis=0)
    log_ratio = target + 0.5 * (points**2).sum(axis=0) - found.curvature.half_log_determinant[:, None]
    highest = log_ratio.max(axis=1, keepdims=True)
    return highest[:, 0] + np.log(np.exp(log_ratio - highest).mean(axis=1))


def corrected_entropies(models, counts, rough, prior, seed):
    """Posterior entropies as the check of Laplace's method has them, which corrects the gain by their mean."""
    rng = np.random.default_rng(seed)
    parts = np.split(np.arange(len(counts)), np.arange(CHECKED, len(counts), CHECKED))
    logs = [
        importance_log_likelihood(models, counts[p], rough[p], prior, False, CHECK_DRAWS, math.inf, rng)[0]
        for p in parts
    ]
    return entropy(normalised(np.concatenate(logs), prior))
