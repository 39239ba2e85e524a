"""Gaussian processes against the textbook formulae."""

import numpy as np
import pytest

from robot_physicist.statistics.gaussian_process import fit


def test_the_process_of_two_points_is_that_of_the_normal_distribution():
    """With the hyperparameters that were found, mean and variance are the textbook formulae."""
    x, y, errors, place = np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.array([0.1, 0.3]), np.array([[0.25]])
    found = fit(x, y, errors, place, seed=1)

    def kernel(first, second):
        r = np.sqrt(5) * abs(first - second.T) / found.length_scales[0]
        return found.sd**2 * (1 + r + r**2 / 3) * np.exp(-r)

    inverse = np.linalg.inv(kernel(x, x) + np.diag(errors**2))
    weights = kernel(place, x) @ inverse
    assert found.mean == pytest.approx(found.level + weights @ (y - found.level), abs=1e-6)
    assert found.covariance == pytest.approx(kernel(place, place) - weights @ kernel(x, place), abs=1e-6)


def test_a_point_with_a_large_error_counts_less():
    x, places = np.linspace(0, 1, 6)[:, None], np.array([[0.4]])
    y = np.array([0.0, 0.1, 1.0, 0.1, 0.0, 0.0])
    doubted, believed = (
        fit(x, y, np.where(np.arange(6) == 2, error, 0.02), places, seed=1).mean[0] for error in (1.0, 0.02)
    )
    assert believed > 0.9
    assert doubted < 0.4
