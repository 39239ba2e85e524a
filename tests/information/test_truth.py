"""Whole estimates from simulated counts against references that are exact to many digits and made independently.

Bin probabilities come from adaptive quadrature of densities that are written down here, gains from the sum over every
possible data set: all ways to distribute n events over few bins, or all Poisson counts up to where they are impossible.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, logsumexp, ndtr
from support.muon_pairs import ANGLES, simulated

from robot_physicist.information.finite_simulation import GainEstimates, information_gain
from robot_physicist.information.gain import eig_original, gain, lower_bound_at
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.exposure import INVERSE_PICOBARN, EventCount, Luminosity
from robot_physicist.quantities.labels import label
from robot_physicist.templates.options import Simulation

SIMULATIONS = 4


@dataclass(frozen=True)
class Case:
    """Points (K, P), exact bin probabilities (K, B), recorded and simulated events."""

    make: Callable[[], tuple[np.ndarray, np.ndarray]]
    recorded: int
    simulated: int

    @property
    def exposure(self):
        return EventCount(events=self.recorded)


def integrated(density, edges):
    """Probabilities of bins by adaptive quadrature, normalised to all bins."""
    parts = np.array([quad(density, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in pairwise(edges)])
    return parts / parts.sum()


def gaussian(variance, bins):
    def make():
        theta, edges = np.linspace(-2, 2, 11), np.linspace(-3, 3, bins + 1)
        edges[[0, -1]] = -np.inf, np.inf
        return theta[:, None], np.diff(ndtr((edges - theta[:, None]) / np.sqrt(variance)), axis=1)

    return make


def asymmetry(sqrt_s, s2):
    """A_FB = ¾ D/S at tree level, with the measured width that runs with s."""
    z, width, s = 91.1876, 2.4955, sqrt_s**2
    couplings = {"L": -0.5 + s2, "R": s2}
    pole = s / complex(s - z**2, s * width / z) / (s2 * (1 - s2))
    amplitude = {i + j: abs(1 + couplings[i] * couplings[j] * pole) ** 2 for i in "LR" for j in "LR"}
    same, opposite = amplitude["LL"] + amplitude["RR"], amplitude["LR"] + amplitude["RL"]
    return 0.75 * (same - opposite) / (same + opposite)


def born(sqrt_s, bins):
    def make():
        slopes, edges = [asymmetry(sqrt_s, s2) for s2 in ANGLES], np.linspace(-1, 1, bins + 1)
        shape = [integrated(lambda c, a=a: 0.375 * (1 + c * c) + a * c, edges) for a in slopes]
        return ANGLES[:, None], np.array(shape)

    return make


def forward_backward(phi, bins):
    def make():
        theta, edges = np.linspace(-1, 1, 11), np.linspace(-1, 1, bins + 1)
        slopes = 2 * theta * np.tanh(10 * (2 * phi - 90) / 90)
        shape = [integrated(lambda c, a=a: max(0.0, 1 + c * c + a * c), edges) for a in slopes]
        return theta[:, None], np.array(shape)

    return make


def two_parameters():
    axis = np.linspace(-1, 1, 5)
    points = np.array([(a, b) for a in axis for b in axis])
    shape = [integrated(lambda x, a=a, b=b: np.exp(a * x + b * x * x), np.linspace(0, 1, 5)) for a, b in points]
    return points, np.array(shape)


def kinked():
    theta = np.linspace(-1, 1, 21)
    weights = np.exp(np.abs(theta)[:, None] * np.array([1.0, 0.0, -1.0]))
    return theta[:, None], weights / weights.sum(axis=1, keepdims=True)


CASES = {
    "Gaussian, one event": Case(gaussian(1, 12), 1, 1000),
    "Gaussian, ten events": Case(gaussian(1, 4), 10, 3000),
    "born 82, one event": Case(born(82, 20), 1, 1000),
    "born 91, one event": Case(born(91, 20), 1, 10_000),
    "born 82, 100 events": Case(born(82, 3), 100, 3000),
    "born 91, 100 events": Case(born(91, 3), 100, 10_000),
    "born 82, 1000 events": Case(born(82, 2), 1000, 10_000),
    "born 91, 1000 events": Case(born(91, 2), 1000, 100_000),
    "born 96.5, 1000 events": Case(born(96.5, 2), 1000, 10_000),
    "forward-backward 50, one event": Case(forward_backward(50, 20), 1, 300),
    "forward-backward 50, 30 events": Case(forward_backward(50, 3), 30, 3000),
    "forward-backward 44, 30 events": Case(forward_backward(44, 3), 30, 10_000),
    "forward-backward, blind": Case(forward_backward(45, 3), 30, 3000),
    "two parameters, one event": Case(two_parameters, 1, 3000),
    "two parameters, 30 events": Case(two_parameters, 30, 3000),
    "kink, 30 events": Case(kinked, 30, 30_000),
}


def compositions(events, bins):
    """All ways to distribute events over bins, (D, B)."""
    if bins == 1:
        return np.array([[events]])
    parts = [np.insert(compositions(events - first, bins - 1), 0, first, axis=1) for first in range(events + 1)]
    return np.concatenate(parts)


def summed(log_likelihood):
    """I(θ; x) = Σ_k π_k Σ_x p(x|θ_k) ln p(x|θ_k)/p(x) over all data, from ln p(x|θ_k) (D, K), uniform prior."""
    chance = np.exp(log_likelihood)
    assert chance.sum(axis=0) == pytest.approx(np.ones(chance.shape[1]), abs=1e-9)
    evidence = logsumexp(log_likelihood, axis=1, keepdims=True) - np.log(log_likelihood.shape[1])
    return float((chance * (log_likelihood - evidence)).sum(axis=0).mean())


@cache
def reference(name):
    """Points, bin probabilities and the exact gain of a case."""
    points, shape = CASES[name].make()
    counts = (
        np.eye(shape.shape[1]) if CASES[name].recorded == 1 else compositions(CASES[name].recorded, shape.shape[1])
    )
    constant = gammaln(counts.sum(axis=1) + 1) - gammaln(counts + 1).sum(axis=1)
    return points, shape, summed(counts @ np.log(shape).T + constant[:, None])


def estimate(points, shape, exposure, size, seed, **sections) -> GainEstimates:
    rng = np.random.default_rng(seed)
    made = simulated(shape, size, rng, **sections)
    names = tuple(label({f"t{i}": value for i, value in enumerate(point)}) for point in points)
    made = type(made)(**{**vars(made), "points": names})
    prior = np.full(len(points), 1 / len(points))
    return information_gain(made, exposure, prior, Estimator(draws=1024, replicas=32), Simulation(), rng)


def check(results, truth):
    """Three of four intervals of 95% hold the truth, unless chances of 1.4% come true; no value is far away."""
    intervals = [result.corrected for result in results]
    assert sum(found.low - 1e-9 <= truth <= found.high + 1e-9 for found in intervals) >= SIMULATIONS - 1
    assert all(abs(found.value - truth) <= 4 * found.error + 1e-9 for found in intervals)
    assert all(result.cross_fitted.value < truth + 3 * result.cross_fitted.error + 1e-9 for result in results)


@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_exact_gain(name):
    points, shape, truth = reference(name)
    case = CASES[name]
    results = [estimate(points, shape, case.exposure, case.simulated, seed) for seed in range(SIMULATIONS)]
    check(results, truth)
    refused = [result.rough or result.added > 0 for result in results]
    assert all(refused) if name.startswith("kink") else sum(refused) <= 1


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].recorded > 1])
def test_sampled_gains_agree_with_the_sum_over_all_data(name):
    points, shape, truth = reference(name)
    exposure, prior = CASES[name].exposure, np.full(len(points), 1 / len(points))
    rates = exposure.events * shape
    sampled = gain(rates, exposure, prior, 1 << 14, np.random.default_rng(1))
    drawn = eig_original(rates, exposure, prior, 1 << 14, np.random.default_rng(2))
    nodes = data_points(exposure, shape.shape[1], 1 << 14, np.random.default_rng(3))
    bound = lower_bound_at(nodes, rates, rates, prior)
    for found in (sampled, drawn, bound):
        assert abs(found.value - truth) <= 3 * found.error + 1e-9
    assert sampled.error < 1e-3


def test_one_event_is_exact_to_all_digits():
    for name in (name for name in CASES if CASES[name].recorded == 1):
        points, shape, truth = reference(name)
        prior = np.full(len(points), 1 / len(points))
        found = gain(shape, EventCount(events=1), prior, 64, np.random.default_rng(0))
        assert found.value == pytest.approx(truth, rel=1e-10, abs=1e-14)


def test_a_luminosity_against_the_sum_over_all_poisson_counts():
    """The total rate informs too: σ grows by half over the grid, and is known to 0.5%."""
    points, shape, _ = reference("born 91, 1000 events")
    section, exposure = np.linspace(40, 60, len(points)), Luminosity(luminosity=1, unit="pb-1")
    assert INVERSE_PICOBARN["pb-1"] == 1
    rates = section[:, None] * shape
    axis = np.arange(151)
    counts = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    logs = counts @ np.log(rates).T - rates.sum(axis=1) - gammaln(counts + 1).sum(axis=1)[:, None]
    truth = summed(logs)
    prior = np.full(len(points), 1 / len(points))
    sampled = gain(rates, exposure, prior, 1 << 14, np.random.default_rng(1))
    assert abs(sampled.value - truth) <= 3 * sampled.error
    rng, error = np.random.default_rng(4), 0.005
    noisy = [section * (1 + error * rng.standard_normal(len(points))) for _ in range(SIMULATIONS)]
    results = [
        estimate(points, shape, exposure, 10_000, seed, section=values, section_error=error * section)
        for seed, values in enumerate(noisy)
    ]
    check(results, truth)


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("born 82, one event", 0.00369999961662863),
        ("born 82, 1000 events", 0.700355458507111),
        ("forward-backward 50, 30 events", 0.902209960745648),
    ],
)
def test_references_are_those_of_thirty_digits(name, pinned):
    """The same sums and integrals by mpmath 1.4.1 with mp.dps = 30, written down with 15 digits."""
    assert reference(name)[2] == pytest.approx(pinned, rel=1e-10)
