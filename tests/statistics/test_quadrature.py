"""Adaptive quadrature over cells with tails, against closed forms; its errors hold."""

import numpy as np
import pytest

from robot_physicist.statistics.quadrature import GAUSS, KRONROD, NODES, Axis, cell_integrals, graded

NONE = np.empty(0)


def test_the_rules_integrate_polynomials():
    for power in range(23):
        assert pytest.approx(1 / (power + 1), rel=1e-15) == KRONROD @ NODES**power
    for power in range(14):
        assert pytest.approx(1 / (power + 1), rel=1e-15) == GAUSS @ NODES**power
    nodes, weights = np.polynomial.legendre.leggauss(7)
    assert NODES[1::2] == pytest.approx((1 + nodes) / 2, abs=1e-15)
    assert GAUSS[1::2] == pytest.approx(weights / 2, abs=1e-15)


@pytest.mark.parametrize("power", [0.25, 0.5])
def test_a_singular_edge_costs_digits_that_are_quoted(power):
    values, errors = cell_integrals(lambda x: (1 - power) * x[0] ** -power, [Axis(np.linspace(0, 1, 4), NONE)])
    truth = np.diff(np.linspace(0, 1, 4) ** (1 - power))
    assert (np.abs(values - truth) <= errors + 1e-14).all()


def test_a_step_across_a_plane():
    """Area of the quarter disc in four cells: a step along a curve, whose error is quoted."""
    axis = Axis(np.array([0.0, 0.5, 1.0]), NONE)
    values, errors = cell_integrals(lambda x: (x[0] ** 2 + x[1] ** 2 < 1).astype(float), [axis, axis])
    assert abs(values.sum() - np.pi / 4) <= errors.sum()
    assert errors.sum() < 1e-2


def test_infinite_cells_in_two_dimensions():
    whole = Axis(np.array([-np.inf, 0.0, np.inf]), NONE)
    values, errors = cell_integrals(lambda x: np.exp(-(x**2).sum(axis=0) / 2) / (2 * np.pi), [whole, whole])
    assert values == pytest.approx(np.full((2, 2), 0.25), abs=1e-12)
    assert errors.sum() < 1e-9


def test_grading_ends_and_keeps_the_points():
    points = np.array([0.0, 1e-9, 1.0, 1.0 + 1e-7, 50.0])
    found = graded(points)
    gaps = np.diff(found)
    assert set(points) <= set(found)
    assert (gaps[1:] <= 8.001 * gaps[:-1]).all()
    assert (gaps[:-1] <= 8.001 * gaps[1:]).all()
    assert len(found) < 200
