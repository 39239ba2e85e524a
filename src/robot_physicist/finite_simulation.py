"""Expected information gain from a finite simulation: the noise of templates looks like information.

Three numbers are given. The *plug-in* value takes the simulated templates at face value; it is biased up. The
*cross-fitted* value draws data from one half of the simulation and computes posteriors with the other; it is a
lower bound on average. The *corrected* value smooths the templates in θ and removes what bias is left by
simulation-extrapolation (SIMEX; Cook and Stefanski 1994): the same noise is added once more, and the rise it
causes is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .campaign import Estimator, Simulation
from .data_points import DataPoints, data_points
from .documents import Estimate
from .information import (
    eig_at,
    eig_one_event,
    eig_original,
    entropy,
    is_one_event,
    lower_bound_at,
    lower_bound_one_event,
)
from .simulators.base import FloatArray
from .smoothing import SmoothTemplates, free, smooth
from .templates import Exposure, Templates, accepted_cross_section, expected

#: Points of the integral over data for the noise replicas, where errors cancel in differences.
REPLICA_DRAWS = 512
#: Random ways of halving the simulation that the cross-fitted bound averages over.
HALVINGS = 2
#: Pseudo-events in bins from which no data are to be drawn.
NO_EVENT = 1e-9


@dataclass(frozen=True)
class GainEstimates:
    """What finite simulation allows to say about one setting and exposure, in nats."""

    prior_entropy: float
    corrected: Estimate
    plug_in: Estimate
    cross_fitted: Estimate
    degree: int
    method: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Problem:
    """Everything but the templates' noise: rates of a shape (K, B) and the integral over data."""

    templates: Templates
    exposure: Exposure
    prior: FloatArray
    points: DataPoints | None
    few_points: DataPoints | None

    def rates(self, shape: FloatArray, accepted: FloatArray) -> FloatArray:
        return expected(shape, accepted, self.exposure, self.templates.background_total)

    def gain(self, rates: FloatArray, points: DataPoints | None) -> Estimate:
        if points is None:
            return Estimate(eig_one_event(rates, self.prior), 0.0)
        return eig_at(points, rates, self.prior)

    def bound(self, rates: FloatArray, model: FloatArray) -> Estimate:
        if self.points is None:
            return Estimate(lower_bound_one_event(rates, model, self.prior), 0.0)
        return lower_bound_at(self.points, rates, model, self.prior)


def information_gain(
    templates: Templates,
    exposure: Exposure,
    prior: FloatArray,
    estimator: Estimator,
    simulation: Simulation,
    rng: np.random.Generator,
) -> GainEstimates:
    """Estimate the EIG of one setting from its templates; `prior` is (K,)."""
    if templates.shared:
        # weighted events are smooth in θ already
        simulation = simulation.model_copy(update={"smoothing": "none"})
    problem = _problem(templates, exposure, prior, estimator, rng)
    shape = free(*templates.sums(), simulation.regularisation).probabilities()
    accepted, _ = accepted_cross_section(templates)
    plug_in = problem.gain(problem.rates(shape, accepted), problem.points)
    if estimator.method == "original":
        plug_in = eig_original(problem.rates(shape, accepted), exposure, prior, estimator.draws, rng)
    fits = smooth(*templates.sums(), templates.coordinates, simulation)
    if templates.shared:
        # noise that is common to all θ hardly looks like information
        corrected = Estimate(plug_in.value, float(np.hypot(plug_in.error, _jackknife_error(problem, simulation))))
    else:
        corrected = _corrected(problem, fits, estimator.replicas, rng)
    cross_fitted = _cross_fitted(problem, simulation, rng)
    ceiling = float(entropy(prior))
    clipped, warnings = _within(corrected, ceiling)
    return GainEstimates(
        prior_entropy=ceiling,
        corrected=clipped,
        plug_in=plug_in,
        cross_fitted=cross_fitted,
        degree=fits[0].degree,
        method=_method(exposure, estimator),
        warnings=(*warnings, *_refusal(fits)),
    )


def _problem(
    templates: Templates,
    exposure: Exposure,
    prior: FloatArray,
    estimator: Estimator,
    rng: np.random.Generator,
) -> _Problem:
    if is_one_event(exposure):
        return _Problem(templates, exposure, prior, None, None)
    bins = templates.sumw.shape[2]
    many = data_points(exposure, bins, estimator.draws, rng)
    few = data_points(exposure, bins, REPLICA_DRAWS, rng, scrambles=2)
    return _Problem(templates, exposure, prior, many, few)


def _corrected(problem: _Problem, fits: list[SmoothTemplates], replicas: int, rng: np.random.Generator) -> Estimate:
    """Best fit, extrapolated to no noise; its error is that of noise, integration and choice of the degree."""
    normals = rng.bit_generator.random_raw()
    best, noise = _extrapolated(problem, fits[0], replicas, np.random.default_rng(normals))
    if len(fits) == 1:
        return Estimate(best.value, float(np.hypot(best.error, noise)))
    second, _ = _extrapolated(problem, fits[1], replicas, np.random.default_rng(normals))
    # The runner-up counts by how well it competes: its Akaike weight relative to the best.
    weight = np.exp(-0.5 * max(0.0, fits[1].criterion - fits[0].criterion))
    choice = weight / (1 + weight) * abs(best.value - second.value)
    return Estimate(best.value, float(np.sqrt(best.error**2 + noise**2 + choice**2)))


