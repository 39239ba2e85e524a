"""Bayes' theorem on the grid of θ, for pseudo-experiments and for observed data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .campaign import Estimator
from .documents import Credible, Marginalisation, Posterior, Posteriors
from .information import LOG_ZERO
from .likelihood import published_models, published_rates
from .quantities.arrays import FloatArray, Values
from .quantities.estimates import Estimate
from .quantities.exposure import EventCount, Exposure
from .quantities.labels import label

LEVELS = (0.68, 0.95)
EXAMPLES = 3
MARGINALISED = "marginalised, statistical errors of the templates included"
FIXED = "fixed at their nominal values"
PROFILED = "profiled for the observed data, fixed at their nominal values for pseudo-experiments"


def log_likelihood(counts: FloatArray, rates: FloatArray, fixed_total: bool) -> FloatArray:
    """Ln p(x|θ_k) of D data sets, (D, K), from counts (D, B) and expected counts (K, B).

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
    """Ln n!, elementwise; few counts are different, and SciPy would take longer to import.

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


def summarise(posterior: FloatArray, log_evidence: float, points: Sequence[Values], truth: str | None) -> Posterior:
    """Summarise one posterior (K,) over the parameter points."""
    names = [label(point) for point in points]
    mean, sd = moments(posterior[None], _table(points))
    return Posterior(
        truth=truth,
        probabilities=posterior,
        mean=dict(zip(points[0], mean[0].tolist(), strict=True)),
        sd=dict(zip(points[0], sd[0].tolist(), strict=True)),
        map=names[int(posterior.argmax())],
        credible=[_credible(posterior, names, level) for level in LEVELS],
        log_evidence=float(log_evidence),
    )


def _table(points: Sequence[Values]) -> FloatArray:
    return np.array([list(point.values()) for point in points], dtype=np.float64)


def _credible(posterior: FloatArray, names: Sequence[str], level: float) -> Credible:
    mask = highest_density(posterior[None], level)[0]
    order = [index for index in np.argsort(-posterior, kind="stable") if mask[index]]
    return Credible(level, float(posterior[mask].sum()), [names[index] for index in order])


def pseudo_experiments(
    rates: FloatArray, exposure: Exposure, truth: NDArray[np.intp], rng: np.random.Generator
) -> FloatArray:
    """Counts (D, B) of pseudo-experiments at the points `truth` (D,) of expected counts (K, B)."""
    chosen = rates[truth]
    if isinstance(exposure, EventCount):
        shape = chosen / chosen.sum(axis=1, keepdims=True)
        return rng.multinomial(exposure.events, shape).astype(np.float64)
    return rng.poisson(chosen).astype(np.float64)


def fraction(hits: NDArray[np.bool_]) -> Estimate:
    """Fraction of hits with its standard error under a uniform prior, which is never zero.

    >>> round(fraction(np.array([True, True, True, True])).error, 6)
    0.140859
    """
    trials, successes = len(hits), int(hits.sum())
    centre = (successes + 1) / (trials + 2)
    return Estimate(successes / trials, float(np.sqrt(centre * (1 - centre) / (trials + 3))))


def collect(
    published: tuple[dict[str, Any], dict[str, Any]],
    exposure: Exposure,
    prior: FloatArray,
    points: Sequence[Values],
    estimator: Estimator,
    *,
    setting: str,
    exposure_label: str,
    observed: FloatArray | None,
    rng: np.random.Generator,
) -> Posteriors:
    """Posteriors of pseudo-experiments drawn from the prior, and of the observed counts (B,) if there are any.

    `published` is the workspace and the patchset, with one patch per parameter point.
    """
    truth, (logs, how, seen, how_seen) = simulated(published, exposure, prior, estimator, observed, rng)
    posterior, evidence = normalise(logs, prior)
    _, sd = moments(posterior, _table(points))
    names = [label(point) for point in points]
    covered = [highest_density(posterior, level)[np.arange(len(truth)), truth] for level in LEVELS]
    profiled = estimator.nuisances == "profiled" and observed is not None
    if profiled:
        seen = profiled_log_likelihood(*published)[None]
    return Posteriors(
        setting=setting,
        exposure=exposure_label,
        points=names,
        prior=prior,
        observed=_observed(seen, prior, points),
        examples=[
            summarise(posterior[index], evidence[index], points, names[truth[index]])
            for index in _examples(truth, len(prior))
        ],
        pseudo_experiments=len(truth),
        mean_sd=dict(zip(points[0], sd.mean(axis=0).tolist(), strict=True)),
        coverage68=fraction(covered[0]),
        coverage95=fraction(covered[1]),
        nuisances=PROFILED if profiled else FIXED if how is None else MARGINALISED,
        warnings=_warnings(how, how_seen),
        marginalisation=how,
        observed_marginalisation=how_seen,
    )


#: Ln p(x|θ) of pseudo-experiments (D, K) and of observed data (1, K), each with how nuisances were integrated out.
Likelihoods = tuple[FloatArray, Marginalisation | None, FloatArray | None, Marginalisation | None]


def simulated(
    published: tuple[dict[str, Any], dict[str, Any]],
    exposure: Exposure,
    prior: FloatArray,
    estimator: Estimator,
    observed: FloatArray | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.intp], Likelihoods]:
    """True points (D,) of pseudo-experiments, drawn from the prior (K,), and their likelihoods."""
    likelihoods = _marginal if estimator.nuisances == "marginalised" else _fixed
    truth = rng.choice(len(prior), size=estimator.pseudo_experiments, p=prior)
    return truth, likelihoods(published, exposure, prior, truth, observed, rng)


def _fixed(
    published: tuple[dict[str, Any], dict[str, Any]],
    exposure: Exposure,
    prior: FloatArray,
    truth: NDArray[np.intp],
    observed: FloatArray | None,
    rng: np.random.Generator,
) -> Likelihoods:
    signal, background = published_rates(*published)
    total, fixed_total = signal + background, isinstance(exposure, EventCount)
    counts = pseudo_experiments(total, exposure, truth, rng)
    seen = None if observed is None else log_likelihood(observed[None], total, fixed_total)
    return log_likelihood(counts, total, fixed_total), None, seen, None


def _marginal(
    published: tuple[dict[str, Any], dict[str, Any]],
    exposure: Exposure,
    prior: FloatArray,
    truth: NDArray[np.intp],
    observed: FloatArray | None,
    rng: np.random.Generator,
) -> Likelihoods:
    """Nuisances of pseudo-experiments are drawn from their prior, then forgotten: integrated out."""
    from .marginal import marginalise

    models, fixed_total = published_models(*published), isinstance(exposure, EventCount)
    rates = np.empty((len(truth), models[0].model.bins))
    for k, one in enumerate(models):
        rows = np.flatnonzero(truth == k)
        rates[rows] = np.maximum(one.model.rates(one.draw(rng.random((len(one.index), len(rows))))), 0.0).T
    counts = pseudo_experiments(rates, exposure, np.arange(len(truth)), rng)
    found = marginalise(models, counts, prior, fixed_total, rng)
    if observed is None:
        return found.log_likelihood, found.how, None, None
    seen = marginalise(models, observed[None], prior, fixed_total, rng)
    return found.log_likelihood, found.how, seen.log_likelihood, seen.how


def _warnings(how: Marginalisation | None, how_seen: Marginalisation | None) -> list[str]:
    named = (("pseudo-experiments", how), ("observed data", how_seen))
    return [f"{name}: {text}" for name, one in named if one for text in one.warnings]


def _examples(truth: NDArray[np.intp], points: int) -> list[int]:
    """Pseudo-experiments whose true points are nearest to the quartiles of the grid."""
    wanted = (np.arange(EXAMPLES) + 1) * (points - 1) / (EXAMPLES + 1)
    return list(dict.fromkeys(int(np.abs(truth - target).argmin()) for target in wanted))


def _observed(logs: FloatArray | None, prior: FloatArray, points: Sequence[Values]) -> Posterior | None:
    if logs is None:
        return None
    posterior, evidence = normalise(logs, prior)
    return summarise(posterior[0], evidence[0], points, None)


def profiled_log_likelihood(workspace: Mapping[str, Any], patchset: Mapping[str, Any]) -> FloatArray:
    """Max over nuisances of ln p(x, aux|θ_k, μ = 1) of a workspace's observed data, (K,), by pyhf."""
    import pyhf

    patches = pyhf.PatchSet(patchset)
    result = []
    for patch in patches:
        full = pyhf.Workspace(patches.apply(workspace, patch.name))
        model = full.model()
        _, twice_nll = pyhf.infer.mle.fixed_poi_fit(1.0, full.data(model), model, return_fitted_val=True)
        result.append(-0.5 * float(twice_nll))
    return np.array(result)
