"""The corrected gain: an interval of what is compatible with templates from a finite simulation.

When the parameter points are simulated independently: which true templates would, simulated as often, look as
informative as these? When all points share events: the jackknife.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..likelihood.data_points import DataPoints
from ..likelihood.results import Marginalisation
from ..quantities.arrays import FloatArray
from ..quantities.estimates import NORMAL_95, Estimate, Interval, interval, moved
from ..quantities.exposure import Exposure
from ..statistics.confidence import Pivot, strengths, tried_strengths
from ..statistics.grid_posterior import average, entropy
from ..templates.options import Simulation
from ..templates.smoothing import free
from ..templates.templates import Templates, accepted_cross_section, expected
from .gain import eig_at, eig_one_event, lower_bound_at, lower_bound_one_event
from .hypotheses import Hypotheses
from .statistic import Statistic
from .systematics import SystematicGain

scipy = lazy.load("scipy")


#: How often the range of strengths is widened before an interval stays open.
WIDENINGS = 8
#: Scaled statistic beyond which templates can hardly look more informative.
SATURATED = float(np.arcsin(np.sqrt(0.999)))
#: Standard deviations between the observed statistic and the ends of the range of strengths.
REACH = 3.0
#: Distance, in standard deviations of the statistic, up to which strengths say how it rises with the gain.
NEAR = 2.0
#: Simulations of the second bootstrap, and how often each is repeated.
COPIES = 96
REPEATS = 3
#: Standard deviations from the statistic without dependence on θ beyond which nobody has to look twice.
FAR = 5.0
#: Simulations without dependence, and the share of their statistics that one with some dependence exceeds.
NULL_COPIES, ABOVE = 256, 0.975
#: Gains below are rounding errors of a sum that is zero.
ROUNDED = 1e-9
#: A prior of less entropy, in nats, is one point.
NOTHING = 1e-12
#: The statistic of repeated simulations (R,), by their strength.
Samples = dict[float, FloatArray]


@dataclass(frozen=True)
class Problem:
    """Everything but the templates' noise: rates of a shape (K, B) and the integral over data."""

    templates: Templates
    exposure: Exposure
    prior: FloatArray
    points: DataPoints | None
    systematics: SystematicGain | None = None

    @property
    def ceiling(self) -> float:
        """Entropy of the prior; adding zero turns the −0 of a single point into 0."""
        return float(entropy(self.prior)) + 0.0

    def scrambled(self) -> list[Problem]:
        """The same problem for each independent scrambling of the integral over data, or itself for an exact sum."""
        if self.points is None:
            return [self]
        each = (replace(self.points, uniforms=one[None]) for one in self.points.uniforms)
        return [replace(self, points=points) for points in each]

    def rates(self, shape: FloatArray, accepted: FloatArray) -> FloatArray:
        """Expected counts (K, B)."""
        return expected(shape, accepted, self.exposure, self.templates.background_total)

    def gain(self, rates: FloatArray) -> Estimate:
        """EIG of known rates (K, B)."""
        if self.systematics is not None:
            return self.systematics.gain(rates, self.points, self.prior)
        if self.points is None:
            return Estimate(eig_one_event(rates, self.prior), 0.0)
        return eig_at(self.points, rates, self.prior)

    def bound(self, rates: FloatArray, model: FloatArray) -> Estimate:
        """Lower bound of the EIG with data from `rates` and posteriors from `model`, both (K, B)."""
        if self.systematics is not None:
            return self.systematics.bound(rates, model, self.points, self.prior)
        if self.points is None:
            return Estimate(lower_bound_one_event(rates, model, self.prior), 0.0)
        return lower_bound_at(self.points, rates, model, self.prior)


@dataclass(frozen=True)
class Corrected:
    """The corrected gain, simulated counts (R, K, B) like the real ones, and what became of nuisance parameters.

    `integration` is the part of the error that comes from the integral over data, `spread` the standard error of the
    plug-in value of shared events, whose counts say nothing about it.
    """

    gain: Interval
    copies: FloatArray
    integration: float
    spread: float = 0.0
    marginalisation: Marginalisation | None = None


