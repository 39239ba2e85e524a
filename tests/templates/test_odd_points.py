"""One θ whose acceptance or cross-section does not belong to the others."""

import numpy as np
import pytest

from robot_physicist.templates.odd_points import odd_points
from robot_physicist.templates.templates import Templates

SEEDS = 200


def templates(theta, acceptance, events, rng, half=None, section=None, error=0.0):
    made = np.full(len(theta), events)
    given = np.where(np.arange(len(theta)) == half, events // 2, events) if half is not None else made
    counts = rng.binomial(given, acceptance).astype(float)[:, None, None]
    sections = np.full(len(theta), np.nan) if section is None else section
    names = tuple(f"theta={value:.6g}" for value in theta)
    return Templates(names, (), counts, counts, made.astype(float), sections, error * sections, {})


SMOOTH = {
    "flat": lambda x: 0.6 + 0 * x,
    "line": lambda x: 0.3 + 0.4 * x,
    "exponential": lambda x: 0.05 * np.exp(2.5 * x),
    "peak": lambda x: 0.8 * np.exp(-(((x - 0.5) / 0.2) ** 2)) + 0.01,
    "turn-on": lambda x: 0.02 + 0.9 / (1 + np.exp(-(x - 0.5) / 0.05)),
    "threshold": lambda x: 0.02 + 0.8 * np.sqrt(np.clip(x - 0.4, 0, None)),
    "saturation": lambda x: np.minimum(1, 0.999 / (1 + np.exp(-(x - 0.2) / 0.06))),
    "oscillation": lambda x: 0.5 + 0.2 * np.cos(9 * x),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("points", "events"), [(5, 20000), (12, 20000), (21, 1000)])
def test_smooth_acceptances_are_no_surprise(name, points, events):
    theta, rng = np.linspace(0, 1, points), np.random.default_rng(1)
    found = [odd_points(templates(theta, SMOOTH[name](theta), events, rng), 5) for _ in range(SEEDS // 4)]
    assert sum(map(bool, found)) == 0


@pytest.mark.parametrize("name", ["flat", "line", "exponential"])
@pytest.mark.parametrize(("points", "events", "least"), [(12, 20000, 0.95), (21, 20000, 0.95)])
def test_half_of_the_events_at_one_point_are_missed(name, points, events, least):
    theta, rng = np.linspace(0, 1, points), np.random.default_rng(2)
    hits = 0
    for number in range(SEEDS // 4):
        half = number % points
        found = odd_points(templates(theta, SMOOTH[name](theta), events, rng, half), 5)
        assert len(found) < 2
        hits += any(f"the acceptance at theta={theta[half]:.6g} is" in text for text in found)
    assert hits >= least * (SEEDS // 4)


def test_few_points_claim_nothing():
    theta, rng = np.linspace(0, 1, 7), np.random.default_rng(3)
    assert odd_points(templates(theta, SMOOTH["flat"](theta), 10**6, rng, half=3), 5) == []


@pytest.mark.parametrize("error", [0.0, 0.002])
def test_a_cross_section_of_another_process_is_named(error):
    theta, rng = np.linspace(0, 1, 12), np.random.default_rng(4)
    section = 2.0 + theta**2
    assert odd_points(templates(theta, 0.5 + 0 * theta, 20000, rng, section=section, error=error), 5) == []
    section[7] *= 1.2
    (text,) = odd_points(templates(theta, 0.5 + 0 * theta, 20000, rng, section=section, error=error), 5)
    assert text.startswith(f"the cross-section at theta={theta[7]:.6g} is")
    assert "pb, and the smooth function through the other points gives 2.4" in text


def test_a_point_of_two_dimensions_is_named():
    axes = np.meshgrid(np.linspace(0, 1, 5), np.linspace(-1, 1, 5), indexing="ij")
    first, second = (axis.ravel() for axis in axes)
    rng = np.random.default_rng(5)
    made = templates(first, 0.3 + 0.2 * first + 0.1 * second**2, 20000, rng, half=12)
    names = tuple(f"a={x:.6g},b={y:.6g}" for x, y in zip(first, second, strict=True))
    (text,) = odd_points(Templates(names, *list(vars(made).values())[1:]), 4)
    assert "a=0.5,b=0 is" in text
