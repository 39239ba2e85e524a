"""Exact gains of several observables, binned jointly, and of averages over events."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm
from support.exact_toys import OBSERVABLES, PRIOR, THETA, Correlated, Three, both, exact

from robot_physicist.information import exact as subject
from robot_physicist.information.gain import eig_one_event, gain
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.quantities.observable import Observable
from robot_physicist.simulators import load
from robot_physicist.simulators.probabilities import bin_probabilities


@pytest.mark.parametrize("rho", [0.0, 0.8, -0.99])
@pytest.mark.parametrize("overflow", ["include", "drop"])
def test_two_correlated_observables_are_binned_jointly(rho, overflow):
    """Against the distribution function of the bivariate normal; x keeps its tails, y loses them or not."""
    observables = {"x": Observable(**both(-1, 1, 2)), "y": Observable(**both(-2, 1, 3, overflow))}
    simulator = Correlated(Correlated.Options())
    point = {"theta": 0.4}
    found = bin_probabilities(simulator, {"correlation": rho}, [point], observables, np.random.default_rng(1))
    x, y = np.array([-40, 0, 40.0]), np.array([-2, -1, 0, 1.0])
    if overflow == "include":
        y[[0, -1]] = -40, 40
    law = {"mean": [0.4, -0.4], "cov": [[1, rho], [rho, 1]]}
    table = np.array([[multivariate_normal.cdf([a, b], **law) for b in y] for a in x])
    truth = np.diff(np.diff(table, axis=0), axis=1).ravel()
    assert found.values[0] == pytest.approx(truth, abs=1e-7)
    assert found.errors.max() < 1e-9


def test_the_gain_of_two_observables_is_that_of_their_difference_where_they_are_correlated(monkeypatch):
    """With many bins, the information of x − y ~ N(2θ, 2 − 2ρ): closed form by one-dimensional quadrature."""
    rho, sd = 0.6, np.sqrt(2 - 2 * 0.6)
    found, said = exact(
        Correlated(Correlated.Options()),
        {"x": both(-6, 6, 100), "y": both(-6, 6, 100)},
        {"correlation": rho},
        monkeypatch=monkeypatch,
        points=[-2, 2, 3],
    )
    means = 2 * np.array([-2.0, 0.0, 2.0])

    def integrand(d):
        p = norm.pdf(d, means, sd)
        return float((p * np.log(np.maximum(p, 1e-300) / max(p.mean(), 1e-300))).mean())

    truth = quad(integrand, -12, 12, epsabs=1e-12, limit=200, points=[-4, -2, 0, 2, 4])[0]
    assert said == []
    assert truth - 1e-3 < found.value <= truth + 1e-9


def test_observables_that_are_not_binned_are_integrated_out(monkeypatch):
    observable = both(-1, 1, 4)
    one, _ = exact(Correlated(Correlated.Options()), {"y": observable}, {"correlation": 0.7}, monkeypatch=monkeypatch)
    kind = load("gaussian")
    other, _ = exact(kind(kind.Options()), {"x": observable}, {"variance": 1.0}, monkeypatch=monkeypatch)
    assert one.value == pytest.approx(other.value, abs=1e-8)


def test_the_order_of_observables_is_that_of_the_campaign():
    simulator, rng = Correlated(Correlated.Options()), np.random.default_rng(1)
    x, y = Observable(**both(-1, 1, 2)), Observable(**both(-2, 1, 3))
    point = ({"correlation": 0.5}, [{"theta": 0.3}])
    first = bin_probabilities(simulator, *point, {"x": x, "y": y}, rng).values.reshape(2, 3)
    second = bin_probabilities(simulator, *point, {"y": y, "x": x}, rng).values.reshape(3, 2)
    assert second == pytest.approx(first.T, abs=1e-9)


def test_weights_come_from_densities_of_several_observables():
    simulator, setting = Correlated(Correlated.Options()), {"correlation": 0.5}
    sampler = simulator.prepare_weighted(setting, {"theta": 0.2}, [{"theta": 0.4}, {"theta": 0.2}])
    made = sampler.sample(40_000, np.random.default_rng(1))
    assert made.ratios[:, 1] == pytest.approx(np.ones(40_000))
    product = made.ratios[:, 0] * made.columns["x"]
    assert product.mean() == pytest.approx(0.4, abs=4 * product.std() / 200)


def three_bins(cut):
    """Probabilities of 3 × 2 × 2 bins at 11 θ of the simulator with three observables, in closed form."""
    x, y = np.array([-np.inf, -0.5, 0.5, np.inf]), np.array([-1.0, 0.0, 1.0])
    z = np.array([-np.inf, 0.0, np.inf])
    below = [np.maximum(norm.cdf(x, t) - norm.cdf(cut, t), 0) / norm.sf(cut, t) for t in THETA]
    first, last = np.diff(below, axis=1), np.diff(norm.cdf(z, -THETA[:, None]), axis=1)
    return np.einsum("ka,b,kc->kabc", first, np.diff(norm.cdf(y)), last).reshape(11, -1)


@pytest.mark.parametrize("exposure", [{"events": 1}, {"events": 20}, {"luminosity": 3}])
def test_three_observables_are_averaged_over_the_density(exposure, monkeypatch):
    cut = -1.0
    found, said = exact(Three(Three.Options()), OBSERVABLES, {"cut": cut}, exposure, monkeypatch)
    shape = three_bins(cut)
    rates = shape / shape.sum(axis=1, keepdims=True)
    chosen = Luminosity(**exposure) if "luminosity" in exposure else EventCount(**exposure)
    if "luminosity" in exposure:
        rates = 3 * ((THETA + 3) * norm.sf(cut, THETA))[:, None] * shape
    elif exposure["events"] > 1:
        rates *= exposure["events"]
    truth = gain(rates, chosen, PRIOR, 1 << 16, np.random.default_rng(5))
    assert said == []
    assert 0 < found.error < 0.01
    assert abs(found.value - truth.value) < 4 * np.hypot(found.error, truth.error)


def test_errors_of_averages_are_those_of_repetitions():
    """Twelve seeds: the quoted error of one event's gain is the spread, and there is no bias."""
    observables = {name: Observable(**entry) for name, entry in OBSERVABLES.items()}
    shape = three_bins(-1.0)
    truth = eig_one_event(shape / shape.sum(axis=1, keepdims=True), PRIOR)
    pulls = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = [{"theta": float(t)} for t in THETA]
        found = bin_probabilities(Three(Three.Options()), {"cut": -1.0}, points, observables, rng)
        integral = subject._Integral(EventCount(events=1), PRIOR, None, None)
        value = subject._gain(found, np.ones(11), integral, rng)
        pulls.append((value.value - truth) / value.error)
    assert abs(np.mean(pulls)) < 4 / np.sqrt(12)
    assert 0.5 < np.std(pulls) < 1.7


def test_averages_follow_the_seed(monkeypatch):
    once, again = (exact(Three(Three.Options()), OBSERVABLES, {"cut": 0.0}, None, monkeypatch)[0] for _ in range(2))
    assert once == again


@pytest.mark.parametrize("rho", [0.9999, 1 - 1e-7])
def test_ridges_too_narrow_for_a_quadrature_are_averaged(rho, monkeypatch):
    """y = x − 2θ but for a hair: one event tells three far θ apart, as long as it is in the range."""
    observables = {"x": both(-8, 8, 60), "y": both(-8, 8, 60)}
    simulator = Correlated(Correlated.Options())
    found, said = exact(simulator, observables, {"correlation": rho}, monkeypatch=monkeypatch, points=[-2, 2, 3])
    assert said == []
    assert abs(found.value - np.log(3)) <= 4 * found.error + 1e-6
    assert found.error < 1e-2
