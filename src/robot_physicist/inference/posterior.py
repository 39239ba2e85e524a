"""Bayes' theorem on the grid of θ, for pseudo-experiments and for observed data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..information.options import Estimator
from ..likelihood.data_points import pseudo_data
from ..likelihood.marginal import marginalise
from ..likelihood.results import Marginalisation
from ..likelihood.workspace import published_models, published_rates
from ..quantities.arrays import FloatArray, Values
from ..quantities.exposure import EventCount, Exposure
from ..quantities.labels import label
from ..statistics.grid_posterior import fraction, highest_density, log_likelihood, moments, normalise
from .results import Credible, Posterior, Posteriors

pyhf = lazy.load("pyhf")


LEVELS = (0.68, 0.95)
EXAMPLES = 3
MARGINALISED = "marginalised, statistical errors of the templates included"
FIXED = "fixed at their nominal values"
PROFILED = "profiled for the observed data, fixed at their nominal values for pseudo-experiments"


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
    return pseudo_data(rates[truth], exposure, rng)


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
    patches = pyhf.PatchSet(patchset)
    result = []
    for patch in patches:
        full = pyhf.Workspace(patches.apply(workspace, patch.name))
        model = full.model()
        _, twice_nll = pyhf.infer.mle.fixed_poi_fit(1.0, full.data(model), model, return_fitted_val=True)
        result.append(-0.5 * float(twice_nll))
    return np.array(result)
