"""Simulators whose exact gains are known, and how tests ask for them."""

from typing import ClassVar

import numpy as np
from pydantic import TypeAdapter
from scipy.stats import norm

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.information import exact as subject
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.quantities.observable import Observable
from robot_physicist.simulators import load
from robot_physicist.simulators.base import Sampler, Simulator, Variable

THETA = np.linspace(-2, 2, 11)
PRIOR = np.full(11, 1 / 11)


class Drawn(Sampler):
    def __init__(self, draw):
        self.draw = draw

    def sample(self, events, rng):
        columns, section = self.draw(events, rng)
        return Events(columns, events, None, None if section is None else CrossSection(section))


class NoClosedForm(load("gaussian")):
    """The same Gaussian, of which only the density is known."""

    cdf = Simulator.cdf


class Correlated(Simulator):
    """(x, y) ~ N((θ, −θ), unit variances, correlation φ)."""

    settings: ClassVar = {"correlation": Variable()}
    parameters: ClassVar = {"theta": Variable()}
    observables: ClassVar = {"x": Variable(), "y": Variable()}
    has_density = has_ratios = True

    def prepare(self, setting, parameters):
        rho, theta = setting["correlation"], parameters["theta"]

        def draw(events, rng):
            first, second = rng.standard_normal((2, events))
            return {"x": theta + first, "y": -theta + rho * first + np.sqrt(1 - rho**2) * second}, None

        return Drawn(draw)

    def density(self, columns, setting, parameters):
        rho, theta = setting["correlation"], parameters["theta"]
        x, y = columns["x"] - theta, columns["y"] + theta
        form = (x**2 - 2 * rho * x * y + y**2) / (1 - rho**2)
        return np.exp(-form / 2) / (2 * np.pi * np.sqrt(1 - rho**2))


class Three(Simulator):
    """Three independent numbers with means θ, 0 and −θ, seen where the first is above a cut; the rate is θ + 3."""

    settings: ClassVar = {"cut": Variable()}
    parameters: ClassVar = {"theta": Variable()}
    observables: ClassVar = {"x": Variable(), "y": Variable(), "z": Variable()}
    has_density = has_cross_section = True
    factor = 1.0

    def prepare(self, setting, parameters):
        theta = parameters["theta"]

        def draw(events, rng):
            x, y, z = rng.standard_normal((3, events)) + np.array([[theta], [0.0], [-theta]])
            return {"x": x[x > setting["cut"]], "y": y[x > setting["cut"]], "z": z[x > setting["cut"]]}, theta + 3

        return Drawn(draw)

    def density(self, columns, setting, parameters):
        x, y, z = columns["x"], columns["y"], columns["z"]
        theta, kept = parameters["theta"], norm.sf(setting["cut"], parameters["theta"])
        found = norm.pdf(x, theta) * norm.pdf(y) * norm.pdf(z, -theta) / kept
        return np.where(x > setting["cut"], found, 0.0) * (self.factor if theta > 0 else 1.0)

    def cross_section(self, setting, parameters):
        return CrossSection((parameters["theta"] + 3) * norm.sf(setting["cut"], parameters["theta"]))


def campaign_of(observables, exposure, **changes):
    raw = {
        "name": "small",
        "seed": 3,
        "simulator": {"name": "gaussian"},
        "settings": {"variance": {"values": [1]}},
        "parameters": {"theta": {"linspace": [-2, 2, 11]}},
        "observables": observables,
        "exposure": exposure,
    }
    return campaign_from({**raw, **changes}, "small.yaml")


def exact(simulator, observables, setting, exposure=None, monkeypatch=None, points=None):
    """The exact gain of a simulator of this file, and why there is none."""
    theta = {} if points is None else {"parameters": {"theta": {"linspace": points}}}
    campaign = campaign_of({"x": {"range": [-1, 1], "bins": 2}}, {"events": 1}, **theta)
    binned = {name: Observable.model_validate(entry) for name, entry in observables.items()}
    chosen = TypeAdapter(list[EventCount | Luminosity]).validate_python([exposure or {"events": 1}])
    campaign = campaign.model_copy(update={"observables": binned, "exposure": chosen})
    monkeypatch.setattr(subject, "build", lambda choice: simulator)
    prior = np.full(len(campaign.parameter_points), 1 / len(campaign.parameter_points))
    return subject.exact_gain(campaign, setting, campaign.exposure[0], prior, np.random.default_rng(1))


def gaussian_bins(variance, low, high, bins, overflow):
    edges = np.linspace(low, high, bins + 1)
    if overflow == "include":
        edges[[0, -1]] = -np.inf, np.inf
    shape = np.diff(norm.cdf(edges, THETA[:, None], np.sqrt(variance)), axis=1)
    return shape / shape.sum(axis=1, keepdims=True)


def both(low, high, bins, overflow="include"):
    return {"range": [low, high], "bins": bins, "overflow": overflow}


OBSERVABLES = {"x": both(-1.5, 1.5, 3), "y": both(-1, 1, 2, "drop"), "z": both(-1, 1, 2)}
