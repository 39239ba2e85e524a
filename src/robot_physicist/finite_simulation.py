"""Expected information gain from a finite simulation: the noise of templates looks like information.

Three numbers are given. The *plug-in* value takes the simulated templates at face value; it is biased up. The
*cross-fitted* value draws data from one half of the simulation and computes posteriors with the other; it is a
lower bound on average. The *corrected* value asks which true templates would, simulated as often, look as informative
as these: its 95% interval comes from a bootstrap that is inverted, not from a standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .campaign import Estimator, Simulation
from .confidence import strengths, tried_strengths
from .data_points import DataPoints, data_points
from .documents import Estimate, Interval, Marginalisation
from .hypotheses import Hypotheses, hypotheses
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
from .smoothing import filled, free, scaled, smoother
from .statistic import Statistic, statistic
from .systematic_gain import SystematicGain
from .templates import Exposure, Templates, accepted_cross_section, expected

#: Random ways of halving the simulation that the cross-fitted bound averages over.
HALVINGS = 2
#: Pseudo-events in bins from which no data are to be drawn.
NO_EVENT = 1e-9
#: How often the range of strengths is widened before an interval stays open.
WIDENINGS = 6
#: Standard deviations between the observed statistic and the ends of the range of strengths.
REACH = 3.0
#: Share of the prior's entropy that an interval may cover before a warning says so.
WIDE = 0.25
#: Two-sided 95% of a normal distribution.
NORMAL_95 = 1.959964

Gain = Callable[[FloatArray], Estimate]


@dataclass(frozen=True)
class GainEstimates:
    """What finite simulation allows to say about one setting and exposure, in nats."""

    prior_entropy: float
    corrected: Interval
    plug_in: Estimate
    cross_fitted: Estimate
    functions: int
    method: str
    warnings: tuple[str, ...]
    marginalisation: Marginalisation | None = None


@dataclass(frozen=True)
class _Problem:
    """Everything but the templates' noise: rates of a shape (K, B) and the integral over data."""

    templates: Templates
    exposure: Exposure
    prior: FloatArray
    points: DataPoints | None
    systematics: SystematicGain | None = None

    def rates(self, shape: FloatArray, accepted: FloatArray) -> FloatArray:
        return expected(shape, accepted, self.exposure, self.templates.background_total)

    def gain(self, rates: FloatArray) -> Estimate:
        if self.systematics is not None:
            return self.systematics.gain(rates, self.points, self.prior)
        if self.points is None:
            return Estimate(eig_one_event(rates, self.prior), 0.0)
        return eig_at(self.points, rates, self.prior)

    def bound(self, rates: FloatArray, model: FloatArray) -> Estimate:
        if self.systematics is not None:
            return self.systematics.bound(rates, model, self.points, self.prior)
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
    systematics: SystematicGain | None = None,
) -> GainEstimates:
    """Estimate the EIG of one setting from its templates; `prior` is (K,).

    With `systematics` their nuisance parameters are integrated out.
    """
    bins = templates.sumw.shape[2]
    dimensions = bins + (systematics.dimensions if systematics else 0)
    points = None if is_one_event(exposure) else data_points(exposure, dimensions, estimator.draws, rng)
    problem = _Problem(templates, exposure, prior, points, systematics)
    family = hypotheses(templates, exposure, simulation)
    measure = statistic(exposure, bins, prior, rng)
    corrected, copies, how = _corrected(problem, family, measure, estimator.replicas, rng)
    return GainEstimates(
        prior_entropy=float(entropy(prior)),
        corrected=corrected,
        plug_in=_plug_in(problem, estimator, simulation, measure, copies, rng),
        cross_fitted=_cross_fitted(problem, simulation, rng),
        functions=family.functions,
        method=_method(exposure, estimator),
        warnings=(*_warnings(corrected, family, float(entropy(prior))), *(how.warnings if how else ())),
        marginalisation=how,
    )


def _corrected(
    problem: _Problem, family: Hypotheses, measure: Statistic, replicas: int, rng: np.random.Generator
) -> tuple[Interval, FloatArray, Marginalisation | None]:
    """Gains of the strengths that explain how informative the templates look, and simulated counts at strength one.

    The counts are (R, K, B). Nuisance parameters change the gain of a strength, not the strength.
    """
    if len(problem.prior) == 1:
        return Interval(0.0, 0.0, 0.0, 0.0), family.counts[None], None
    observed = float(measure.scaled(family.observed()[None])[0])
    tried, samples, copies = _samples(family, measure, observed, replicas, rng)
    found = strengths(tried, samples, observed)
    value, low, high = (problem.gain(family.truth(s)) for s in (found.best, found.low, found.high))
    top = measure.ceiling if found.open else high.value
    result = interval(value.value, low.value, top, value.error, measure.ceiling)
    if problem.systematics is None:
        return result, copies, None
    checked, how = problem.systematics.checked_gain(family.truth(found.best), problem.points, problem.prior, rng)
    return (moved(result, value, checked, measure.ceiling) if how else result), copies, how