def corrected(
    problem: Problem, family: Hypotheses, measure: Statistic, replicas: int, rng: np.random.Generator
) -> Corrected:
    """Gains of the strengths that explain how informative the templates look.

    Nuisance parameters change the gain of a strength, not the strength.
    """
    if problem.ceiling < NOTHING:
        return Corrected(Interval(0.0, 0.0, 0.0, 0.0), family.counts[None], 0.0)
    observed = float(measure.scaled(family.observed()[None])[0])
    look = Repetition(family, measure, replicas, rng)
    copies, looks = look(1.0)
    first = {s: look(s)[1] if s != 1.0 else looks for s in tried_strengths(family.energy, family.dimensions).tolist()}
    pivot = second_bootstrap(family, measure, rise(family, measure, first), rng)
    samples = _widened(look, first, observed, pivot)
    tried = sorted(samples)
    found = strengths(np.array(tried), np.stack([samples[s] for s in tried]), observed, pivot)
    value, low, high = (problem.gain(family.truth(s)) for s in (found.best, found.low, found.high))
    top = problem.ceiling if found.open else high.value
    if 0.0 in samples and not distinct(family, measure, observed, samples[0.0], rng):
        # What is known without error, such as a cross-section, tells θ apart at any strength.
        least = problem.gain(family.truth(0.0)).value
        low = replace(low, value=min(low.value, least if least > ROUNDED else 0.0))
    result = interval(value.value, low.value, top, value.error, problem.ceiling)
    return _checked(problem, family.truth(found.best), Corrected(result, copies, value.error), value, rng)


def _checked(
    problem: Problem, rates: FloatArray, result: Corrected, quick: Estimate, rng: np.random.Generator
) -> Corrected:
    """Compare the gain at the centre of an interval with one in which the nuisance parameters are checked."""
    if problem.systematics is None:
        return result
    checked, how = problem.systematics.checked_gain(rates, problem.points, problem.prior, rng)
    if how is None:
        return result
    gain = moved(result.gain, quick, checked, problem.ceiling)
    return replace(result, gain=gain, integration=max(quick.error, checked.error), marginalisation=how)


def jackknifed(problem: Problem, simulation: Simulation, rng: np.random.Generator) -> Corrected:
    """Gain of events that all points share, by leaving out one of F folds at a time (Quenouille 1956).

    F E − (F − 1) Ē has no bias of order 1/N; its variance is (F − 1)/F Σ(E_f − Ē)², and Student's t with F − 1
    degrees of freedom makes the interval. The error of the integral over data is that between scramblings.
    """
    folds = problem.templates.sumw.shape[1]
    everything = np.arange(folds)
    left = [everything, *(np.delete(everything, fold) for fold in range(folds))]
    rates = [free_rates(problem, kept, simulation) for kept in left]
    parts = problem.scrambled()
    gains = np.array([[part.gain(one).value for one in rates] for part in parts])
    jackknife = folds * gains[:, 0] - (folds - 1) * gains[:, 1:].mean(axis=1)
    # What is left of the noise of the integral in small differences is multiplied by their number.
    whole, jackknifed_gain = (_mean(values) for values in (gains[:, 0], jackknife))
    spread = float(np.sqrt((folds - 1) * gains[:, 1:].mean(axis=0).var()))
    value = min(max(jackknifed_gain.value, 0.0), problem.ceiling)
    side = float(scipy.special.stdtrit(folds - 1, 0.975)) * spread
    result = interval(value, value - side, value + side, jackknifed_gain.error, problem.ceiling)
    found = Corrected(result, problem.templates.sums()[0][None], jackknifed_gain.error, spread)
    return _checked(problem, rates[0], found, whole, rng)


def _mean(values: FloatArray) -> Estimate:
    # One value is that of an exact sum.
    return average(values, len(values)) if len(values) > 1 else Estimate(float(values[0]), 0.0)


def free_rates(problem: Problem, folds: NDArray[np.intp], simulation: Simulation) -> FloatArray:
    """Rates (K, B) from some of the folds, each of which stands for as many generated events."""
    sumw, sumw2 = problem.templates.sums(folds)
    part = replace(problem.templates, sumw=sumw[:, None], sumw2=sumw2[:, None])
    accepted, _ = accepted_cross_section(part)
    share = len(folds) / problem.templates.sumw.shape[1]
    return problem.rates(free(sumw, sumw2, simulation.regularisation), accepted / share)


