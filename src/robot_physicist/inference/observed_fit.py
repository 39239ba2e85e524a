"""How well the templates of a setting describe observed data, and what the data do to the expectation in each bin.

Goodness of fit is the likelihood ratio to the saturated model (Baker and Cousins 1984) with θ and nuisance parameters
at their best, its distribution that of pseudo-experiments at the best θ. As everywhere in this project auxiliary
measurements stay as they were made and the true values of nuisance parameters vary, drawn from their priors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lazy_loader as lazy
import numpy as np

from ..histfactory.model import LOWEST_RATE, HistFactory
from ..histfactory.nuisances import Nuisances, nuisances
from ..likelihood.importance import gaussian_draws
from ..likelihood.laplace import chunk_size, log_likelihood, log_marginals
from ..likelihood.workspace import SIGNAL, published_models
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Axis, Estimate
from ..quantities.exposure import EventCount, Exposure
from ..quantities.labels import parse
from ..statistics.grid_posterior import rough
from .fit_results import Band, Goodness, ObservedFit, ObservedSummary, Projection
from .posterior import pseudo_experiments
from .results import Posterior, Posteriors

scipy = lazy.load("scipy")


#: Draws of θ and nuisance parameters behind each band.
DRAWS = 4000
#: Templates that a figure can show without hiding each other.
MOST_TEMPLATES = 7
BAND = (0.16, 0.84)


@dataclass(frozen=True)
class Fitter:
    """The models of all parameter points (K), their prior (K,), and the exposure."""

    models: Sequence[Nuisances]
    prior: FloatArray
    exposure: Exposure

    @property
    def fixed_total(self) -> bool:
        """Is the number of events given?"""
        return isinstance(self.exposure, EventCount)

    def deviances(self, counts: FloatArray) -> FloatArray:
        """Least −2 ln L/L(saturated) over the nuisances, (N, K), of counts (N, B); infinite where θ has no prior."""
        size = chunk_size(self.models[0])
        parts = [self._deviances(counts[start : start + size]) for start in range(0, len(counts), size)]
        return np.concatenate(parts)

    def _deviances(self, counts: FloatArray) -> FloatArray:
        columns = np.ascontiguousarray(counts.T, dtype=np.float64)
        best = self._best(columns)
        highest = self._saturated(columns) + np.array([_prior_maximum(one) for one in self.models])[:, None]
        allowed = self.prior[:, None] > 0
        return np.asarray(np.where(allowed, np.maximum(2 * (highest - best), 0.0), np.inf).T)

    def _best(self, columns: FloatArray) -> FloatArray:
        """Largest ln p(x, ν|θ) over ν, (K, N), without what depends on the counts (B, N) only."""
        if len(self.models[0].index):
            _, searches = log_marginals(self.models, columns, self.fixed_total)
            # what is left over is infinite where the search never began, because θ is out of the question
            return np.array([s.value + np.where(np.isfinite(s.left_over), s.left_over, 0.0) for s in searches])
        rates = [np.maximum(one.model.rates(one.values[:, None]), LOWEST_RATE) for one in self.models]
        return np.array([log_likelihood(one, columns, self.fixed_total) for one in rates])

    def _saturated(self, columns: FloatArray) -> FloatArray:
        """ln p of counts (B, N) for rates equal to them, without what depends on the counts only."""
        total = columns.sum(axis=0)
        result: FloatArray = scipy.special.xlogy(columns, columns).sum(axis=0) - (
            scipy.special.xlogy(total, total) if self.fixed_total else total
        )
        return result

    def rates(self, point: int, parameters: FloatArray, model: HistFactory | None = None) -> FloatArray:
        """Expected counts (N, B) at a point and parameters (P, N); with a number of events their sum is that number.

        `model` may be a part of the point's own, such as one sample.
        """
        whole = np.maximum(self.models[point].model.rates(parameters), LOWEST_RATE)
        part = whole if model is None else np.maximum(model.rates(parameters), 0.0)
        if isinstance(self.exposure, EventCount):
            part = part * self.exposure.events / whole.sum(axis=0)
        return np.asarray(part.T)

    def before(self, point: int, size: int, rng: np.random.Generator) -> FloatArray:
        """Expected counts (N, B) at a point, nuisances from their priors."""
        one = self.models[point]
        return self.rates(point, one.draw(rng.random((len(one.index), size))))


def _prior_maximum(one: Nuisances) -> float:
    if not len(one.index):
        return 0.0
    return float(one.prior.log_density(one.index, one.values[one.index, None])[0]) + one.log_normalisation


def fitter(
    published: tuple[Mapping[str, Any], Mapping[str, Any]], prior: FloatArray, exposure: Exposure, fixed: bool
) -> Fitter:
    """Prepare the fit of a published workspace and patchset; `fixed` keeps nuisances at their nominal values."""
    models = published_models(*published)
    if fixed:
        models = [nuisances(one.model, {"mu": 1.0}, one.model.names) for one in models]
    return Fitter(models, prior, exposure)


def goodness(fit: Fitter, counts: FloatArray, names: Sequence[str], size: int, rng: np.random.Generator) -> Goodness:
    """Goodness of fit of counts (B,) from `size` pseudo-experiments; `names` are the labels of the points."""
    deviances = fit.deviances(counts[None])[0]
    best = int(deviances.argmin())
    pseudo = pseudo_experiments(fit.before(best, size, rng), fit.exposure, np.arange(size), rng)
    expected = fit.deviances(pseudo).min(axis=1)
    # The data are one more experiment of that kind: a p-value is never zero, and too small with the promised chance.
    chance = (1 + int((expected >= deviances[best]).sum())) / (1 + size)
    return Goodness(
        statistic=float(deviances[best]),
        expected=float(expected.mean()),
        spread=float(expected.std()),
        p_value=Estimate(chance, float(np.sqrt(chance * (1 - chance) / (1 + size)))),
        pseudo_experiments=size,
        best=names[best],
        pulls=_pulls(fit, best, counts),
    )


def _pulls(fit: Fitter, point: int, counts: FloatArray) -> dict[str, float]:
    one = fit.models[point]
    values, prior = _maximum(fit, point, counts)[:, 0], one.prior
    return {one.model.names[i]: float((values[i] - prior.centre[i]) / prior.width[i]) for i in one.whole}


def _maximum(fit: Fitter, point: int, counts: FloatArray) -> FloatArray:
    one = fit.models[point]
    return _drawn(fit, point, counts, np.zeros((len(one.index) + 1, 0)))


def _drawn(fit: Fitter, point: int, counts: FloatArray, normals: FloatArray) -> FloatArray:
    """Parameters (P, 1 + M) at a point: at the maximum, and from the posterior of the nuisances."""
    one, column = fit.models[point], counts[:, None]
    if not len(one.index):
        return np.repeat(one.values[:, None], 1 + normals.shape[1], axis=1)
    _, (search,) = log_marginals([one], column, fit.fixed_total)
    return gaussian_draws(one, search.point, column, fit.fixed_total, normals)


def total_spread(published: tuple[Mapping[str, Any], Mapping[str, Any]]) -> FloatArray:
    """Relative uncertainty of the expected number of events at each point, (K,), to first order in the nuisances."""
    result = []
    for one in published_models(*published):
        index, steps = one.whole, np.repeat(one.values[:, None], 1 + len(one.whole), axis=1)
        steps[index, 1 + np.arange(len(index))] += one.prior.width[index]
        total = np.maximum(one.model.rates(steps), LOWEST_RATE).sum(axis=0)
        result.append(float(np.linalg.norm(total[1:] / total[0] - 1)))
    return np.array(result)


def with_fit(
    result: Posteriors, fit: Fitter, counts: FloatArray, axes: Sequence[Axis], rng: np.random.Generator
) -> Posteriors:
    """Add to posteriors how well the templates describe the observed counts (B,); without observed data unchanged."""
    if result.observed is None:
        return result
    if isinstance(fit.exposure, EventCount):
        # some of the recorded events may be outside the range of the observables
        fit = replace(fit, exposure=EventCount(events=int(counts.sum())))
    probabilities, size = result.observed.probabilities, result.pseudo_experiments
    found = observed_fit(fit, counts, probabilities, axes, result.points, size, rng)
    return replace(result, observed_fit=found, warnings=[*result.warnings, *_narrow(result.points, result.observed)])


def _narrow(names: Sequence[str], posterior: Posterior) -> list[str]:
    """Say where the points with these labels are too far apart for a posterior."""
    points = [parse(name) for name in names]
    return rough({name: sorted({point[name] for point in points}) for name in points[0]}, posterior.sd)


def summaries(posteriors: Sequence[Posteriors]) -> Iterator[ObservedSummary]:
    """What every posterior with observed data says, for the design."""
    for one in posteriors:
        if one.observed is not None and one.observed_fit is not None:
            events = float(one.observed_fit.projections[0].observed.sum())
            mean, sd, warnings = one.observed.mean, one.observed.sd, _narrow(one.points, one.observed)
            yield ObservedSummary(one.setting, one.exposure, events, mean, sd, one.observed_fit.goodness, warnings)


def observed_fit(
    fit: Fitter,
    counts: FloatArray,
    posterior: FloatArray,
    axes: Sequence[Axis],
    names: Sequence[str],
    size: int,
    rng: np.random.Generator,
) -> ObservedFit:
    """Goodness of fit of counts (B,), and the expectation in each bin before and after the data.

    `posterior` (K,) is that of the data; bands are of expected counts, by `DRAWS` draws of θ and nuisances.
    """
    quality = goodness(fit, counts, names, size, rng)
    before = np.concatenate([fit.before(k, n, rng) for k, n in _shares(fit.prior, rng)])
    after = np.concatenate([_after(fit, k, counts, n, rng) for k, n in _shares(posterior, rng)])
    best, chosen = names.index(quality.best), np.unique(np.linspace(0, len(names) - 1, MOST_TEMPLATES).astype(int))
    templates = {names[k]: fit.rates(k, fit.models[k].values[:, None])[0] for k in chosen.tolist()}
    samples = _samples(fit, best, counts)
    return ObservedFit(
        goodness=quality,
        projections=[
            Projection(
                axis=axis,
                observed=_projected(counts, axes, index),
                templates={name: _projected(one, axes, index) for name, one in templates.items()},
                before=_band(_projected(before, axes, index)),
                after=_band(_projected(after, axes, index)),
                samples={name: _projected(one, axes, index) for name, one in samples.items()},
            )
            for index, axis in enumerate(axes)
        ],
    )


def _shares(probabilities: FloatArray, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Points and how many of the draws each of them gets."""
    drawn = rng.multinomial(DRAWS, probabilities)
    return [(k, int(number)) for k, number in enumerate(drawn) if number]


def _after(fit: Fitter, point: int, counts: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    normals = rng.standard_normal((len(fit.models[point].index) + 1, size))
    return fit.rates(point, _drawn(fit, point, counts, normals)[:, 1:])


def _samples(fit: Fitter, point: int, counts: FloatArray) -> dict[str, FloatArray]:
    """Expected counts (B,) of each sample at the best fit, the signal last."""
    model, parameters = fit.models[point].model, _maximum(fit, point, counts)
    names = sorted({cell.sample for cell in model.cells}, key=lambda name: (name == SIGNAL, name))
    return {name: fit.rates(point, parameters, model.of_sample(name))[0] for name in names}


def _projected(values: FloatArray, axes: Sequence[Axis], index: int) -> FloatArray:
    """Sum values (..., B) over the bins of all axes but one."""
    shape = [axis.bins for axis in axes]
    lead = values.ndim - 1
    others = tuple(lead + other for other in range(len(shape)) if other != index)
    result: FloatArray = values.reshape(*values.shape[:-1], *shape).sum(axis=others)
    return result


def _band(rates: FloatArray) -> Band:
    low, high = np.quantile(rates, BAND, axis=0)
    return Band(rates.mean(axis=0), low, high)
