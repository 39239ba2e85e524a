"""Expected information gain from a finite simulation: the noise of templates looks like information.

Three numbers are given. The *plug-in* value takes the simulated templates at face value; it is biased up. The
*cross-fitted* value draws data from one half of the simulation and computes posteriors with the other; it is a
lower bound on average. The *corrected* value asks which true templates would, simulated as often, look as informative
as these: its 95% interval comes from a bootstrap that is inverted, not from a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .campaign import Estimator, Simulation
from .correction import Problem, corrected, enclosing, jackknifed
from .data_points import data_points
from .documents import Estimate, Interval, Marginalisation
from .hypotheses import Hypotheses, hypotheses
from .information import eig_original, is_one_event
from .simulators.base import FloatArray
from .smoothing import filled, free, scaled, smoother
from .statistic import Statistic, statistic
from .systematic_gain import SystematicGain
from .templates import Exposure, Templates, accepted_cross_section

#: Random ways of halving the simulation that the cross-fitted bound averages over.
HALVINGS = 2
#: Pseudo-events in bins from which no data are to be drawn.
NO_EVENT = 1e-9
#: Share of the prior's entropy that an interval may cover before a warning says so.
WIDE = 0.25
SHARED = "events shared by all parameter points, jackknife over folds"


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
    if templates.shared:
        # Weighted events are as smooth in θ as their weights.
        simulation = simulation.model_copy(update={"smoothing": "none"})
    bins = templates.sumw.shape[2]
    dimensions = bins + (systematics.dimensions if systematics else 0)
    points = None if is_one_event(exposure) else data_points(exposure, dimensions, estimator.draws, rng)
    problem = Problem(templates, exposure, prior, points, systematics)
    family = hypotheses(templates, exposure, simulation)
    measure = statistic(exposure, bins, prior, rng)
    rough = family.smoother.rough and not templates.shared
    if templates.shared or rough:
        found = jackknifed(problem, simulation, rng)
    else:
        found = corrected(problem, family, measure, estimator.replicas, rng)
    copies = family.repeat(estimator.replicas, rng) if rough else found.copies
    plug_in = _plug_in(problem, estimator, simulation, measure, copies, rng)
    cross_fitted = _cross_fitted(problem, simulation, rng)
    best = _enclosed(problem, found.gain, cross_fitted, plug_in) if rough else found.gain
    how = found.marginalisation
    return GainEstimates(
        prior_entropy=problem.ceiling,
        corrected=best,
        plug_in=plug_in,
        cross_fitted=cross_fitted,
        functions=family.functions,
        method="; ".join([_method(exposure, estimator), *([SHARED] if templates.shared else [])]),
        warnings=(*_warnings(best, problem.ceiling, family, rough), *(how.warnings if how else ())),
        marginalisation=how,
    )


def _plug_in(
    problem: Problem,
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


def _enclosed(problem: Problem, estimate: Interval, lower: Estimate, plug_in: Estimate) -> Interval:
    """Widen an interval to the bounds; pseudo-events blur the plug-in value, which is no upper one with them."""
    accepted, _ = accepted_cross_section(problem.templates)
    sharp = problem.gain(problem.rates(free(*problem.templates.sums(), NO_EVENT), accepted))
    upper = Estimate(max(sharp.value, plug_in.value), plug_in.error)
    return enclosing(estimate, lower, upper, problem.ceiling)


def _cross_fitted(problem: Problem, simulation: Simulation, rng: np.random.Generator) -> Estimate:
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


def _bound(problem: Problem, data: NDArray[np.intp], model: NDArray[np.intp], simulation: Simulation) -> Estimate:
    templates = problem.templates
    accepted, _ = accepted_cross_section(templates)
    # What the data half did not reach is not drawn; the model half may not look at it.
    shape = free(*templates.sums(data), NO_EVENT)
    sumw, sumw2 = templates.sums(model)
    smooth = smoother(sumw, sumw2, templates.coordinates, simulation)
    fitted = smooth.fit(scaled(sumw, sumw2)[0]).probabilities
    return problem.bound(problem.rates(shape, accepted), problem.rates(fitted, accepted))


def _warnings(corrected: Interval, ceiling: float, family: Hypotheses, rough: bool) -> list[str]:
    found = []
    if corrected.high - corrected.low > WIDE * ceiling:
        found.append(
            f"the simulation leaves {corrected.low:.3f} to {corrected.high:.3f} of {ceiling:.3f} nats open;"
            " simulate more events"
        )
    if rough:
        found.append("the templates are not smooth in θ; free bins are used, which need more simulated events")
    recorded, simulated = family.observed().sum(axis=1).max(), family.counts.sum(axis=1).min()
    if family.smooth and recorded > simulated:
        found.append(
            f"for {recorded:.0f} recorded events {simulated:.0f} simulated ones per parameter point are too few to"
            " test that the templates are smooth in θ; it is assumed"
        )
    reached = np.count_nonzero(family.counts.sum(axis=0))
    if family.counts.shape[1] > 1 and reached == 1:
        found.append(
            "all simulated events lie in one bin, so that only rates inform; choose another range or binning"
        )
    return found


def _method(exposure: Exposure, estimator: Estimator) -> str:
    if is_one_event(exposure):
        return "exact sum over bins"
    sampled = "quasi-Monte Carlo over data, exact sum over θ"
    return sampled if estimator.method == "qmc" else f"{sampled}; plug-in value by plain draws"
