"""What a simulation is too small to support: the interval of the gain then opens, in place of missing the truth.

Its high end becomes the prior's entropy. Its low end is that of a smaller problem, which the simulation does
support and which cannot teach more: fewer recorded events, or fewer parameter points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.exposure import Exposure, thinned
from ..statistics.lack_of_fit import NORMAL_80, LackOfFit
from ..templates.reweighting import effective_events
from ..templates.templates import Templates
from ..templates.weight_tails import HEAVY
from .correction import NOTHING, Problem
from .hypotheses import Hypotheses
from .statistic import Statistic
from .systematics import SystematicGain

#: Recorded events per simulated one of the least simulated parameter point beyond which noise is taken for signal: at
#: ten, one interval of ten lies above the truth (82 GeV, N = 1000).
MOST_RECORDED = 3.0
#: Effective events of a parameter point below which the folds of weighted events do not show their error.
FEWEST_EFFECTIVE = 50.0
#: Relative error of a sum of rates.
ROUNDING = 1e-9
#: Of all dependences on θ that a test looks for, so many are tried: those that it sees most of.
TRIED = 8
#: More times as many events are no advice.
MOST_TIMES = 100


@dataclass(frozen=True)
class Lack:
    """Why an interval opens, and the smaller problem whose gain times `weight` is a lower bound of the whole one.

    `text` has a place for the interval, which is known later; with `factor` times as many events it closes.
    """

    templates: Templates
    exposure: Exposure
    prior: FloatArray
    systematics: SystematicGain | None
    weight: float
    text: str
    factor: float


def lack(problem: Problem, family: Hypotheses) -> Lack | None:
    """What the simulation is too small for; None when it suffices."""
    if problem.ceiling < NOTHING:
        return None
    return _few_effective(problem) if problem.templates.shared else _few_simulated(problem, family)


def _few_simulated(problem: Problem, family: Hypotheses) -> Lack | None:
    """Too many recorded events per simulated one: fewer recorded events never teach more."""
    recorded, least = float(family.observed().sum(axis=1).max()), family.counts.sum(axis=1)
    simulated = float(least.min())
    if recorded <= MOST_RECORDED * simulated * (1 + ROUNDING):
        return None
    supported = MOST_RECORDED * simulated
    share, factor = supported / recorded, recorded / supported
    needed = rounded_up(factor * float(problem.templates.generated[least.argmin()]))
    assumed = " if the templates are smooth in θ" if family.smooth else ""
    return Lack(
        templates=problem.templates,
        exposure=thinned(problem.exposure, share),
        prior=problem.prior,
        systematics=problem.systematics and problem.systematics.thinned(share),
        weight=1.0,
        text=f"for {recorded:.0f} recorded events, {simulated:.0f} simulated ones per parameter point are too few:"
        f" {{}}, the low end being what {supported:.0f} recorded events teach at least{assumed}; simulate"
        f" {needed} events per parameter point or more",
        factor=factor,
    )


def _few_effective(problem: Problem) -> Lack | None:
    """Weighted events that are worth too few at some parameter points, or no one knows how few: others are looked at.

    I(θ; x) ≥ P(S) I(θ; x | θ ∈ S) for any set S of points, by the chain rule of mutual information.
    """
    templates = problem.templates
    effective = effective_events(*templates.sums())
    tails = np.zeros_like(effective) if templates.tails is None else templates.tails
    weak = ((effective < FEWEST_EFFECTIVE) | (tails > HEAVY)) & (problem.prior > 0)
    if not weak.any():
        return None
    kept = ~weak & (problem.prior > 0)
    weight, worst = float(problem.prior[kept].sum()), int(np.where(weak, effective, np.inf).argmin())
    factor = FEWEST_EFFECTIVE / max(float(effective[worst]), NOTHING)
    several = f"{math.ceil(factor)} times as many events, or " if 1 < factor <= MOST_TIMES else ""
    return Lack(
        templates=_part(templates, kept),
        exposure=problem.exposure,
        prior=problem.prior[kept] / max(weight, NOTHING),
        systematics=problem.systematics,
        weight=weight,
        text=_weakness(templates.points[worst], effective[worst], tails[worst], int(weak.sum()) - 1)
        + ": {}, the low end being what the other parameter points teach at least;"
        + f" simulate {several}a reference near that point",
        factor=max(factor, 1.0),
    )


def _weakness(point: str, effective: float, tail: float, others: int) -> str:
    """Say what is wrong with the weights at the worst point."""
    if effective < FEWEST_EFFECTIVE:
        more = f" and too few at {others} more" if others else ""
        return f"only {effective:.0f} effective events at {point} (fewer than {FEWEST_EFFECTIVE:.0f}){more}"
    more = f", and so have those of {others} more" if others else ""
    return (
        f"the weights at {point} have a heavy tail (Pareto k = {tail:.2f}, more than {HEAVY:g}){more}, so that"
        f" {effective:.0f} effective events may be far fewer"
    )


def _part(templates: Templates, kept: NDArray[np.bool_]) -> Templates:
    return replace(
        templates,
        tails=None if templates.tails is None else templates.tails[kept],
        points=tuple(point for point, keep in zip(templates.points, kept, strict=True) if keep),
        **{
            name: getattr(templates, name)[kept]
            for name in ("sumw", "sumw2", "generated", "cross_section", "cross_section_error")
        },
    )


def rounded_up(events: float) -> int:
    """A number of events, two digits of it, rounded up.

    >>> rounded_up(12_301), rounded_up(0.2)
    (13000, 1)
    """
    unit = int(10 ** max(math.floor(math.log10(max(events, 1.0))) - 1, 0))
    return max(math.ceil(round(events / unit, 6)) * unit, 1)


def unseen_gain(problem: Problem, family: Hypotheses, measure: Statistic) -> float:
    """What dependences on θ would add to the gain that smooth templates lack and the test cannot exclude, in nats.

    A product of a shape in θ and a direction in the bins of which z standard deviations are seen may have z + 1.28.
    """
    test, smooth = family.smoother.test, family.smooth
    if test is None or not smooth or not test.strengths.size:
        return 0.0
    known = family.true.probabilities
    tried = np.stack([known, *added(test, known, family.counts.sum(axis=1))])
    accepted = family.rate.truth(1.0)
    gains = measure(problem.rates(tried, accepted))
    return max(float(gains[1:].max() - gains[0]), 0.0)


def added(test: LackOfFit, known: FloatArray, events: FloatArray) -> FloatArray:
    """Templates (T, K, B) with as much more dependence on θ as cannot be excluded with so many `events` (K,)."""
    order = np.argsort(-np.abs(test.strengths), axis=None, kind="stable")[:TRIED]
    shape, direction = np.unravel_index(order, test.strengths.shape)
    seen = test.strengths[shape, direction]
    strength = seen + np.copysign(NORMAL_80, seen)
    relative = test.shapes[shape][:, :, None] * test.directions[direction][:, None, :]
    root = np.sqrt(events[:, None] * known.mean(axis=0))
    logs = strength[:, None, None] * np.divide(relative, root, out=np.zeros_like(relative), where=root > 0)
    grown = known * np.exp(np.clip(logs, -2.0, 2.0))
    return np.asarray(grown / grown.sum(axis=2, keepdims=True))
