"""Sequences of rounds of one experiment: settings from a policy, posteriors from exact or simulated templates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from robot_physicist.design.sequence.belief import Belief, likelihood, prior_density
from robot_physicist.design.sequence.grid import refine
from robot_physicist.information.gain import eig_at
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.likelihood.marginal import marginalise
from robot_physicist.likelihood.workspace import patchset, published_models, workspace
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.statistics.grid_posterior import log_likelihood, normalise
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates
from validation.sequence_studies import DRAWS, Study

ROUNDS, FOLDS = 4, 10
Infer = Callable[[Study, FloatArray, FloatArray, FloatArray, np.random.Generator], FloatArray]
#: Index of the setting of the next round, from the grid of θ (K,), its prior (K,), the round and a generator.
Policy = Callable[[Study, FloatArray, FloatArray, int, np.random.Generator], int]


def gains(chosen: Study, theta: FloatArray, prior: FloatArray) -> FloatArray:
    """Expected information gain of one round at each setting, (S,), in nats."""
    return np.array([eig_at(chosen.points, chosen.rates(phi, theta), prior).value for phi in chosen.settings])


def adaptive(chosen: Study, theta: FloatArray, prior: FloatArray, _: int, __: np.random.Generator) -> int:
    return int(gains(chosen, theta, prior).argmax())


def randomly(chosen: Study, _: FloatArray, __: FloatArray, ___: int, rng: np.random.Generator) -> int:
    return int(rng.integers(len(chosen.settings)))


def always(index: int) -> Policy:
    return lambda *_: index


@dataclass(frozen=True)
class Chain:
    """One sequence: after each round sd, probability of values denser than the truth, and the setting, all (R,)."""

    sd: FloatArray
    denser: FloatArray
    settings: FloatArray


def chain(chosen: Study, policy: Policy, truth: float, seed: int, infer: Infer | None = None) -> Chain:
    """Run one sequence of rounds; the same seed gives all policies the same luck where they choose alike."""
    choice, luck, simulation = (np.random.default_rng([seed, stream]) for stream in (0, 1, 2))
    axes, support, prior = (chosen.grid,), (chosen.grid,), chosen.prior
    belief, rows = Belief((prior_density(axes, prior),)), []
    for round_ in range(ROUNDS):
        phi = chosen.settings[policy(chosen, axes[0], prior, round_, choice)]
        counts = observe(chosen, phi, truth, luck)
        rates = chosen.rates(phi, axes[0])
        logs = (infer or known_rates)(chosen, rates, counts, prior, simulation)
        posterior, _ = normalise(logs, prior)
        belief = Belief((*belief.terms, likelihood(axes, posterior[0], prior)))
        refined = refine(belief, axes, support, [chosen.parameter])
        axes, prior = refined.axes, refined.prior
        known = belief.marginal(axes, 0)
        rows.append((known.sd, known.denser_than_at(truth), phi))
    return Chain(*np.array(rows).T)


def known_rates(chosen: Study, rates: FloatArray, counts: FloatArray, *_: object) -> FloatArray:
    """Ln p(x|θ), (1, K), of counts (B,) from exact templates."""
    return log_likelihood(counts[None], rates, isinstance(chosen.exposure, EventCount))


def simulated_rates(
    chosen: Study, rates: FloatArray, counts: FloatArray, prior: FloatArray, rng: np.random.Generator, events: int
) -> FloatArray:
    """The same from templates of so many simulated events per θ, whose statistical errors are integrated out.

    As the stages do it: a workspace and a patchset are made from a simulation, then marginalised.
    """
    luminosity = chosen.exposure.model_dump().get("luminosity", 1.0)
    shape = rates / rates.sum(axis=1, keepdims=True)
    filled = rng.multinomial(events // FOLDS, np.repeat(shape[:, None], FOLDS, axis=1)).astype(float)
    points = tuple(f"{chosen.parameter}={index}" for index in range(len(rates)))
    axes, made = (Axis("x", 0, 1, rates.shape[1]),), np.full(len(rates), float(events))
    section = rates.sum(axis=1) / luminosity
    templates = Templates(points, axes, filled, filled, made, section, np.zeros(len(rates)), {})
    options: dict[str, Any] = {"simulation": Simulation(), "name": "sequence", "shapes": {}}
    base = workspace(templates, chosen.exposure, (), observed=None, **options)
    models = published_models(base, patchset(templates, chosen.exposure, (), base=base, **options))
    return marginalise(models, counts[None], prior, isinstance(chosen.exposure, EventCount), rng).log_likelihood


def observe(chosen: Study, phi: float, truth: float, rng: np.random.Generator) -> FloatArray:
    """Counts (B,) of one experiment."""
    rates = chosen.rates(phi, np.array([truth]))[0]
    if isinstance(chosen.exposure, EventCount):
        return rng.multinomial(chosen.exposure.events, rates / rates.sum()).astype(float)
    return rng.poisson(rates).astype(float)


def beforehand(chosen: Study) -> int:
    """The single setting whose data of all rounds together are expected to teach most, given the first prior."""
    size = chosen.exposure.model_dump()
    key = "events" if "events" in size else "luminosity"
    exposure = type(chosen.exposure)(**size | {key: ROUNDS * size[key]})
    points = data_points(
        exposure, chosen.points.uniforms.shape[2] - (key == "luminosity"), DRAWS, np.random.default_rng(0)
    )
    return int(
        np.argmax(
            [eig_at(points, ROUNDS * chosen.rates(phi, chosen.grid), chosen.prior).value for phi in chosen.settings]
        )
    )
