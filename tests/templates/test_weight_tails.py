"""Tails of event weights."""

import numpy as np
import pytest

from robot_physicist.templates.weight_tails import HEAVY, MOST, Largest, pareto_shapes


@pytest.mark.parametrize("shape", [0.3, 0.5, 0.9])
def test_the_shape_of_pareto_weights_is_found(shape):
    weights = np.sort(np.random.default_rng(1).pareto(1 / shape, (8, 20_000)), axis=1)
    assert pareto_shapes(weights, 20_000) == pytest.approx(np.full(8, shape), abs=0.15)


def test_blocks_of_events_make_no_difference():
    weights = np.random.default_rng(2).pareto(2, (7000, 3))
    whole, blocks = Largest(3), Largest(3)
    whole.add(weights)
    for block in np.array_split(weights, [1, 30, 4000]):
        blocks.add(block)
    assert (whole.shapes() == blocks.shapes()).all()
    assert whole.values.shape == (3, MOST + 1)


@pytest.mark.parametrize("events", [0, 3, 24])
def test_few_events_have_no_tail(events):
    found = Largest(2)
    found.add(np.random.default_rng(3).pareto(1, (events, 2)))
    assert (found.shapes() == 0).all()


def test_equal_weights_have_no_tail():
    found = Largest(2)
    found.add(np.ones((1000, 2)) * [0.0, 3.0])
    assert (found.shapes() == 0).all()


def test_bounded_weights_are_not_heavy():
    found = Largest(1)
    found.add(np.random.default_rng(4).uniform(0, 2, (5000, 1)))
    assert found.shapes()[0] < HEAVY / 2
