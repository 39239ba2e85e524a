"""What a measurement is worth, where normal distributions say it exactly."""

import numpy as np
import pytest
from scipy.stats import norm

from robot_physicist.design.search.acquisition import Belief, expected_regret, knowledge_gradient


def test_a_measurement_at_an_independent_place_is_worth_its_expected_improvement():
    mean, sd, error = np.array([0.3, 0.1]), np.array([1e-9, 0.5]), 0.2
    belief = Belief(mean, np.diag(sd**2), np.array([True, False]))
    change = sd[1] ** 2 / np.hypot(sd[1], error)
    pull = (mean[1] - mean[0]) / change
    improvement = change * (pull * norm.cdf(pull) + norm.pdf(pull))
    assert knowledge_gradient(belief, [1], [error])[0] == pytest.approx(improvement, rel=0.02)


def test_a_measurement_takes_away_as_much_variance_as_bayes_theorem_says():
    belief = Belief(np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([True, True]))
    after = belief.after(0, error=1.0)
    assert after.covariance == pytest.approx(np.array([[0.5, 0.25], [0.25, 0.875]]))


def test_the_expected_regret_of_two_places_is_that_of_the_normal_distribution():
    belief = Belief(np.array([0.2, 0.0]), np.diag([0.09, 0.16]), np.array([True, True]))
    difference, pull = 0.5, 0.2 / 0.5
    exact = difference * (norm.pdf(pull) - pull * norm.cdf(-pull))
    assert expected_regret(belief, np.random.default_rng(1), 200_000) == pytest.approx(exact, rel=0.02)
