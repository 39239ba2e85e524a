"""Templates as smooth functions of θ."""

import dataclasses

import numpy as np
import pytest
from support.muon_pairs import ANGLES, born_shape

from robot_physicist.quantities.labels import number
from robot_physicist.statistics.deviance import MEANS, REFUSED, _moments, excess
from robot_physicist.statistics.polynomials import complete, polynomials
from robot_physicist.templates.choosing import smoother, template_shape
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.smoothing import filled, free
from robot_physicist.templates.templates import Templates

LINE = np.linspace(-1, 1, 15)[:, None]


def poisson(shape, events, seed=2):
    return np.random.default_rng(seed).poisson(events * shape / shape.sum(axis=1, keepdims=True)).astype(float)


def chosen(counts, points=LINE, **options):
    return smoother(counts, counts, points, Simulation(**options))


def test_polynomials_are_orthonormal_and_as_many_as_the_grid_allows():
    basis = polynomials(np.linspace(3, 9, 7)[:, None], 3)
    assert basis.values.T @ basis.values == pytest.approx(np.eye(4), abs=1e-12)
    assert basis.degrees.tolist() == [0, 1, 2, 3]
    assert polynomials(np.array([[0.0], [1.0]]), 5).values.shape == (2, 2)
    grid = np.stack(np.meshgrid(np.arange(3.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
    assert complete(grid).values.T @ complete(grid).values == pytest.approx(np.eye(12), abs=1e-12)


def test_the_degree_follows_the_data():
    assert chosen(poisson(np.ones((15, 4)), 1e4)).degree == 2
    bins = np.array([[0.0, 1.0, 0.0, -1.0]])
    assert chosen(poisson(np.exp(bins * LINE**3 - bins[:, ::-1] * LINE**2), 1e6)).degree >= 3


def test_a_tail_of_higher_degrees_is_shared_by_the_bins():
    """All bins follow one function of θ, whose cubic part no bin alone can see."""
    shape = np.exp(np.linspace(-1, 1, 20) * (LINE + 0.2 * LINE**3))
    shape /= shape.sum(axis=1, keepdims=True)
    ratios = []
    for seed in range(5):
        counts = poisson(shape, 1e4, seed)
        smooth = chosen(counts)
        stiff = dataclasses.replace(smooth, basis=polynomials(LINE, 2))
        assert smooth.degree == 2
        wrong, without = (np.log(one.fit(counts).probabilities / shape).std() for one in (smooth, stiff))
        ratios.append(wrong / without)
    assert np.mean(ratios) < 0.9


def test_a_box_in_theta_is_added_to_polynomials():
    shape = np.where(np.abs(LINE) < 0.2, 3.0, 1.0) * np.array([[1.0, 0.0, 0.0]]) + 1.0
    counts = poisson(shape, 1e6)
    best = chosen(counts)
    assert not best.rough
    assert 1 <= best.added <= 4
    pulls = best.fit(counts).probabilities / shape * shape.sum(axis=1, keepdims=True) - 1
    assert np.abs(pulls).max() < 0.01


def test_bins_stay_free_where_every_point_is_another_matter():
    shape = np.random.default_rng(1).dirichlet(np.ones(5), 15)
    counts = poisson(shape, 1e6)
    best = chosen(counts)
    assert best.rough
    assert best.fit(counts).probabilities == pytest.approx(counts / counts.sum(axis=1, keepdims=True))


def test_smooth_templates_are_rarely_refused_also_where_counts_are_few():
    """One in twenty may get a function too many, and one in a hundred free bins."""
    shape = np.exp(-((np.linspace(-4, 4, 40) - LINE) ** 2) / 2)
    found = [chosen(poisson(shape, 300, seed)) for seed in range(40)]
    assert sum(one.rough for one in found) <= 2
    assert sum(one.added > 0 for one in found) <= 5


def test_moments_of_the_deviance_are_those_of_poisson_counts():
    mean, variance = _moments()
    assert mean[-1] == pytest.approx(1, abs=0.01)
    assert variance[-1] == pytest.approx(2, abs=0.05)
    # One event or none: 2 μ with probability 1 − μ.
    assert mean[0] == pytest.approx(2 * MEANS[0] - 2 * MEANS[0] * np.log(MEANS[0]) - 2 * MEANS[0], rel=0.01)
    ones = np.ones(1000)
    assert excess(np.random.default_rng(1).poisson(ones).astype(float), ones, 0) <= REFUSED
    assert excess(np.random.default_rng(1).poisson(1.5 * ones).astype(float), ones, 0) > REFUSED


def test_empty_bins_keep_a_positive_probability():
    counts = np.array([[50.0, 0.0, 0.0], [50.0, 3.0, 0.0], [50.0, 9.0, 0.0]])
    for probabilities in (
        chosen(counts, np.arange(3.0)[:, None]).fit(counts).probabilities,
        free(counts, counts, 0.5),
    ):
        assert (probabilities > 0).all()
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(3))
    assert filled(counts, 0.5)[0].sum() < 50.5


def test_all_events_in_one_bin():
    counts = np.zeros((15, 4))
    counts[:, 2] = 100
    probabilities = chosen(counts).fit(counts).probabilities
    assert probabilities[:, 2] == pytest.approx(np.ones(15), abs=0.01)


def test_weights_change_neither_shape_nor_accuracy():
    """Events in one half of the range carry three times the weight: shapes follow the weights, errors the counts."""
    shape, rng = born_shape(82), np.random.default_rng(10)
    weights = np.where(np.arange(20) < 10, 1.0, 3.0)
    drawn = shape / weights
    counts = rng.poisson(1e6 * drawn / drawn.sum(axis=1, keepdims=True)).astype(float)
    probabilities, errors = shape_of(counts * weights, counts * weights**2, "polynomial")
    pulls = (probabilities / shape - 1) / errors
    assert np.abs(pulls).max() < 5
    assert pulls.std() < 1.3
    _, free_errors = shape_of(counts * weights, counts * weights**2, "none")
    assert free_errors == pytest.approx(1 / np.sqrt(counts), rel=1e-3)
    assert (errors < free_errors).all()


def shape_of(sumw, sumw2, smoothing):
    unknown = np.full(21, np.nan)
    names = tuple(f"t={number(angle)}" for angle in ANGLES)
    made = Templates(names, (), sumw[:, None], sumw2[:, None], np.full(21, 1e6), unknown, unknown, {})
    return template_shape(made, Simulation(smoothing=smoothing))


def held_out(folds, made, degree):
    """Log-likelihood of each tenth of the events (F, K, B) under the fit to the other nine, added."""
    total = 0.0
    for fold in folds:
        rest = folds.sum(axis=0) - fold
        scale = np.broadcast_to(rest.sum(axis=1, keepdims=True), rest.shape)
        fitted = dataclasses.replace(made, degree=degree, scale=scale, basis=polynomials(LINE, 5)).fit(rest)
        total += (fold * np.log(fitted.probabilities)).sum()
    return total


def shapes():
    bins = np.linspace(-1, 1, 20)
    cubic = np.exp(np.sin(5 * bins) * LINE**3 + bins * LINE)
    quartic = np.exp(np.cos(4 * bins) * LINE**4 + bins**3 * LINE + np.sin(7 * bins) * LINE**2)
    peak = np.exp(-((4 * bins - LINE) ** 2) / 2)
    smooth = [shape / shape.sum(axis=1, keepdims=True) for shape in (cubic, quartic, peak)]
    return [*smooth, born_shape(82)[3:18], born_shape(96.5)[3:18]]


def test_aic_chooses_degrees_as_well_as_the_held_out_likelihood_does():
    """Measured by what counts: the loss of log-likelihood for new events, whose distribution is known here."""
    losses, same = [], []
    for shape in shapes():
        for events in (1000, 10_000):
            for seed in range(3):
                rng = np.random.default_rng([seed, events])
                folds = rng.multinomial(events // 10, np.repeat(shape[None], 10, axis=0)).astype(float)
                counts = folds.sum(axis=0)
                made = chosen(counts)
                other = 2 + int(np.argmax([held_out(folds, made, degree) for degree in range(2, 6)]))
                fits = [dataclasses.replace(made, degree=degree).fit(counts) for degree in (made.degree, other)]
                losses.append([events * (shape * np.log(shape / fit.probabilities)).sum() for fit in fits])
                same.append(made.degree == other)
    by_aic, by_held_out = np.array(losses).sum(axis=0)
    assert by_aic < 1.02 * by_held_out
    assert np.mean(same) > 0.75
