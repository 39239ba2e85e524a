"""A family of possible truths behind simulated templates: the same dependence on θ, but stronger or weaker.

At strength 1 the templates depend on θ as strongly as the simulated ones do on average without their noise; at 0 not
at all. Simulating and fitting each of them again shows what noise makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..quantities.arrays import FloatArray
from ..quantities.exposure import EventCount, Exposure
from ..templates.choosing import chosen_anew, smoother
from ..templates.options import Simulation
from ..templates.rates import RateModel, no_rate, rate_model
from ..templates.smoothing import Fitted, Smoother, scaled
from ..templates.templates import Templates, expected


@dataclass(frozen=True)
class SecondLook:
    """Rates of the templates fitted to simulations of a known truth (R, K, B), and of repeated ones (R · M, K, B).

    What is repeated are the rates `held` (R, K, B) to be true behind each of the first.
    """

    seen: FloatArray
    held: FloatArray
    again: FloatArray


@dataclass(frozen=True)
class Hypotheses:
    """Templates of every strength: simulated counts (K, B), how they are smoothed, and the total rates."""

    exposure: Exposure
    background: FloatArray
    counts: FloatArray
    smoother: Smoother
    fitted: Fitted
    true: Fitted
    rate: RateModel

    @property
    def functions(self) -> int:
        """Number of functions of θ that the templates are made of, the constant one not counted."""
        return int(self.true.functions.shape[1]) - 1

    @property
    def smooth(self) -> bool:
        """Are there fewer functions than the points allow, so that the templates are smooth in θ?"""
        return self.functions + 1 < len(self.counts)

    @property
    def energy(self) -> float:
        """Σ z² of the dependence on θ at strength 1, in units of the noise."""
        return self.smoother.energy(self.true) + self.rate.energy

    @property
    def dimensions(self) -> int:
        """Directions in which noise can imitate a dependence on θ."""
        return int(max(self.counts.shape[1] - 1, 1)) * self.functions + self.rate.dimensions

    def observed(self) -> FloatArray:
        """Rates (K, B) of the fitted templates."""
        return self._rates(self.fitted, self.rate.fitted)

    def truth(self, strength: float) -> FloatArray:
        """Rates (K, B) of the true templates of a strength."""
        return self._rates(self.true.at(strength), self.rate.truth(strength))

    def simulate(self, strength: float, copies: int, rng: np.random.Generator) -> FloatArray:
        """Simulated counts (R, K, B) of repeated simulations."""
        mean = self.smoother.scale * self.true.at(strength).probabilities
        return rng.poisson(np.broadcast_to(mean, (copies, *mean.shape))).astype(np.float64)

    def repeat(self, copies: int, rng: np.random.Generator) -> FloatArray:
        """Simulated counts (R, K, B) that fluctuate around the real ones, whatever the truth."""
        return rng.poisson(np.broadcast_to(self.counts, (copies, *self.counts.shape))).astype(np.float64)

    def refitted(self, counts: FloatArray, strength: float, rng: np.random.Generator) -> FloatArray:
        """Rates (R, K, B) of templates fitted to simulated counts (R, K, B)."""
        fitted = self.smoother.fit(counts, self.true.at(strength).probabilities)
        return self._rates(fitted, self.rate.refitted(strength, len(counts), rng))

    def without_dependence(self, copies: int, rng: np.random.Generator) -> FloatArray:
        """Rates (R, K, B) of templates fitted to simulations of strength 0, their degree chosen each time."""
        probabilities = chosen_anew(self.smoother, self.simulate(0.0, copies, rng))
        return expected(probabilities, self.rate.refitted(0.0, copies, rng), self.exposure, self.background)

    def second_look(self, copies: int, repeats: int, rng: np.random.Generator) -> SecondLook:
        """Take simulations of strength 1 for real ones, and simulate what would be held true behind each.

        The total rates of all of them are those of strength 1.
        """
        first = self.smoother.fit(self.simulate(1.0, copies, rng), self.true.probabilities)
        held = self.smoother.unbiased(first).probabilities
        start = np.repeat(held, repeats, axis=0)
        again = self.smoother.fit(rng.poisson(self.smoother.scale * start).astype(np.float64), start)
        return SecondLook(
            seen=self._rates(first, self.rate.refitted(1.0, copies, rng)),
            held=expected(held, self.rate.truth(1.0), self.exposure, self.background),
            again=self._rates(again, self.rate.refitted(1.0, len(start), rng)),
        )

    def _rates(self, fitted: Fitted, accepted: FloatArray) -> FloatArray:
        return expected(fitted.probabilities, accepted, self.exposure, self.background)


def hypotheses(templates: Templates, exposure: Exposure, simulation: Simulation) -> Hypotheses:
    """The family of truths around simulated templates."""
    sumw, sumw2 = templates.sums()
    chosen = smoother(sumw, sumw2, templates.coordinates, simulation)
    counts, _ = scaled(sumw, sumw2)
    fitted = chosen.fit(counts)
    counted = isinstance(exposure, EventCount)
    rate = no_rate(len(counts)) if counted else rate_model(templates, simulation.max_degree)
    return Hypotheses(
        exposure=exposure,
        background=templates.background_total,
        counts=counts,
        smoother=chosen,
        fitted=fitted,
        true=chosen.unbiased(fitted),
        rate=rate,
    )