def distinct(
    family: Hypotheses, measure: Statistic, observed: float, nothing: FloatArray, rng: np.random.Generator
) -> bool:
    """Is an observed statistic above 97.5% of those of simulations without any dependence on θ?

    `nothing` (R,) are some of those whose smoothing is that of the observed one, which are told apart quickly; it is
    chosen anew for the others, as noise has a part in the choice.
    """
    if observed > nothing.mean() + FAR * nothing.std():
        return True
    anew = measure.scaled(family.without_dependence(NULL_COPIES, rng))
    return bool(observed > np.quantile(anew, ABOVE))


@dataclass(frozen=True)
class Repetition:
    """Simulates templates of some strength again and again, and looks how informative they seem."""

    family: Hypotheses
    measure: Statistic
    replicas: int
    rng: np.random.Generator

    def __call__(self, strength: float) -> tuple[FloatArray, FloatArray]:
        """Simulated counts (R, K, B) and the statistic of the templates fitted to them (R,)."""
        counts = self.family.simulate(strength, self.replicas, self.rng)
        return counts, self.measure.scaled(self.family.refitted(counts, strength, self.rng))


def _widened(look: Repetition, first: Samples, observed: float, pivot: Pivot) -> Samples:
    """Samples of the statistic at strengths that reach well beyond the observed value."""
    found = dict(first)

    def reached(s: float, deviations: float) -> float:
        mean, spread = pivot.moved(np.array([s]), found[s].mean(keepdims=True), found[s].std(keepdims=True))
        return float(mean[0] + deviations * spread[0])

    for _ in range(WIDENINGS):
        low, *_, high = sorted(found)
        if reached(high, -REACH) < observed and found[high].mean() < SATURATED:
            wider = 1 + 2 * max(high - 1, 0.1)
        elif low > 0 and reached(low, REACH) > observed:
            wider = max(0.0, 1 - 2 * (1 - low))
        else:
            break
        found[wider] = look(wider)[1]
    return found


def second_bootstrap(family: Hypotheses, measure: Statistic, rise: float, rng: np.random.Generator) -> Pivot:
    """Compare simulations of a known truth with those of what is held true behind them, at the same gain.

    `rise` is how much the statistic rises with that of the truth.
    """
    # The gains of different templates are compared, in which rounding would look like a difference.
    smooth = replace(measure, rounded=False)
    look = family.second_look(COPIES, REPEATS, rng)
    seen, held = smooth.scaled(look.seen), smooth.scaled(look.held)
    again = smooth.scaled(look.again).reshape(COPIES, REPEATS)
    foreseen = again.mean(axis=1) + rise * (smooth.scaled(family.truth(1.0)[None]) - held)
    spread = max(np.sqrt(again.var(axis=1, ddof=1).mean()), 1e-12)
    pivots = (seen - foreseen) / spread
    return Pivot(float(pivots.mean()), _spread_of(pivots))


def _spread_of(pivots: FloatArray) -> float:
    """Standard deviation of pivots without the noise of their repeats, widened as Student's t is for few of them."""
    variance = max(pivots.var(ddof=1), 1e-12)
    # The average of few repeats has a spread of its own, which is no part of the statistic's.
    own = max(variance - 1 / REPEATS, 0.25)
    # Satterthwaite (1946): degrees of freedom of what is left of a variance; the mean of the pivots is uncertain too.
    freedom = max((len(pivots) - 1) * (own / variance) ** 2, 10.0)
    return float(np.sqrt(own + variance / len(pivots)) * scipy.special.stdtrit(freedom, 0.975) / NORMAL_95)


def rise(family: Hypotheses, measure: Statistic, samples: Samples) -> float:
    """How much the average statistic rises with that of the truth: a regression, most of all of strengths near 1."""
    truth = measure.scaled(np.stack([family.truth(s) for s in samples]))
    average = np.array([found.mean() for found in samples.values()])
    width = NEAR * max(samples[1.0].std(), 1e-12)
    weights = np.exp(-0.5 * ((truth - measure.scaled(family.truth(1.0)[None])) / width) ** 2)
    varied = weights * (truth - np.average(truth, weights=weights))
    # Noise adds to the gain of the truth, in quadrature where both are small, so that the rise is one at most.
    return float(np.clip(varied @ average / max(varied @ truth, 1e-300), 0.0, 1.0))
