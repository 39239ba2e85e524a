"""The test that smooth templates describe simulated counts."""

import numpy as np
import pytest

from robot_physicist.statistics.lack_of_fit import lack_of_fit, lacking, shapes_in
from robot_physicist.statistics.polynomials import polynomials

LINE = np.linspace(-1, 1, 21)[:, None]
BINS = np.linspace(-1, 1, 12)


def lack(mean, seed, points=LINE, degree=3):
    """The test of counts against their true means, as if a fit of this degree had found them."""
    counts = np.random.default_rng([seed, 5]).poisson(mean).astype(float)
    return lack_of_fit(counts, smooth(mean), polynomials(points, degree).values, points)


def smooth(mean):
    """Means whose logarithms do not depend on θ."""
    return np.repeat(mean.mean(axis=0)[None], len(mean), axis=0)


@pytest.mark.parametrize("size", [1.0, 30.0, 1000.0])
def test_a_true_fit_is_refused_as_often_as_it_says(size):
    mean = np.repeat(size * np.exp(-2 * BINS**2)[None], 21, axis=0)
    found = [lack(mean, seed).p_value for seed in range(100)]
    assert np.mean(np.array(found) < 0.05) <= 0.12  # 5% expected; 12% has a chance of 0.5%
    assert 0.3 < np.mean(found) < 0.7


@pytest.mark.parametrize(
    "shape",
    [
        lambda t: np.cos(9 * t),
        lambda t: (t > 0.2) * 1.0,
        lambda t: np.maximum(np.abs(t) - 0.5, 0.0),
        lambda t: np.exp(-(t**2) * 50),
        lambda t: np.cos(10 * np.pi * t),
    ],
    ids=["wave", "step", "kinks", "bump", "alternating"],
)
def test_shapes_in_theta_are_seen_that_no_bin_alone_shows(shape):
    """Less than three standard deviations in any bin of a hundred events, but in all along a smooth direction."""
    height = shape(LINE)
    mean = 100 * np.exp(0.3 * (height - height.mean()) / height.std() * BINS)
    assert all(lack(mean, seed).refused for seed in range(5))


def test_sparse_bins_count_too():
    mean = np.full((21, 100), 1.0) * np.exp(1.2 * (LINE > 0.1) * np.linspace(-1, 1, 100))
    assert all(lack(mean, seed).refused for seed in range(5))


def test_the_shape_that_is_lacking_is_named():
    wave = np.cos(4 * np.pi * (np.arange(21) + 0.5) / 21)
    found = lack(300 * np.exp(0.2 * wave[:, None] * BINS), 1)
    best = found.shapes[found.best]
    assert abs(best @ wave) / np.linalg.norm(wave) > 0.9


def test_shapes_lack_what_functions_describe():
    functions, rows = polynomials(LINE, 3).values, np.linspace(1, 3, 21)
    left = lacking(shapes_in(LINE), functions, rows)
    assert np.linalg.norm(left, axis=1) == pytest.approx(np.ones(len(left)))
    assert np.abs(left @ (functions * rows[:, None])).max() < 1e-9


def test_two_parameters_have_shapes_along_both_and_across():
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
    checkerboard = (-1.0) ** grid.sum(axis=1)
    mean = 200 * np.exp(0.1 * checkerboard[:, None] * BINS)
    assert all(lack(mean, seed, grid, 2).refused for seed in range(5))


def test_one_bin_shows_nothing():
    found = lack(np.full((21, 1), 100.0), 1)
    assert found.p_value == 1.0
    assert not found.refused
