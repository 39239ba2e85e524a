"""The exact answer, for simulators that know their density: what finite simulation should converge to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..campaign.model import Campaign
from ..likelihood.data_points import DataPoints, data_points
from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import DensityError
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount, Exposure, is_one_event
from ..quantities.labels import label
from ..simulators.choice import build
from ..simulators.probabilities import Probabilities, bin_probabilities, knows_probabilities
from ..statistics.grid_posterior import entropy
from ..templates.templates import expected
from .gain import eig_at, eig_one_event
from .systematics import SystematicGain

#: Error of the gain from that of the bin probabilities, as a share of H[p(θ)], above which it is not exact.
LARGEST_ERROR = 0.01
#: Smallest normal number, whose logarithm is finite.
TINY = 2.3e-308


def exact_gain(
    campaign: Campaign,
    setting: Values,
    exposure: Exposure,
    prior: FloatArray,
    rng: np.random.Generator,
    systematics: SystematicGain | None = None,
) -> tuple[Estimate | None, list[str]]:
    """EIG from exact bin probabilities, in nats, and why there is none although the simulator knows its density.

    Needs a density or a distribution function and no backgrounds; a luminosity also needs an exact cross-section.
    With `systematics` their nuisance parameters are integrated out.
    The error is that of the bin probabilities and of the integration over data; it is zero for one event and a
    distribution function.
    """
    simulator = build(campaign.simulator)
    points = campaign.parameter_points
    if not knows_probabilities(simulator) or campaign.backgrounds:
        return None, []
    sections = [simulator.cross_section(setting, point) for point in points]
    known = np.array([section.value for section in sections if section is not None])
    if not isinstance(exposure, EventCount) and len(known) < len(points):
        return None, []
    section = known if len(known) == len(points) else np.ones(len(points))
    try:
        found = bin_probabilities(simulator, setting, points, campaign.observables, rng)
        _check_events(found.values, points, exposure)
        bins = found.values.shape[1] + (0 if systematics is None else systematics.dimensions)
        integral = None if is_one_event(exposure) else data_points(exposure, bins, campaign.estimator.draws, rng)
        value = _gain(found, section, _Integral(exposure, prior, integral, systematics), rng)
    except DensityError as error:
        return None, [f"no exact value: {error}"]
    return value, []


@dataclass(frozen=True)
class _Integral:
    """The integral over data, always at the same points."""

    exposure: Exposure
    prior: FloatArray
    points: DataPoints | None
    systematics: SystematicGain | None

    def rates(self, probabilities: FloatArray, section: FloatArray) -> FloatArray:
        """Expected counts (K, B) from probabilities per accepted event (K, B) and cross-sections (K,)."""
        kept = probabilities.sum(axis=1)
        shape = np.divide(probabilities, kept[:, None], out=np.zeros_like(probabilities), where=kept[:, None] > 0)
        return expected(shape, section * kept, self.exposure, np.zeros(probabilities.shape[1]))

    def gain(self, rates: FloatArray, rng: np.random.Generator | None = None) -> Estimate:
        """EIG in nats; with a generator, marginalised gains are corrected by a check."""
        if self.systematics is not None:
            return self.systematics.checked_gain(rates, self.points, self.prior, rng)[0]
        if self.points is None:
            return Estimate(eig_one_event(rates, self.prior), 0.0)
        return eig_at(self.points, rates, self.prior)


def _check_events(probabilities: FloatArray, points: Sequence[Values], exposure: Exposure) -> None:
    """A number of events is not recorded where none fall into the range."""
    empty = np.flatnonzero(probabilities.sum(axis=1) <= 0)
    if isinstance(exposure, EventCount) and len(empty):
        raise DensityError(f"no event at {label(points[empty[0]])} falls into the range of the observables")


def _gain(found: Probabilities, section: FloatArray, integral: _Integral, rng: np.random.Generator) -> Estimate:
    """EIG in nats, its error from that of the probabilities and of the integral; raises DensityError if large."""
    rates = integral.rates(found.values, section)
    value = integral.gain(rates, rng)
    ceiling = float(entropy(integral.prior))
    if found.replicas is None:
        bias, error = 0.0, propagated(rates, found.errors, found.values, integral.prior)
    else:
        bias, error = _jackknife(found.replicas, section, integral, rates)
    if not error <= LARGEST_ERROR * ceiling:
        raise DensityError(f"the bin probabilities are known to {error:.1g} nats of the gain only")
    corrected = value.value if found.replicas is None else float(np.clip(value.value - bias, 0.0, ceiling))
    return Estimate(corrected, float(np.hypot(value.error, error)))


def propagated(rates: FloatArray, errors: FloatArray, probabilities: FloatArray, prior: FloatArray) -> float:
    """Greatest change of the EIG in nats by errors (K, B) of bin probabilities (K, B), in first order.

    ∂EIG/∂λ_kb = π_k E_k[ln p(θ_k|x + one event in b) − ln p(θ_k|x)], which is at most π_k times the spread of ln λ_b
    over θ, for Poisson counts of means λ and likewise for a number of events.

    >>> p = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> round(propagated(p, np.array([[0.01, 0.0], [0.0, 0.0]]), p, np.array([0.5, 0.5])), 6)
    0.006212
    """
    relevant = prior > 0
    scale = rates.sum(axis=1, keepdims=True) / np.maximum(probabilities.sum(axis=1, keepdims=True), TINY)
    # A sum over all bins is normalised to one: its error is that of each bin too.
    total = errors.sum(axis=1, keepdims=True) * probabilities
    bound = scale * (errors + (total if errors.any() else 0.0))
    logs = np.log(np.maximum(np.maximum(rates, bound), TINY))[relevant]
    spread = logs.max(axis=0) - logs.min(axis=0)
    return float(prior @ (bound @ spread))


def _jackknife(
    replicas: FloatArray, section: FloatArray, integral: _Integral, rates: FloatArray
) -> tuple[float, float]:
    """Bias and standard error of the gain that come from averaging probabilities over events (Quenouille 1956)."""
    number = len(replicas)
    without = (replicas.sum(axis=0) - replicas) / (number - 1)
    gains = np.array([integral.gain(integral.rates(part, section)).value for part in without])
    bias = (number - 1) * (gains.mean() - integral.gain(rates).value)
    return float(bias), float(np.sqrt((number - 1) / number * ((gains - gains.mean()) ** 2).sum()))
