"""Expected information gain from a finite simulation: the noise of templates looks like information.

Three numbers are given. The *plug-in* value takes the simulated templates at face value; it is biased up. The
*cross-fitted* value draws data from one half of the simulation and computes posteriors with the other; it is a
lower bound on average. The *corrected* value asks which true templates would, simulated as often, look as informative
as these: its 95% interval comes from a bootstrap that is inverted, not from a standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..likelihood.data_points import data_points
from ..likelihood.results import Marginalisation
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate, Interval, enclosing, extended, opened
from ..quantities.exposure import Exposure, is_one_event
from ..templates.choosing import of_part
from ..templates.options import Simulation
from ..templates.smoothing import Smoother, filled, free, scaled
from ..templates.templates import Templates, accepted_cross_section
from .correction import Problem, corrected, jackknifed
from .gain import eig_original
from .hypotheses import Hypotheses, hypotheses
from .options import Estimator
from .statistic import Statistic, statistic, with_backgrounds
from .support import Lack, lack, unseen_gain
from .systematics import SystematicGain

#: Random ways of halving the simulation that the cross-fitted bound averages over.
HALVINGS = 2
#: Pseudo-events in bins from which no data are to be drawn.
NO_EVENT = 1e-9
#: Share of the prior's entropy that an interval may cover before a warning says so.
WIDE = 0.25
#: Share that an open interval may cover and be no matter: less data reveal θ already.
NARROW = 0.01
#: Shares of an interval, and of the prior's entropy, that may be due to what nobody sees before a warning says so.
HIDDEN, MATTERS = 0.35, 0.05
SHARED = "events shared by all parameter points, jackknife over folds"


@dataclass(frozen=True)
class GainEstimates:
    """What finite simulation allows to say about one setting and exposure, in nats.

    `integration` is the part of the corrected value's error that comes from the integral over data; `lacking` says
    why the interval is open towards the prior's entropy, if it is, and `factor` times as many events close it.
    `unseen` is what a dependence on θ that the smooth templates lack may add to the gain without being noticed.
    """

    prior_entropy: float
    corrected: Interval
    plug_in: Estimate
    cross_fitted: Estimate
    functions: int
    method: str
    warnings: Sequence[str]
    marginalisation: Marginalisation | None = None
    integration: float = 0.0
    rough: bool = False
    lacking: str = ""
    factor: float = 1.0
    unseen: float = 0.0
    added: int = 0


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
    problem, family = _posed(templates, exposure, prior, estimator, simulation, rng, systematics)
    found = _closed(problem, family, estimator, simulation, rng)
    lacking = lack(problem, family)
    if lacking is not None:
        found = _opened(found, lacking, estimator, simulation, rng)
    return replace(found, warnings=(*_warnings(found, family), *found.warnings))


def _posed(
    templates: Templates,
    exposure: Exposure,
    prior: FloatArray,
    estimator: Estimator,
    simulation: Simulation,
    rng: np.random.Generator,
    systematics: SystematicGain | None,
) -> tuple[Problem, Hypotheses]:
    bins = templates.sumw.shape[2]
    dimensions = bins + (systematics.dimensions if systematics else 0)
    points = None if is_one_event(exposure) else data_points(exposure, dimensions, estimator.draws, rng)
    problem = Problem(templates, exposure, prior, points, systematics)
    return problem, hypotheses(templates, exposure, _for_these(templates, simulation))


def _for_these(templates: Templates, simulation: Simulation) -> Simulation:
    # Weighted events are as smooth in θ as their weights.
    return simulation.model_copy(update={"smoothing": "none"}) if templates.shared else simulation


def _opened(
    found: GainEstimates, lacking: Lack, estimator: Estimator, simulation: Simulation, rng: np.random.Generator
) -> GainEstimates:
    """Open the interval of a simulation that is too small, down to what a smaller problem teaches."""
    low = 0.0
    if len(lacking.prior) > 1:
        smaller = (lacking.templates, lacking.exposure, lacking.prior)
        problem, family = _posed(*smaller, estimator, simulation, rng, lacking.systematics)
        low = lacking.weight * _closed(problem, family, estimator, simulation, rng).corrected.low
    best = opened(found.corrected, low, found.prior_entropy)
    if best.high - best.low < NARROW * found.prior_entropy:
        return replace(found, corrected=best)
    text = lacking.text.format(f"{low:.3f} to {found.prior_entropy:.3f} nats stay open")
    return replace(found, corrected=best, lacking=text, factor=lacking.factor)


def _closed(
    problem: Problem, family: Hypotheses, estimator: Estimator, simulation: Simulation, rng: np.random.Generator
) -> GainEstimates:
    """The three numbers, whether or not the simulation is large enough for them."""
    shared, exposure = problem.templates.shared, problem.exposure
    simulation = _for_these(problem.templates, simulation)
    measure = statistic(exposure, problem.templates.sumw.shape[2], problem.prior, rng)
    rough = family.smoother.rough and not shared
    if shared or rough:
        found = jackknifed(problem, simulation, rng)
    else:
        found = corrected(problem, family, measure, estimator.replicas, rng)
    copies = family.repeat(estimator.replicas, rng) if rough else found.copies
    plug_in = _plug_in(problem, estimator, simulation, measure, copies, rng)
    if shared:
        plug_in = Estimate(plug_in.value, float(np.hypot(plug_in.error, found.spread)))
    cross_fitted = _cross_fitted(problem, family, simulation, rng)
    best = _enclosed(problem, found.gain, cross_fitted, plug_in) if rough else found.gain
    unseen = unseen_gain(problem, family, measure)
    best = _with_other_errors(problem, family, measure, best, unseen, estimator.replicas, rng)
    how = found.marginalisation
    return GainEstimates(
        prior_entropy=problem.ceiling,
        corrected=best,
        plug_in=plug_in,
        cross_fitted=cross_fitted,
        functions=family.functions,
        method="; ".join([_method(exposure, estimator), *([SHARED] if shared else [])]),
        warnings=how.warnings if how else (),
        marginalisation=how,
        integration=found.integration,
        rough=rough,
        unseen=unseen,
        added=family.smoother.added,
    )


def _with_other_errors(
    problem: Problem,
    family: Hypotheses,
    measure: Statistic,
    estimate: Interval,
    unseen: float,
    copies: int,
    rng: np.random.Generator,
) -> Interval:
    """Add what the noise of the signal's templates knows nothing of: the unseen, and the noise of backgrounds."""
    whole, backgrounds = extended(estimate, unseen, problem.ceiling), problem.templates.background.values()
    return with_backgrounds(whole, family.truth(1.0), backgrounds, problem.exposure, measure, copies, rng)


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


