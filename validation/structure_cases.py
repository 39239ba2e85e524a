"""Truths that are not smooth in θ, and some that are: exact templates, what is recorded, how much is simulated."""

from collections.abc import Callable
from functools import cache

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount
from validation.coverage_cases import Case, Model, forward_backward, gaussian, two_parameters
from validation.muon_pairs import ANGLES, born_shape

Function = Callable[[FloatArray], FloatArray]


def along(shape: Function, direction: Function, size: float, points: int = 21, bins: int = 10) -> Model:
    """Points θ in [0, 1] and p ∝ 1 + size · shape(θ) · direction(x) with x in [−1, 1]."""
    theta, x = np.linspace(0, 1, points), (2 * np.arange(bins) + 1) / bins - 1
    density = 1 + size * shape(theta)[:, None] * direction(x)
    return theta[:, None], density / density.sum(axis=1, keepdims=True)


def line(x: FloatArray) -> FloatArray:
    return x


def alternating(theta: FloatArray) -> FloatArray:
    """+1 and −1 in turn."""
    return 1 - 2.0 * (np.arange(len(theta)) % 2)


def jumping_peak(points: int = 15, bins: int = 40) -> Model:
    """A peak on a falling spectrum whose place jumps at the middle of θ and drifts elsewhere."""
    theta, x = np.linspace(0, 1, points), (np.arange(bins) + 0.5) / bins
    place = 0.4 + 0.05 * theta + 0.03 * (theta > 0.5)
    density = np.exp(-x) + 0.8 * np.exp(-0.5 * ((x - place[:, None]) / 0.05) ** 2)
    return theta[:, None], density / density.sum(axis=1, keepdims=True)


def ridge(bins: int = 12) -> Model:
    """A kink along the diagonal of two parameters."""
    axis = np.linspace(-1, 1, 6)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    x = (2 * np.arange(bins) + 1) / bins - 1
    density = 1 + 0.35 * np.abs(points[:, :1] - points[:, 1:]) * x
    return points, density / density.sum(axis=1, keepdims=True)


def _case(title: str, model: Model, recorded: int, simulated: int) -> Case:
    return Case(title, *model, EventCount(events=recorded), simulated)


@cache
def cases() -> dict[str, Case]:
    """By name; a case's place is part of its seeds. The first four are those that methods were tried on."""
    found = [
        _case("cos 6πθ · x", along(lambda t: np.cos(6 * np.pi * t), line, 0.05), 1000, 5000),
        _case("kink", along(lambda t: 2 * np.abs(t - 0.5), line, 0.3), 900, 1000),
        _case("step", along(lambda t: 1.0 * (t > 0.5), line, 0.3), 1000, 1000),
        _case("step, 100 bins", along(lambda t: 1.0 * (t > 0.5), line, 0.6, bins=100), 100, 300),
        *_fresh(),
        *_smooth(),
    ]
    return {case.name: case for case in found}


def _fresh() -> list[Case]:
    def wave(x: FloatArray) -> FloatArray:
        return np.sin(np.pi * x)

    return [
        _case("sawtooth · x²", along(lambda t: 3 * t % 1, lambda x: 1.5 * x**2 - 0.5, 0.2, points=15), 500, 2500),
        _case("dip · sin πx", along(lambda t: 1 / (1 + ((t - 0.37) / 0.04) ** 2), wave, 0.25), 2000, 6000),
        _case("threshold · x", along(lambda t: np.sqrt(np.maximum(t - 0.3, 0)), line, 0.3), 1000, 4000),
        _case("cos 8πθ · x³", along(lambda t: np.cos(8 * np.pi * t), lambda x: x**3, 0.08, points=31), 2000, 8000),
        _case(
            "alternating · x", along(lambda t: 2.0 * (np.arange(len(t)) % 2) - 1, line, 0.06, points=12), 1000, 5000
        ),
        _case("box, 60 bins", along(lambda t: 1.0 * ((t > 0.2) & (t < 0.5)), wave, 0.5, bins=60), 60, 240),
        _case("peak that jumps", jumping_peak(), 300, 1500),
        _case("ridge in two θ", ridge(), 500, 1500),
        _case("weak step · x", along(lambda t: 1.0 * (t > 0.7), line, 0.1), 3000, 3000),
        _case("cos 10πθ · x, many", along(lambda t: np.cos(10 * np.pi * t), line, 0.03), 5000, 50_000),
    ]


def _smooth() -> list[Case]:
    return [
        _case("smooth: e⁺e⁻ 82 GeV", (ANGLES[:, None], born_shape(82)), 1000, 20_000),
        _case("smooth: Gaussian, variance 1", gaussian(1.0), 100, 2000),
        _case("smooth: two parameters", two_parameters(), 300, 6000),
        _case("smooth: no dependence", forward_backward(45), 1000, 10_000),
    ]
