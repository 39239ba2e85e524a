"""What else makes a gain uncertain: the statistics of backgrounds, and a dependence on θ that no test can exclude."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..quantities.arrays import FloatArray
from ..quantities.estimates import Interval
from ..quantities.exposure import EventCount
from ..statistics.lack_of_fit import NORMAL_80, LackOfFit
from ..templates.templates import Background, expected
from .correction import NORMAL_95, Problem
from .hypotheses import Hypotheses
from .statistic import Statistic

#: Of all dependences on θ that a test looks for, so many are tried: those that it sees most of.
TRIED = 8
#: Expected events of which at least one is seen with a probability of 95%.
AT_MOST = 3.0


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


def extended(estimate: Interval, more: float, ceiling: float) -> Interval:
    """Lift the high end of an interval by what may be added to the gain, in quadrature.

    >>> extended(Interval(1.0, 0.1, 0.8, 1.3), 0.4, 3.0).high
    1.5
    """
    high = min(ceiling, estimate.value + float(np.hypot(estimate.high - estimate.value, more)))
    return replace(estimate, high=high, error=(high - estimate.low) / (2 * NORMAL_95))


def with_backgrounds(
    problem: Problem,
    family: Hypotheses,
    measure: Statistic,
    estimate: Interval,
    copies: int,
    rng: np.random.Generator,
) -> Interval:
    """Account for the statistics of backgrounds, which the templates of the signal know nothing of.

    Their contents are simulated again around those at hand: the gain of known rates then rises on average, by a bias
    that is subtracted, and scatters, which widens the interval in quadrature. Systematic uncertainties are left out
    of this: what is known less well can be spoilt less.
    """
    if isinstance(problem.exposure, EventCount) or not any(map(_uncertain, problem.templates.background.values())):
        return estimate
    rates = family.truth(1.0)
    events = float(expected(np.zeros((1, 1)), np.zeros(1), problem.exposure, np.ones(1))[0, 0])
    backgrounds = problem.templates.background.values()
    changes = sum(simulated_again(one, copies, rng) - one.contents for one in backgrounds)
    hidden = sum(hidden_in_empty_bins(one, rates.mean(axis=0)) for one in backgrounds)
    gains = measure(np.maximum(rates + events * np.concatenate([changes, [hidden, 0 * hidden]])[:, None], 0.0))
    again, lowered, known = gains[:-2], gains[-2], gains[-1]
    lost = max(float(known - lowered), 0.0)
    return shifted(estimate, float(again.mean() - known), float(again.std(ddof=1)), lost, problem.ceiling)


def _uncertain(background: Background) -> bool:
    return bool((background.errors > 0).any() or background.scale_error > 0)


def simulated_again(background: Background, copies: int, rng: np.random.Generator) -> FloatArray:
    """Contents (R, B) of repeated simulations around those of a background.

    Weighted events count as (Σw)²/Σw² events. With a known number of generated events counts are multinomial, with a
    cell for the events outside; else Poisson. What has no error stays.
    """
    contents, errors = background.contents, background.errors
    counts = np.divide(contents, errors, out=np.zeros_like(contents), where=errors > 0) ** 2
    weights = np.divide(errors**2, contents, out=np.zeros_like(contents), where=contents > 0)
    size = (copies, len(counts))
    if math.isfinite(background.generated):
        total = max(round(background.generated), math.ceil(counts.sum()), 1)
        chances = np.append(counts, max(total - counts.sum(), 0.0)) / max(float(total), counts.sum())
        drawn = rng.multinomial(total, chances, size=copies)[:, :-1].astype(np.float64)
    else:
        drawn = rng.poisson(np.broadcast_to(counts, size)).astype(np.float64)
    scale = np.maximum(1 + background.scale_error * rng.standard_normal((copies, 1)), 0.0)
    return np.asarray(np.where(errors > 0, drawn * weights, contents) * scale)


def hidden_in_empty_bins(background: Background, rates: FloatArray) -> FloatArray:
    """What a simulated background may have in bins that none of its events reached, (B,): three events at 95%.

    They are where most of the expected events (B,) are, for that does most harm.
    """
    empty = (background.contents <= 0) & (rates > 0)
    total = background.contents.sum()
    if not math.isfinite(background.generated) or not empty.any() or total <= 0:
        return np.zeros_like(rates)
    weight = float((background.errors**2).sum() / total)
    return np.asarray(AT_MOST * weight * np.where(empty, rates, 0.0) / rates[empty].sum())


def shifted(estimate: Interval, bias: float, spread: float, lost: float, ceiling: float) -> Interval:
    """Subtract a bias and widen an interval by a standard deviation, and downwards by a loss, in quadrature.

    >>> moved = shifted(Interval(1.0, 0.1, 0.8, 1.2), 0.1, 0.0, 0.15, 3.0)
    >>> round(moved.value, 2), round(moved.low, 2), round(moved.high, 2)
    (0.9, 0.65, 1.1)
    """
    value = min(max(estimate.value - bias, 0.0), ceiling)
    down = np.sqrt((estimate.value - estimate.low) ** 2 + (NORMAL_95 * spread) ** 2 + lost**2)
    up = np.hypot(estimate.high - estimate.value, NORMAL_95 * spread)
    low, high = max(value - float(down), 0.0), min(value + float(up), ceiling)
    return Interval(value, (high - low) / (2 * NORMAL_95), low, high)
