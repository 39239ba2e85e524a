"""Sequences of experiments: beliefs over rounds against closed forms, and grids that follow them."""

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal, norm

from robot_physicist.design.sequence.belief import FLOOR, Belief, Surface, likelihood, prior_density, too_coarse
from robot_physicist.design.sequence.grid import equal_steps, refine
from robot_physicist.quantities.labels import number, rounded

SUPPORT = (np.linspace(-4, 4, 17),)


def posterior(axes, prior, log_likelihood):
    weights = prior * np.exp(log_likelihood - log_likelihood.max())
    return weights / weights.sum()


def after(measurements, support=SUPPORT, prior=None):
    """Belief, grid and warnings after measurements of θ, each a value and its standard deviation."""
    axes = support
    prior = np.full(len(axes[0]), 1 / len(axes[0])) if prior is None else prior
    belief, warnings = Belief((prior_density(axes, prior),)), []
    for value, sd in measurements:
        logs = -((axes[0] - value) ** 2) / (2 * sd**2)
        belief = Belief((*belief.terms, likelihood(axes, posterior(axes, prior, logs), prior)))
        refined = refine(belief, axes, support, ["theta"])
        axes, prior = refined.axes, refined.prior
        warnings += refined.warnings
    return belief, axes, warnings


def test_rounds_multiply_as_normal_distributions_do():
    measurements = [(0.7, 0.6), (1.3, 0.4), (0.9, 0.2), (1.1, 0.1)]
    belief, axes, warnings = after(measurements)
    precision = sum(sd**-2 for _, sd in measurements)
    mean = sum(value * sd**-2 for value, sd in measurements) / precision
    known = belief.marginal(axes, 0)
    assert warnings == []
    assert known.mean == pytest.approx(mean, abs=1e-4 * precision**-0.5)
    assert known.sd == pytest.approx(precision**-0.5, rel=1e-3)
    assert [known.probability_below(mean + pull * precision**-0.5) for pull in (-2, -1, 0, 1, 2)] == pytest.approx(
        norm.cdf([-2, -1, 0, 1, 2]), abs=5e-4
    )
    assert known.denser_than_at(mean + precision**-0.5) == pytest.approx(0.6827, abs=2e-3)


def test_a_normal_prior_is_not_forgotten():
    prior = norm.pdf(SUPPORT[0], 0, 1)
    belief, axes, _ = after([(1.0, 0.5)], prior=prior / prior.sum())
    known = belief.marginal(axes, 0)
    assert (known.mean, known.sd) == (pytest.approx(0.8, abs=1e-4), pytest.approx(0.2**0.5, rel=1e-3))


def test_the_refined_grid_follows_the_posterior_with_as_many_points():
    _, (axis,), _ = after([(1.0, 0.1)])
    assert len(axis) == 17
    assert norm.ppf(1e-4) * 0.1 * 1.21 == pytest.approx(axis[0] - 1, rel=0.02)
    assert norm.isf(1e-4) * 0.1 * 1.21 == pytest.approx(axis[-1] - 1, rel=0.02)
    assert np.ptp(np.diff(axis)) < 1e-9
    assert all(float(number(value)) == value == rounded(value) for value in axis)


def test_the_prior_of_the_next_round_is_the_posterior_there():
    belief, axes, _ = after([(1.0, 0.1)])
    expected = norm.pdf(axes[0], 1.0, 0.1)
    assert belief.weights(axes) == pytest.approx(expected / expected.sum(), abs=1e-6)


def test_a_posterior_at_the_edge_of_its_grid_widens_it_and_says_so():
    belief, axes, warnings = after([(0.0, 0.1), (1.2, 0.1)])
    known = belief.marginal(axes, 0)
    assert len(warnings) == 1
    assert "theta touched the edge of its grid" in warnings[0]
    assert axes[0][-1] > 0.8
    # likelihoods go on beyond their grids as the parabolas that they are
    assert (known.mean, known.sd) == (pytest.approx(0.6, abs=1e-3), pytest.approx(0.1 / 2**0.5, rel=1e-2))


def test_no_grid_leaves_the_prior_whose_edge_is_warned_of():
    belief, axes, warnings = after([(6.0, 0.5), (6.0, 0.5)])
    assert axes[0][-1] <= 4
    assert axes[0][-1] > 3.9
    assert all("cut off by its prior, at 4" in warning for warning in warnings)
    assert len(warnings) == 2
    assert belief.marginal(axes, 0).mean < 4


