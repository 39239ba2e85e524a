"""From simulated templates to the best shares of a luminosity, with intervals that know of the finite simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np

from ...information.correction import Problem, free_rates
from ...information.hypotheses import Hypotheses, hypotheses
from ...information.options import Estimator
from ...likelihood.data_points import data_points
from ...quantities.arrays import FloatArray
from ...quantities.errors import BadInputError
from ...quantities.estimates import NORMAL_95, Estimate, Interval
from ...quantities.exposure import Exposure, Luminosity
from ...statistics.grid_posterior import entropy
from ...templates.options import Simulation
from ...templates.reweighting import effective_events
from ...templates.templates import Templates, expected
from .results import JUDGES, Allocation, Share
from .shares import TOLERANCE, Experiment, Shares, optimal_shares

scipy = lazy.load("scipy")


#: Data sets for each repeated simulation.
REPEATED_DRAWS = 2048
#: Simulated events per θ and recorded event below which intervals were seen to be too short.
ENOUGH = 3.0


@dataclass(frozen=True)
class Simulated:
    """Rates (J, K, B) of all settings, and what R other simulations would make of them, (R, J, K, B).

    Their spread, times `spread`, is the error that the simulation gives, and their shift, times `shift`, its bias.
    """

    rates: FloatArray
    others: FloatArray
    spread: float
    shift: float
    method: str
    rough: bool


def simulated(
    problems: Sequence[Problem], simulation: Simulation, replicas: int, rng: np.random.Generator
) -> Simulated:
    """What the simulations of all settings say, noise removed as well as that can be done in one step.

    Smooth templates are shortened by the length that noise has added; the parametric bootstrap, which treats repeated
    simulations in the same way, says what is left of it. Events that all θ share, and templates that are not
    smooth, are taken as they are, with the jackknife.
    """
    families = [hypotheses(one.templates, one.exposure, simulation) for one in problems if not one.templates.shared]
    rough = any(family.smoother.rough for family in families)
    if families and not rough:
        rates = np.stack([family.truth(1.0) for family in families])
        others = np.stack([_repeated(family, replicas, rng) for family in families], axis=1)
        return Simulated(rates, others, 1.0, 1.0, f"{replicas} repeated simulations", rough)
    folds = problems[0].templates.sumw.shape[1]
    every = np.arange(folds)
    rates = np.stack([free_rates(one, every, simulation) for one in problems])
    others = np.stack(
        [[free_rates(one, np.delete(every, fold), simulation) for one in problems] for fold in range(folds)]
    )
    spread = float((folds - 1) / np.sqrt(folds) * scipy.special.stdtrit(folds - 1, 0.975) / NORMAL_95)
    return Simulated(rates, others, spread, folds - 1.0, f"the jackknife over {folds} folds", rough)


def _repeated(family: Hypotheses, replicas: int, rng: np.random.Generator) -> FloatArray:
    """Rates (R, K, B) of repeated simulations, fitted and shortened like the real ones."""
    smooth = family.smoother
    shapes = smooth.unbiased(smooth.fit(family.simulate(1.0, replicas, rng), family.true.probabilities)).probabilities
    return expected(shapes, family.rate.refitted(1.0, replicas, rng), family.exposure, family.background)


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
    problems = [Problem(one, exposure, prior, None) for one in templates.values()]
    found = simulated(problems, simulation, estimator.replicas, rng)
    rates = found.rates
    dimensions = len(rates) * rates.shape[2]
    chosen = optimal_shares(Experiment(rates, prior, data_points(exposure, dimensions, estimator.draws, rng)))
    judge = Experiment(rates, prior, data_points(exposure, dimensions, JUDGES * estimator.draws, rng))
    singles = [judge.gain(vertex) for vertex in np.eye(len(rates))]
    best = int(np.argmax([one.value for one in singles]))
    marginal = judge.marginal(chosen.shares).tolist()
    shares = [Share(*each) for each in zip(templates, chosen.shares.tolist(), singles, marginal, strict=True)]
    gain, single, advantage = _intervals(judge, found, chosen.shares, best, rng)
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
        method=f"quasi-Monte Carlo over data; intervals at these shares from the integral and {found.method}",
        nuisances="fixed at their nominal values" if systematics else "none",
        warnings=[*_warnings(chosen, found, systematics), *_few(problems, found)],
    )


def _intervals(
    judge: Experiment, found: Simulated, shares: FloatArray, best: int, rng: np.random.Generator
) -> tuple[Interval, Interval, Interval]:
    """The plan's gain, the best single setting's and the difference, with 95% intervals."""
    vertex, ceiling = np.eye(len(found.rates))[best], float(entropy(judge.prior))
    shifts, errors = _noise(judge, found, shares, best, rng)
    return (
        _interval(judge.gain(shares), shifts[0], errors[0], 0.0, ceiling),
        _interval(judge.gain(vertex), shifts[1], errors[1], 0.0, ceiling),
        _interval(judge.advantage(shares, vertex), shifts[2], errors[2], -ceiling, ceiling),
    )


def _noise(
    judge: Experiment, found: Simulated, shares: FloatArray, best: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """What to add to gain, single gain and difference for the simulation's bias, and their errors, (3,) each."""
    used = np.union1d(np.flatnonzero(shares), best)
    bins = found.rates.shape[2]
    points = data_points(judge.points.exposure, len(used) * bins, REPEATED_DRAWS, rng)
    plans = shares[used], (used == best).astype(np.float64)

    def gains(rates: FloatArray) -> tuple[float, float, float]:
        plan, single = (Experiment(rates[used], judge.prior, points).gain(one).value for one in plans)
        return plan, single, plan - single

    changes = np.array([gains(rates) for rates in found.others]) - gains(found.rates)
    return -found.shift * changes.mean(axis=0), found.spread * changes.std(axis=0, ddof=1)