def _extrapolated(
    problem: _Problem, fitted: SmoothTemplates, replicas: int, rng: np.random.Generator
) -> tuple[Estimate, float]:
    """SIMEX of one fit with pairs of opposite noise; also the spread of the EIG that the noise causes.

    The even part of a pair is the rise 2 E(0) − E(+) − E(−), the odd part the first-order response.
    """
    accepted, relative = accepted_cross_section(problem.templates)
    relative = np.nan_to_num(relative)
    base = problem.gain(problem.rates(fitted.probabilities(), accepted), problem.points)
    few = problem.gain(problem.rates(fitted.probabilities(), accepted), problem.few_points).value
    even, odd = np.empty(replicas), np.empty(replicas)
    for index in range(replicas):
        noise = rng.standard_normal(fitted.coefficients.shape)
        rate_noise = relative * rng.standard_normal(len(accepted))
        plus, minus = (
            problem.gain(
                problem.rates(fitted.probabilities(sign * noise), accepted * np.exp(sign * rate_noise)),
                problem.few_points,
            ).value
            for sign in (1, -1)
        )
        even[index], odd[index] = (plus + minus) / 2 - few, (plus - minus) / 2
    rise = even.mean()
    error = float(np.hypot(base.error, even.std(ddof=1) / np.sqrt(replicas)))
    # The error of the subtracted bias is at most a fraction of it; half of it covers the next order.
    error = float(np.hypot(error, 0.5 * rise))
    return Estimate(base.value - rise, error), float(np.sqrt(np.mean(odd**2)))


def _jackknife_error(problem: _Problem, simulation: Simulation) -> float:
    """Standard error √((F−1)/F Σ(E_f − Ē)²) of shared templates, E_f being the EIG without fold f."""
    templates = problem.templates
    folds = templates.sumw.shape[1]
    values = np.empty(folds)
    for fold in range(folds):
        kept = np.delete(np.arange(folds), fold)
        # the sums of a fold stand for as many events as those of any other
        sums = templates.sums(kept)
        part = replace(templates, sumw=sums[0][:, None], sumw2=sums[1][:, None])
        accepted, _ = accepted_cross_section(part)
        shape = free(*sums, simulation.regularisation).probabilities()
        values[fold] = problem.gain(problem.rates(shape, accepted * folds / (folds - 1)), problem.points).value
    return float(np.sqrt((folds - 1) * values.var()))


def _cross_fitted(problem: _Problem, simulation: Simulation, rng: np.random.Generator) -> Estimate:
    folds = problem.templates.sumw.shape[1]
    bounds = []
    for _ in range(HALVINGS):
        order = rng.permutation(folds)
        halves = order[: folds // 2], order[folds // 2 :]
        bounds += [_bound(problem, data, model, simulation) for data, model in (halves, halves[::-1])]
    values = np.array([bound.value for bound in bounds])
    # Halvings share events, so the spread over them is not divided by their number.
    error = np.hypot(values.std(ddof=1), np.mean([bound.error for bound in bounds]))
    return Estimate(float(values.mean()), float(error))


def _bound(problem: _Problem, data: NDArray[np.intp], model: NDArray[np.intp], simulation: Simulation) -> Estimate:
    templates = problem.templates
    accepted, _ = accepted_cross_section(templates)
    # What the data half did not reach is not drawn; the model half may not look at it.
    shape = free(*templates.sums(data), NO_EVENT).probabilities()
    fitted, *_ = smooth(*templates.sums(model), templates.coordinates, simulation)
    return problem.bound(problem.rates(shape, accepted), problem.rates(fitted.probabilities(), accepted))


def _within(estimate: Estimate, ceiling: float) -> tuple[Estimate, list[str]]:
    value = min(max(estimate.value, 0.0), ceiling)
    if value == estimate.value:
        return estimate, []
    text = f"the corrected value {estimate.value:.4f} lies outside [0, {ceiling:.4f}] and was moved to its edge"
    return Estimate(value, estimate.error), [f"{text}; simulate more events"]


def _refusal(fits: list[SmoothTemplates]) -> list[str]:
    if fits[0].degrees_of_freedom or len(fits) == 1:
        return []
    return ["the templates are not smooth in θ; free bins are used, which need more simulated events"]


def _method(exposure: Exposure, estimator: Estimator) -> str:
    if is_one_event(exposure):
        return "exact sum over bins"
    sampled = "quasi-Monte Carlo over data, exact sum over θ"
    return sampled if estimator.method == "qmc" else f"{sampled}; plug-in value by plain draws"
