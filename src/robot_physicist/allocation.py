"""From simulated templates to the best shares of a luminosity, with errors that know of the finite simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .campaign import Estimator, Luminosity, Simulation
from .data_points import data_points
from .documents import Allocation, Estimate, Interval, Share
from .errors import BadInputError
from .hypotheses import hypotheses
from .information import entropy
from .luminosity_shares import TOLERANCE, Experiment, Shares, optimal_shares
from .simulators.base import FloatArray
from .smoothing import free
from .templates import Exposure, Templates, accepted_cross_section, expected

#: Data sets per repeated simulation, and how many more judge the chosen shares than choose them.
REPEATED_DRAWS, JUDGES = 2048, 4
#: Two-sided 95% of a normal distribution.
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Simulated:
    """Rates (K, B) of one setting, what other simulations would say (R, K, B), and what their variance counts."""

    rates: FloatArray
    repeated: FloatArray
    factor: float
    rough: bool = False


def simulated(
    templates: Templates, exposure: Luminosity, simulation: Simulation, replicas: int, rng: np.random.Generator
) -> Simulated:
    """Smooth templates without the length that noise gives them, and how much a new simulation would change them.

    Events that all θ share are taken as they are; leaving out one fold at a time shows their noise (the jackknife).
    """
    if templates.shared:
        folds = np.arange(templates.sumw.shape[1])
        parts = [_free_rates(templates, exposure, simulation, np.delete(folds, fold)) for fold in folds]
        every = _free_rates(templates, exposure, simulation, folds)
        return Simulated(every, np.stack(parts), (len(folds) - 1) ** 2 / len(folds))
    family = hypotheses(templates, exposure, simulation)
    repeated = family.refitted(family.simulate(1.0, replicas, rng), 1.0, rng)
    return Simulated(family.truth(1.0), repeated, 1.0, family.smoother.rough)


def _free_rates(
    templates: Templates,
    exposure: Luminosity,
    simulation: Simulation,
    folds: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> FloatArray:
    share = len(folds) / templates.sumw.shape[1]
    part = replace(
        templates,
        sumw=templates.sumw[:, folds],
        sumw2=templates.sumw2[:, folds],
        generated=templates.generated * share,
    )
    accepted, _ = accepted_cross_section(part)
    return expected(free(*part.sums(), simulation.regularisation), accepted, exposure, templates.background_total)


def allocate(
    templates: Mapping[str, Templates],
    exposure: Exposure,
    prior: FloatArray,
    estimator: Estimator,
    simulation: Simulation,
    rng: np.random.Generator,
    *,
    exposure_label: str,
    systematics: bool = False,
) -> Allocation:
    """Choose the shares of a luminosity among settings, by label; `prior` is (K,).

    New data points judge what the first ones have chosen. Raises BadInputError for a number of events.
    """
    if not isinstance(exposure, Luminosity):
        raise BadInputError(
            f"exposure {exposure_label}: a luminosity is what can be shared; choose an exposure that has one"
        )
    found = [simulated(one, exposure, simulation, estimator.replicas, rng) for one in templates.values()]
    rates = np.stack([one.rates for one in found])
    dimensions = len(rates) * rates.shape[2]
    chosen = optimal_shares(Experiment(rates, prior, data_points(exposure, dimensions, estimator.draws, rng)))
    judge = Experiment(rates, prior, data_points(exposure, dimensions, JUDGES * estimator.draws, rng))
    singles = [judge.gain(vertex) for vertex in np.eye(len(rates))]
    best = int(np.argmax([one.value for one in singles]))
    marginal = judge.marginal(chosen.shares).tolist()
    shares = [
        Share(label, float(share), one, worth)
        for label, share, one, worth in zip(templates, chosen.shares, singles, marginal, strict=True)
    ]
    gain, single, advantage = _intervals(judge, found, chosen.shares, best, _noise(found, judge, chosen, best, rng))
    return Allocation(
        exposure=exposure_label,
        verdict=_verdict(shares, gain, shares[best].setting, advantage),
        prior_entropy=float(entropy(prior)),
        shares=shares,
        gain=gain,
        best=shares[best].setting,
        single=single,
        advantage=advantage,
        gap=chosen.gap,
        method=_method(next(iter(templates.values())).shared, len(found[0].repeated)),
        nuisances="fixed at their nominal values" if systematics else "none",
        warnings=_warnings(chosen, found, systematics),
    )


def _intervals(
    judge: Experiment, found: Sequence[Simulated], shares: FloatArray, best: int, noise: FloatArray
) -> tuple[Interval, Interval, Interval]:
    """The plan's gain, the best single setting's and the difference, with 95% intervals."""
    vertex, ceiling = np.eye(len(found))[best], float(entropy(judge.prior))
    plan, single = judge.gain(shares), judge.gain(vertex)
    difference = judge.advantage(shares, vertex)
    return (
        _interval(plan, noise[0], 0.0, ceiling),
        _interval(single, noise[1], 0.0, ceiling),
        _interval(difference, noise[2], -ceiling, ceiling),
    )


def _noise(
    found: Sequence[Simulated], judge: Experiment, chosen: Shares, best: int, rng: np.random.Generator
) -> FloatArray:
    """Standard errors that the simulation gives to the plan's gain, the best setting's and their difference, (3,)."""
    used = np.union1d(np.flatnonzero(chosen.shares), best)
    vertex = (used == best).astype(np.float64)
    dimensions = len(used) * found[0].rates.shape[1]
    points = data_points(judge.points.exposure, dimensions, REPEATED_DRAWS, rng)
    values = []
    for rates in np.stack([found[index].repeated for index in used], axis=1):
        repeated = Experiment(rates, judge.prior, points)
        plan, single = repeated.gain(chosen.shares[used]).value, repeated.gain(vertex).value
        values.append((plan, single, plan - single))
    result: FloatArray = np.sqrt(found[0].factor * np.var(values, axis=0, ddof=1))
    return result


def _interval(estimate: Estimate, noise: float, lowest: float, highest: float) -> Interval:
    error = float(np.hypot(estimate.error, noise))
    low, high = estimate.value - NORMAL_95 * error, estimate.value + NORMAL_95 * error
    return Interval(estimate.value, error, max(low, lowest), min(high, highest))


def _verdict(shares: Sequence[Share], gain: Interval, best: str, advantage: Interval) -> str:
    parts = [f"{100 * one.share:.0f}% at {one.setting}" for one in shares if one.share > 0]
    text = f"{', '.join(parts)}: {gain.value:.3f} ± {gain.error:.3f} nats"
    if len(parts) == 1 and parts[0].endswith(f"at {best}"):
        return f"{text}; no sharing is better than one setting"
    more = f"{advantage.value:.3f} ± {advantage.error:.3f} nats"
    if advantage.low <= 0:
        return f"{text}; that is {more} more than all at {best}, which cannot be told from nothing"
    return f"{text}; that is {more} more than all at {best}"


def _method(shared: bool, repeated: int) -> str:
    errors = (
        f"jackknife over {repeated} folds" if shared else f"{repeated} repeated simulations of the smooth templates"
    )
    return f"quasi-Monte Carlo over data; errors at these shares from the integral and from {errors}"


def _warnings(chosen: Shares, found: Sequence[Simulated], systematics: bool) -> list[str]:
    result = []
    if any(one.rough for one in found):
        result.append(
            "some templates are not smooth in θ; their noise may look like information: simulate more events"
        )
    if systematics:
        result.append("systematic uncertainties are not in these numbers: nuisance parameters are fixed")
    if chosen.gap > 2 * TOLERANCE:
        result.append(f"the search for the shares stopped with up to {chosen.gap:.4f} nats to gain")
    return result