def _interval(estimate: Estimate, shift: float, noise: float, lowest: float, highest: float) -> Interval:
    value = float(min(max(estimate.value + shift, lowest), highest))
    error = float(np.hypot(estimate.error, noise))
    low, high = max(value - NORMAL_95 * error, lowest), min(value + NORMAL_95 * error, highest)
    return Interval(value, error, low, high)


def _verdict(shares: Sequence[Share], gain: Interval, best: str, advantage: Interval) -> str:
    parts = [f"{100 * one.share:.0f}% at {one.setting}" for one in shares if one.share > 0]
    text = f"{', '.join(parts)}: {gain.value:.3f} ± {gain.error:.3f} nats"
    if len(parts) == 1 and parts[0].endswith(f"at {best}"):
        return f"{text}; no sharing is better than one setting"
    more = f"{advantage.value:.3f} ± {advantage.error:.3f} nats"
    if advantage.low <= 0:
        return f"{text}; that is {more} more than all at {best}, which cannot be told from nothing"
    return f"{text}; that is {more} more than all at {best}"


def _warnings(chosen: Shares, found: Simulated, systematics: bool) -> list[str]:
    result = []
    if found.rough:
        result.append("some templates are not smooth in θ; their noise looks like information: simulate more events")
    if systematics:
        result.append("systematic uncertainties are not in these numbers: nuisance parameters are fixed")
    if chosen.gap > 2 * TOLERANCE:
        result.append(f"the search for the shares stopped with up to {chosen.gap:.4f} nats to gain")
    return result


def _few(problems: Sequence[Problem], found: Simulated) -> list[str]:
    """Is there any setting with few simulated events for what the whole luminosity would record there?"""
    simulated = [effective_events(*one.templates.sums()).min() for one in problems]
    recorded = found.rates.sum(axis=2).max(axis=1)
    worst = int(np.argmin(np.array(simulated) / recorded))
    if simulated[worst] >= ENOUGH * recorded[worst]:
        return []
    return [
        f"{simulated[worst]:.0f} simulated events per θ are few for {recorded[worst]:.0f} recorded ones:"
        " the intervals may be too short; simulate more events"
    ]
