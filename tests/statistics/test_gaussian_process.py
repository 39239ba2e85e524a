"""Gaussian processes against the textbook formulae, and their average against a fine grid of all processes."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from robot_physicist.statistics.gaussian_process import Points, learn, log_likelihoods, mixed


def test_every_process_of_two_points_is_that_of_the_normal_distribution():
    """With the hyperparameters that were found, mean and variance are the textbook formulae."""
    x, y, errors, place = np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.array([0.1, 0.3]), np.array([[0.25]])
    found = learn(Points(x, y, errors))
    means, covariances = found.predict(place)
    for sd, (length,), mean, covariance in zip(found.sds, found.length_scales, means, covariances, strict=True):

        def kernel(first, second, sd=sd, length=length):
            r = np.sqrt(5) * abs(first - second.T) / length
            return found.points.scale**2 + sd**2 * (1 + r + r**2 / 3) * np.exp(-r)

        inverse = np.linalg.inv(kernel(x, x) + np.diag(errors**2))
        weights = kernel(place, x) @ inverse
        level = found.points.level
        assert mean == pytest.approx(level + weights @ (y - level), abs=1e-6)
        assert covariance == pytest.approx(kernel(place, place) - weights @ kernel(x, place), abs=1e-6)


def test_a_point_with_a_large_error_counts_less():
    x, places = np.linspace(0, 1, 6)[:, None], np.array([[0.4]])
    y = np.array([0.0, 0.1, 1.0, 0.1, 0.0, 0.0])
    doubted, believed = (
        learn(Points(x, y, np.where(np.arange(6) == 2, error, 0.02))).marginal(places)[0][0] for error in (1.0, 0.02)
    )
    assert believed > 0.9
    assert doubted < 0.4


def points(dimensions, number, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.random((number, dimensions))
    return Points(x, np.sin(5 * x).sum(axis=1) + 0.1 * rng.standard_normal(number), np.full(number, 0.1))


@pytest.mark.parametrize("dimensions", [1, 3])
def test_likelihoods_are_those_of_scikit_learn(dimensions):
    made = points(dimensions, 12)
    nodes = np.random.default_rng(2).normal(-1, 0.5, (4, 1 + dimensions))
    for node, found in zip(nodes, log_likelihoods(made, nodes), strict=True):
        kernel = ConstantKernel(1.0) + ConstantKernel(np.exp(node[0])) * Matern(np.exp(node[1:]), nu=2.5)
        process = GaussianProcessRegressor(kernel, alpha=(made.errors / made.scale) ** 2 + 1e-8, optimizer=None)
        process.fit(made.x, (made.y - made.level) / made.scale)
        assert found == pytest.approx(process.log_marginal_likelihood(), abs=1e-9)


@pytest.mark.parametrize(("dimensions", "number"), [(1, 8), (2, 14)])
def test_the_average_over_processes_is_that_over_a_fine_grid(dimensions, number):
    made, z = points(dimensions, number), np.linspace(-3.5, 3.5, 61 if dimensions == 1 else 23)
    pulls = np.stack([axis.ravel() for axis in np.meshgrid(*[z] * (1 + dimensions))], axis=1)
    nodes = np.log([1.0, *[0.3] * dimensions]) + pulls * np.array([1.0, *[0.8] * dimensions])
    prior = np.exp(-(pulls**2).sum(axis=1) / 2)
    likelihood = np.exp(log_likelihoods(made, nodes))
    weights = prior * likelihood / (prior @ likelihood)
    mean = weights @ pulls[:, 1:]
    sd = np.sqrt(weights @ (pulls[:, 1:] - mean) ** 2)
    found = learn(made)
    # sixteen processes stand for the posterior, with a quarter of its width as their error at most
    assert np.log(found.length_scales / 0.3).mean(axis=0) / 0.8 == pytest.approx(mean, abs=0.25 * sd.min())
    evidence = np.log(prior @ likelihood / prior.sum()) - number * np.log(made.scale)
    assert found.log_likelihood == pytest.approx(evidence, abs=0.05)
    assert found.learnt == pytest.approx(((sd**2 + mean**2 - 1 - np.log(sd**2)) / 2).sum(), rel=0.1)


def test_points_that_all_agree_tell_next_to_nothing_of_a_length_scale():
    x = np.linspace(0, 1, 6)[:, None]
    errors = np.full(6, 0.02)
    silent = learn(Points(x, np.array([0.51, 0.49, 0.5, 0.48, 0.52, 0.5]), errors))
    telling = learn(Points(x, np.sin(4 * x[:, 0]), errors))
    assert silent.learnt < 0.1 < telling.learnt


def test_what_is_not_known_of_the_processes_makes_what_they_say_less_certain():
    found = learn(points(2, 10))
    place = np.array([[0.5, 0.5], [0.1, 0.9]])
    means, covariances = found.predict(place)
    mean, covariance = mixed(means, covariances)
    within = covariances.mean(axis=0).diagonal()
    assert (covariance.diagonal() > within).all()
    marginal, sd = found.marginal(place)
    assert marginal == pytest.approx(mean)
    assert sd**2 == pytest.approx(covariance.diagonal(), rel=1e-6)
