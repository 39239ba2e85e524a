"""Upper limits of counting experiments against formulae and sums."""

import math

import pytest
from scipy.optimize import brentq
from scipy.stats import norm, poisson
from support.counting_experiments import published

from robot_physicist.inference.upper_limits import upper_limits
from robot_physicist.quantities.errors import RecastError

NORMAL = norm()


def limits(*arguments, **options):
    base, patches = published(*arguments, **options)
    (limit,) = upper_limits(base, patches, ["mass=1"])
    return limit


def asymptotic(q, q_asimov):
    """CLs of an observed q̃ from its asymptotic distributions (Cowan, Cranmer, Gross, Vitells 2011, eqs. 64-67)."""
    root = math.sqrt(q_asimov)
    if q <= q_asimov:
        return NORMAL.sf(math.sqrt(q)) / NORMAL.sf(math.sqrt(q) - root)
    return NORMAL.sf((q + q_asimov) / (2 * root)) / NORMAL.sf((q - q_asimov) / (2 * root))


def profiled(n, rate, error, aux):
    """-2 ln L of n events and an auxiliary measurement of the relative rate, maximised by hand over that rate.

    γ solves γ² + γ(λε² - a) - nε² = 0 when n ~ Poisson(γλ), a ~ N(γ, ε).
    """
    if not error:
        return -2 * (n * math.log(rate) - rate)
    half = (aux - rate * error**2) / 2
    gamma = half + math.sqrt(half**2 + n * error**2)
    return -2 * (n * math.log(gamma * rate) - gamma * rate - (aux - gamma) ** 2 / (2 * error**2))


def by_hand(s, b, n, error=0.0):
    """Observed and expected upper limits on μ of a counting experiment with n ~ Poisson(γ(μs + b))."""

    def q(mu, events, aux):
        # the best μ ≥ 0 explains events and auxiliary measurement exactly, or is 0
        best = max((events / aux - b) / s, 0.0)
        return (
            profiled(events, mu * s + b, error, aux) - profiled(events, best * s + b, error, aux)
            if mu > best
            else 0.0
        )

    def asimov(mu):
        # background-only data with the auxiliary measurement that fits the observed data best
        half = (1.0 - b * error**2) / 2
        gamma = half + math.sqrt(half**2 + n * error**2) if error else 1.0
        return q(mu, gamma * b, gamma)

    observed = brentq(lambda mu: asymptotic(q(mu, n, 1.0), asimov(mu)) - 0.05, 1e-3, 60 * math.sqrt(b) / s)
    roots = [norm.isf(0.05 * norm.cdf(k)) + k for k in (-2, -1, 0, 1, 2)]
    band = [brentq(lambda mu, r=r: asimov(mu) - r**2, 1e-3, 60 * math.sqrt(b) / s) for r in roots]
    return observed, band


@pytest.mark.parametrize("n", [85, 100, 130])
@pytest.mark.parametrize("s", [0.02, 10.0, 3000.0])
def test_limits_of_a_counting_experiment(n, s):
    """No nuisance: everything is a formula. Signals of any size, data below, at and above the background."""
    observed, band = by_hand(s, 100.0, n)
    limit = limits([s], [100.0], [n])
    assert limit.signal == s
    assert limit.observed == pytest.approx(observed, rel=3e-4)
    assert limit.expected == pytest.approx(band, rel=3e-4)


@pytest.mark.parametrize("n", [400, 450])
def test_limits_with_an_uncertain_background(n):
    observed, band = by_hand(40.0, 400.0, n, error=0.05)
    exact, _ = by_hand(40.0, 400.0, n)
    base, patches = published([40.0], [400.0], [n], error=[20.0])
    # one parameter for signal and background, whose relative error is that of their sum at μ = 1
    patches["patches"][0]["patch"][0]["value"]["modifiers"].append(
        {"name": "mc", "type": "staterror", "data": [9.16515138991168]}
    )
    (limit,) = upper_limits(base, patches, ["mass=1"])
    assert limit.observed == pytest.approx(observed, rel=1e-3)
    assert limit.expected == pytest.approx(band, rel=1e-3)
    assert limit.observed > 1.2 * exact


def test_the_expected_limit_is_the_textbook_one():
    """With much background CLs excludes 1.96 √b events: the one-sided 95% of CLs, median, Gaussian."""
    limit = limits([1.0], [1e6], [10**6])
    assert limit.expected[2] == pytest.approx(norm.isf(0.025) * 1000, rel=2e-3)
    assert limit.observed == pytest.approx(limit.expected[2], rel=3e-4)


@pytest.mark.parametrize(("b", "precision"), [(100, 0.03), (10_000, 0.003)])
def test_limits_tend_to_exact_cls_with_many_events(b, precision):
    """CLs from sums over Poisson probabilities; counts are whole numbers, which the asymptotic formulae do not know."""
    n = b + 4
    exact = brentq(lambda s: poisson.cdf(n, s + b) / poisson.cdf(n, b) - 0.05, 1, b)
    assert limits([1.0], [float(b)], [n]).observed == pytest.approx(exact, rel=precision)


def test_a_signal_that_a_nuisance_hides_has_no_limit():
    with pytest.raises(RecastError, match=r"mass=1: no signal event is expected; remove the point"):
        limits([0.0], [100.0], [100])