def _cross_fitted(problem: Problem, family: Hypotheses, simulation: Simulation, rng: np.random.Generator) -> Estimate:
    folds = problem.templates.sumw.shape[1]
    bounds = []
    for _ in range(HALVINGS):
        order = rng.permutation(folds)
        halves = order[: folds // 2], order[folds // 2 :]
        bounds += [_bound(problem, family.smoother, *pair, simulation) for pair in (halves, halves[::-1])]
    values = np.array([bound.value for bound in bounds])
    # Halvings share events, so the spread over them is not divided by their number.
    error = np.hypot(values.std(ddof=1), np.mean([bound.error for bound in bounds]))
    return Estimate(float(values.mean()), float(error))


def _bound(
    problem: Problem, whole: Smoother, data: NDArray[np.intp], model: NDArray[np.intp], simulation: Simulation
) -> Estimate:
    templates = problem.templates
    accepted, _ = accepted_cross_section(templates)
    # What the data half did not reach is not drawn; the model half may not look at it.
    shape = free(*templates.sums(data), NO_EVENT)
    sumw, sumw2 = templates.sums(model)
    fitted = of_part(whole, sumw, sumw2).fit(scaled(sumw, sumw2)[0]).probabilities
    return problem.bound(problem.rates(shape, accepted), problem.rates(fitted, accepted))


def _warnings(gain: GainEstimates, family: Hypotheses) -> list[str]:
    found, best = [gain.lacking] if gain.lacking else [], gain.corrected
    if not gain.lacking and best.high - best.low > WIDE * gain.prior_entropy:
        found.append(
            f"the simulation leaves {best.low:.3f} to {best.high:.3f} of {gain.prior_entropy:.3f} nats open;"
            " simulate more events"
        )
    if not gain.lacking and gain.unseen > max(HIDDEN * (best.high - best.low), MATTERS * gain.prior_entropy):
        found.append(
            f"a dependence on θ that smooth templates lack could add {gain.unseen:.3f} nats unnoticed among so"
            " few simulated events; the interval allows for it, simulate more events to exclude it"
        )
    if gain.added and not gain.rough:
        found.append(
            f"the templates are no polynomials in θ: the simulated events ask for {gain.added} more"
            f" function{'s' * (gain.added > 1)} of θ, which {'were' if gain.added > 1 else 'was'} added; look at the"
            " templates, and simulate more events if nothing explains that"
        )
    if gain.rough:
        found.append("the templates are not smooth in θ; free bins are used, which need more simulated events")
    recorded, simulated = family.observed().sum(axis=1).max(), family.counts.sum(axis=1).min()
    if family.smooth and not gain.lacking and recorded > simulated:
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