def test_an_experiment_that_teaches_nothing_keeps_the_grid():
    _, axes, warnings = after([(0.0, 1e6)])
    assert (axes[0][0], axes[0][-1]) == (-4, 4)
    assert warnings == []


def test_a_posterior_on_one_point_says_only_that_theta_is_near():
    axes = (np.linspace(0, 8, 9),)
    prior = np.full(9, 1 / 9)
    seen = posterior(axes, prior, -((axes[0] - 3.2) ** 2) / (2 * 0.01**2))
    assert too_coarse(axes, seen)
    surface = likelihood(axes, seen, prior)
    assert surface.values.tolist() == [FLOOR, FLOOR, 0, 0, 0, FLOOR, FLOOR, FLOOR, FLOOR]
    known = Belief((prior_density(axes, prior), surface)).marginal(axes, 0)
    assert known.quantile(0.01) < 2.1
    assert known.quantile(0.99) > 3.9


def test_two_parameters_keep_their_correlation():
    axes = np.linspace(-4, 4, 17), np.linspace(-3, 3, 13)
    covariance = np.array([[0.5, 0.3], [0.3, 0.4]])
    density = multivariate_normal([0.5, -0.2], covariance)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    weights = density.pdf(points).ravel()
    prior = np.full(len(weights), 1 / len(weights))
    belief = Belief((prior_density(axes, prior), likelihood(axes, weights / weights.sum(), prior)))
    new = refine(belief, axes, axes, ["a", "b"])
    table = np.stack(np.meshgrid(*new.axes, indexing="ij"), axis=-1).reshape(-1, 2)
    found = np.cov(table.T, aweights=new.prior, ddof=0)
    assert found == pytest.approx(covariance, rel=0.02)
    assert [belief.marginal(new.axes, index).sd ** 2 for index in (0, 1)] == pytest.approx([0.5, 0.4], rel=0.02)


def test_uneven_grids_mean_the_same_density():
    axes = (np.array([-3.0, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 3]),)
    weights = norm.pdf(axes[0]) * np.gradient(axes[0])
    known = Belief((prior_density(axes, weights / weights.sum()),)).marginal(axes, 0)
    assert known.sd == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("points", [1, 2, 13, 400])
@pytest.mark.parametrize(("low", "high"), [(0.20001, 0.2123), (-3.3, 4.1), (91.1999, 91.2001), (-1e-7, 1e9)])
def test_equal_steps_stay_inside_and_nearly_fill_the_range(low, high, points):
    axis = equal_steps(low, high, points)
    assert len(axis) == points
    assert low <= axis[0]
    assert axis[-1] <= high
    assert points == 1 or np.ptp(axis) > 0.98 * (high - low)
    assert len({number(value) for value in axis}) == points


def test_a_surface_is_exact_for_a_parabola_between_and_beyond():
    surface = Surface((np.linspace(0, 1, 6),), -((np.linspace(0, 1, 6) - 0.3) ** 2))
    wanted = np.array([-0.5, 0.11, 0.77, 1.4])
    assert surface.at((wanted,)) == pytest.approx(-((wanted - 0.3) ** 2), abs=1e-12)


def test_single_points_stay():
    axes = (np.array([2.0]),)
    belief = Belief((prior_density(axes, np.ones(1)),))
    assert refine(belief, axes, axes, ["theta"]).axes[0].tolist() == [2.0]


def test_posteriors_over_rounds_are_calibrated():
    """Counts of mean 20 e^θ, three rounds, truths from the prior; the likelihood is no parabola."""
    rng, support = np.random.default_rng(11), (np.linspace(-2, 1, 13),)
    truths = rng.uniform(-2, 1, 200)
    ranks, denser = [], []
    for truth in truths:
        axes, prior = support, np.full(13, 1 / 13)
        belief = Belief((prior_density(axes, prior),))
        for count in rng.poisson(20 * np.exp(truth), 3):
            logs = count * axes[0] - 20 * np.exp(axes[0])
            belief = Belief((*belief.terms, likelihood(axes, posterior(axes, prior, logs), prior)))
            refined = refine(belief, axes, support, ["theta"])
            axes, prior = refined.axes, refined.prior
        known = belief.marginal(axes, 0)
        ranks.append(known.probability_below(truth))
        denser.append(known.denser_than_at(truth))
    assert kstest(ranks, "uniform").pvalue > 1e-3
    for level in (0.68, 0.95):
        assert np.mean(np.array(denser) < level) == pytest.approx(level, abs=4 * (level * (1 - level) / 200) ** 0.5)