def _samples(
    family: Hypotheses, measure: Statistic, observed: float, replicas: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The statistic (S, R) of repeated simulations at strengths (S,) that reach well beyond the observed value."""
    found: dict[float, FloatArray] = {}
    copies = family.counts[None]

    def sample(s: float) -> None:
        nonlocal copies
        simulated = family.simulate(s, replicas, rng)
        found[s] = measure.scaled(family.refitted(simulated, s, rng))
        copies = simulated if s == 1.0 else copies

    for s in tried_strengths(family.energy, family.dimensions):
        sample(float(s))
    for _ in range(WIDENINGS):
        low, *_, high = sorted(found)
        below, above = found[low], found[high]
        rises = above.mean() - found[sorted(found)[-2]].mean() > 0.1 * above.std()
        if rises and above.mean() - REACH * above.std() < observed:
            sample(1 + 2 * max(high - 1, 0.1))
        elif low > 0 and below.mean() + REACH * below.std() > observed:
            sample(max(0.0, 1 - 2 * (1 - low)))
        else:
            break
    tried = np.array(sorted(found))
    return tried, np.stack([found[s] for s in tried]), copies


def interval(value: float, low: float, high: float, error: float, ceiling: float) -> Interval:
    """Widen an interval by the standard error of the integral over data; its own is a quarter of its length.

    >>> interval(0.5, 0.4, 0.7, 0.0, 3.0)
    Interval(value=0.5, error=0.07653206554001385, low=0.4, high=0.7)
    """
    lower = value - np.hypot(value - min(low, value), NORMAL_95 * error)
    upper = value + np.hypot(max(high, value) - value, NORMAL_95 * error)
    lower, upper = max(0.0, float(lower)), min(ceiling, float(upper))
    return Interval(value, (upper - lower) / (2 * NORMAL_95), lower, upper)


def moved(estimate: Interval, quick: Estimate, checked: Estimate, ceiling: float) -> Interval:
    """Move an interval by what a check changes at its centre, and widen it by the error of the check.

    >>> moved(Interval(1.0, 0.05, 0.9, 1.1), Estimate(1.0, 0.0), Estimate(0.9, 0.0), 3.0).low
    0.8
    """
    shift = checked.value - quick.value
    error = float(np.sqrt(max(0.0, checked.error**2 - quick.error**2)))
    value, low, high = (min(max(end + shift, 0.0), ceiling) for end in (estimate.value, estimate.low, estimate.high))
    return interval(value, low, high, error, ceiling)


def _plug_in(
    problem: _Problem,
    estimator: Estimator,
    simulation: Simulation,
    measure: Statistic,
    copies: FloatArray,
    rng: np.random.Generator,
) -> Estimate:
    """The templates at face value; the error is that of the integral and of repeating the simulation."""
    accepted, _ = accepted_cross_section(problem.templates)
    rates = problem.rates(free(*problem.templates.sums(), simulation.regularisation), accepted)
    repeated = filled(copies, simulation.regularisation)
    spread = measure(problem.rates(repeated / repeated.sum(axis=-1, keepdims=True), accepted))
    if estimator.method == "original" and problem.systematics is None:
        result = eig_original(rates, problem.exposure, problem.prior, estimator.draws, rng)
    else:
        result = problem.gain(rates)
    return Estimate(result.value, float(np.hypot(result.error, spread.std())))


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
    shape = free(*templates.sums(data), NO_EVENT)
    sumw, sumw2 = templates.sums(model)
    smooth = smoother(sumw, sumw2, templates.coordinates, simulation)
    fitted = smooth.fit(scaled(sumw, sumw2)[0]).probabilities
    return problem.bound(problem.rates(shape, accepted), problem.rates(fitted, accepted))


def _warnings(corrected: Interval, family: Hypotheses, ceiling: float) -> list[str]:
    found = []
    if corrected.high - corrected.low > WIDE * ceiling:
        found.append(
            f"the simulation leaves {corrected.low:.3f} to {corrected.high:.3f} of {ceiling:.3f} nats open;"
            " simulate more events"
        )
    if family.smoother.rough:
        found.append("the templates are not smooth in θ; free bins are used, which need more simulated events")
    return found


def _method(exposure: Exposure, estimator: Estimator) -> str:
    if is_one_event(exposure):
        return "exact sum over bins"
    sampled = "quasi-Monte Carlo over data, exact sum over θ"
    return sampled if estimator.method == "qmc" else f"{sampled}; plug-in value by plain draws"
