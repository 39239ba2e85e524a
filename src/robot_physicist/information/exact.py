"""The exact answer, for simulators that know their density: what finite simulation should converge to."""

from __future__ import annotations

import numpy as np

from ..campaign.model import Campaign
from ..likelihood.data_points import data_points
from ..quantities.arrays import FloatArray, Values
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount, Exposure, is_one_event
from ..quantities.observable import Observable
from ..simulators.base import Simulator
from ..simulators.choice import build
from ..templates.templates import expected
from .gain import gain
from .systematics import SystematicGain

#: Gauss–Legendre nodes per bin; densities here are smooth within a bin, or nearly so.
NODES = 32


def bin_probabilities(
    simulator: Simulator, setting: Values, parameters: Values, observable: Observable
) -> FloatArray:
    """Probabilities of the bins of the simulator's observable, (B,), by Gauss–Legendre quadrature in each.

    With `overflow: include` what is left to one is shared by the edge bins as the density falls there.
    """
    low, high = observable.range
    edges = np.linspace(low, high, observable.bins + 1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    x = edges[:-1, None] + half * (1 + nodes)
    density = simulator.density(x.ravel(), setting, parameters).reshape(x.shape)
    probabilities: FloatArray = (density * weights * half).sum(axis=1)
    if observable.overflow == "include":
        outside = max(0.0, 1.0 - probabilities.sum())
        edge_bins = probabilities[[0, -1]]
        share = edge_bins / edge_bins.sum() if edge_bins.sum() > 0 else np.array([0.5, 0.5])
        probabilities[[0, -1]] += outside * share
    return probabilities


def exact_gain(
    campaign: Campaign,
    setting: Values,
    exposure: Exposure,
    prior: FloatArray,
    rng: np.random.Generator,
    systematics: SystematicGain | None = None,
) -> Estimate | None:
    """EIG from exact bin probabilities, in nats; None when the simulator or the campaign does not allow it.

    Needs a density, one observable and no backgrounds; a luminosity also needs an exact cross-section. With
    `systematics` their nuisance parameters are integrated out.
    The error is that of the integration over data, zero for one event.
    """
    simulator = build(campaign.simulator)
    if not simulator.has_density or len(campaign.observables) > 1 or campaign.backgrounds:
        return None
    points = campaign.parameter_points
    sections = [simulator.cross_section(setting, point) for point in points]
    known = [section.value for section in sections if section is not None]
    if not isinstance(exposure, EventCount) and len(known) < len(points):
        return None
    (observable,) = campaign.observables.values()
    shape = np.stack([bin_probabilities(simulator, setting, point, observable) for point in points])
    accepted = np.array(known or [1.0] * len(points)) * shape.sum(axis=1)
    shape /= shape.sum(axis=1, keepdims=True)
    rates = expected(shape, accepted, exposure, np.zeros(observable.bins))
    if systematics is None:
        return gain(rates, exposure, prior, campaign.estimator.draws, rng)
    dimensions = observable.bins + systematics.dimensions
    integral = None if is_one_event(exposure) else data_points(exposure, dimensions, campaign.estimator.draws, rng)
    return systematics.checked_gain(rates, integral, prior, rng)[0]
