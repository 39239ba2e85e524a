"""Nuisance parameters integrated out, against closed forms, quadrature and brute force."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from workspaces import counting, errors, everything, norm, plain, ten_nuisances

from robot_physicist.histfactory.derivatives import respond
from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.information.gain import gain
from robot_physicist.information.marginal_gain import marginal_bound, marginal_gain, one_event_probabilities
from robot_physicist.likelihood import laplace
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.likelihood.laplace import expand, log_likelihood
from robot_physicist.likelihood.linearity import nearly_linear
from robot_physicist.likelihood.marginal import laplace_log_likelihood, marginalise
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.statistics.grid_posterior import log_likelihood as fixed_log_likelihood
from robot_physicist.statistics.grid_posterior import normalised
from robot_physicist.statistics.quantiles import poisson_quantiles
from robot_physicist.statistics.small_matrices import arrow

ONE = Luminosity(luminosity=1)


def on_grid(spec, values, **given):
    model = histfactory(spec)
    return [nuisances(model, {"mu": value, **given}) for value in values]


def one_bin(modifier, rate, extra=0.0):
    """A signal of `mu` times 10 events on a background with one uncertainty."""
    samples = [
        {"name": "background", "data": [rate], "modifiers": [modifier]},
        {"name": "signal", "data": [10.0], "modifiers": [plain("mu", "normfactor")]},
    ]
    samples += [{"name": "other", "data": [extra], "modifiers": []}] if extra else []
    return {"channels": [{"name": "c", "samples": samples}], "parameters": []}


def quadrature(models, counts, nodes=4000):
    """Ln p(x|θ) of one-nuisance models, (N, K): midpoint rule over the quantiles of the prior, which resolves them all."""
    uniforms = (np.arange(nodes) + 0.5) / nodes
    result = []
    for one in models:
        rates = np.maximum(one.model.rates(one.draw(uniforms[None])), 1e-300)
        logs = stats.poisson.logpmf(counts[:, :, None], rates[None]).sum(axis=1)
        result.append(np.log(np.exp(logs).mean(axis=1) + 1e-300))
    return np.array(result).T


def exact_gain(models, prior, most):
    """EIG of a one-bin experiment by summing over all counts."""
    counts = np.arange(most)[:, None]
    logs = quadrature(models, counts, 1000)
    evidence = np.exp(logs) @ prior
    assert evidence.sum() == pytest.approx(1, abs=1e-7)
    return float(stats.entropy(prior) - evidence @ stats.entropy(normalised(logs, prior), axis=1))


# Derivatives and linear algebra


@pytest.mark.parametrize("fixed_total", [False, True])
def test_gradient_and_curvature_are_those_of_finite_differences(fixed_total):
    one = nuisances(histfactory(everything()), {"mu": 1.2}, fixed=[f"free[{bin_}]" for bin_ in range(4)])
    assert len(one.whole) == 5
    assert one.local.shape[0] == 2
    parameters = one.draw(np.random.default_rng(3).uniform(0.2, 0.8, (len(one.index), 2)))
    counts = np.round(one.model.rates(parameters))
    present = one.local >= 0
    point = parameters[one.whole], np.where(present[..., None], parameters[one.local], 1.0)
    found = expand(one, point, counts, fixed_total, observed=True)

    def log_density(vector):
        full = parameters[:, :1].copy()
        full[one.index, 0] = vector
        rates = one.model.rates(full)
        prior = one.prior.log_density(one.index, vector[:, None]) + one.log_normalisation
        return float((log_likelihood(rates, counts[:, :1], fixed_total) + prior)[0])

    centre, steps = parameters[one.index, 0], 1e-3 * np.eye(len(one.index))
    assert found.value[0] == pytest.approx(log_density(centre), rel=1e-12)
    gradient = [(log_density(centre + s) - log_density(centre - s)) / 2e-3 for s in steps]
    ours = np.concatenate([found.gradient[0][:, 0], found.gradient[1][present][:, 0]])
    assert ours == pytest.approx(gradient, rel=1e-3, abs=1e-3)
    curvature = -np.array([[log_density(centre + s + t) - log_density(centre + s - t) - log_density(centre - s + t)
                            + log_density(centre - s - t) for s in steps] for t in steps]) / 4e-6  # fmt: skip
    half = 0.5 * np.linalg.slogdet(curvature)[1]
    assert found.curvature.half_log_determinant[0] == pytest.approx(half, abs=2e-3)
    step = np.concatenate([found.step[0][:, 0], found.step[1][present][:, 0]])
    assert step == pytest.approx(np.linalg.solve(curvature, gradient), rel=5e-3, abs=1e-3)


def test_slopes_of_rates_are_those_of_finite_differences():
    one = nuisances(histfactory(everything()), {"mu": 1.0})
    parameters = one.draw(np.random.default_rng(1).uniform(0.1, 0.9, (len(one.index), 3)))
    slopes = respond(one, parameters).slopes
    for position, index in enumerate(one.whole):
        up, down = parameters.copy(), parameters.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        numeric = (one.model.rates(up) - one.model.rates(down)) / 2e-6
        assert slopes[position] == pytest.approx(numeric, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("fixed_total", [False, True])
@pytest.mark.parametrize("observed", [False, True])
def test_sums_of_templates_give_the_derivatives_of_the_general_case(fixed_total, observed):
    """The model of all kinds of modifiers, its parameters of single bins held at values away from one."""
    full = histfactory(everything())
    local = {f"staterror_{c}[{b}]" for c, n in (("signal region", 3), ("control region", 4)) for b in range(n)}
    local |= {name for name in full.names if name.startswith(("fakes_", "free"))}
    one = nuisances(full, {"mu": 1.2, **{name: 0.9 + 0.05 * i for i, name in enumerate(sorted(local))}})
    assert one.morphing is not None
    assert len(one.whole) == 5
    general = replace(one)
    general.__dict__["morphing"] = None
    parameters = one.draw(np.random.default_rng(3).uniform(0.02, 0.98, (5, 40)))
    counts = np.random.default_rng(4).poisson(one.model.rates(parameters)).astype(float)
    point = parameters[one.whole], np.ones((*one.local.shape, 40))
    fast, slow = (expand(model, point, counts, fixed_total, observed) for model in (one, general))
    assert fast.value == pytest.approx(slow.value, rel=1e-13)
    assert fast.gradient[0] == pytest.approx(slow.gradient[0], rel=1e-11, abs=1e-10)
    assert fast.step[0] == pytest.approx(slow.step[0], rel=1e-9, abs=1e-11)
    halves = fast.curvature.half_log_determinant, slow.curvature.half_log_determinant
    assert halves[0] == pytest.approx(halves[1], rel=1e-11)


def test_arrow_matrices_are_solved_and_drawn_from():
    rng = np.random.default_rng(2)
    coupling, local = rng.normal(size=(1, 4, 3, 1)), rng.uniform(5, 9, (1, 1, 4, 1))
    removed = rng.normal(size=(3, 1)), rng.normal(size=(1, 4, 1))
    whole = 9 * np.eye(3)[..., None]
    dense = np.block([[whole[..., 0], coupling[0, :, :, 0].T], [coupling[0, :, :, 0], np.diag(local[0, 0, :, 0])]])
    vector = np.concatenate([removed[0][:, 0], removed[1][0, :, 0]])
    dense -= np.outer(vector, vector)
    found = arrow(whole, coupling, local, removed)
    right = rng.normal(size=7)
    first, second = found.solve(right[:3, None], right[None, 3:, None])
    assert np.concatenate([first[:, 0], second[0, :, 0]]) == pytest.approx(np.linalg.solve(dense, right))
    assert 2 * found.half_log_determinant[0] == pytest.approx(np.linalg.slogdet(dense)[1])
    many = found.repeat(200_000)
    drawn = many.draw(*(rng.normal(size=(*s, 200_000)) for s in ((3,), (1, 4), ())))
    sample = np.concatenate([drawn[0], drawn[1][0]])
    assert np.cov(sample) == pytest.approx(np.linalg.inv(dense), abs=0.004)
    assert many.log_density(*drawn)[:50] == pytest.approx(-0.5 * np.einsum("in,ij,jn->n", sample, dense, sample)[:50])


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 80.0, 1e5])
def test_poisson_counts_by_inversion_are_scipys(mean):
    uniforms = np.random.default_rng(1).uniform(size=2000)
    assert (poisson_quantiles(uniforms, np.full(2000, mean)) == stats.poisson.ppf(uniforms, mean).clip(0)).all()


# Known answers


def test_a_linear_gaussian_model_has_its_closed_form():
    """x ~ N(λ₀ + θ s, diag λ₀ + Δ Δᵀ), θ ~ N(0, 1): EIG = ½ ln(1 + sᵀ Σ⁻¹ s), up to 1/√events."""
    rates = np.array([4e6, 3e6, 5e6])
    signal, shifts = np.array([3e3, 1e3, -2e3]), np.array([[4e3, 2e3, 1e3], [-1e3, 3e3, 2e3]])
    modifiers = [
        {"name": f"h{i}", "type": "histosys",
         "data": {"hi_data": (rates + shift).tolist(), "lo_data": (rates - shift).tolist()}}
        for i, shift in enumerate(shifts)
    ]  # fmt: skip
    tilt = {"name": "theta", "type": "histosys",
            "data": {"hi_data": (rates + signal).tolist(), "lo_data": (rates - signal).tolist()}}  # fmt: skip
    sample = {"name": "s", "data": rates.tolist(), "modifiers": [*modifiers, tilt]}
    model = histfactory({"channels": [{"name": "c", "samples": [sample]}], "parameters": []})
    grid = np.linspace(-5, 5, 81)
    models = [nuisances(model, {"theta": value}) for value in grid]
    prior = stats.norm.pdf(grid) / stats.norm.pdf(grid).sum()
    covariance = np.diag(rates) + shifts.T @ shifts
    truth = 0.5 * math.log(1 + signal @ np.linalg.solve(covariance, signal))
    points = data_points(ONE, 3 + 2, 4096, np.random.default_rng(1))
    found, how = marginal_gain(models, prior, points, np.random.default_rng(2))
    assert truth == pytest.approx(0.8, abs=0.5)
    assert found.value == pytest.approx(truth, abs=4 * found.error + 1e-3)
    assert how.effective_fraction > 0.99
    counts = rates + np.array([[2e3, -1e3, 500.0]])
    gauss = [stats.multivariate_normal.logpdf(counts[0], rates + value * signal, covariance) for value in grid]
    posterior = normalised(np.array([gauss]), prior)
    assert normalised(laplace_log_likelihood(models, counts, False), prior) == pytest.approx(posterior, abs=2e-3)


def test_a_gamma_prior_gives_the_negative_binomial():
    """A shapesys of relative size r alone in its bin: γ ~ Γ(τ + 1, τ) with τ = r⁻², so x is negative binomial."""
    sample = {
        "name": "s",
        "data": [40.0],
        "modifiers": [errors("own", "shapesys", [40.0], 0.3), plain("mu", "normfactor")],
    }
    spec = {"channels": [{"name": "c", "samples": [sample]}], "parameters": []}
    tau = 1 / 0.3**2
    models, counts = on_grid(spec, [0.5, 1.0]), np.array([[10.0], [30.0], [40.0]])
    exact = np.array([stats.nbinom.logpmf(counts[:, 0], tau + 1, tau / (tau + mu * 40)) for mu in (0.5, 1.0)]).T
    assert quadrature(models, counts) == pytest.approx(exact, abs=1e-3)
    assert laplace_log_likelihood(models, counts, False) == pytest.approx(exact, abs=0.01)


def test_a_shapesys_has_the_auxiliary_counts_that_are_configured():
    """12 events seen where 4 were expected: γ ~ Γ(13, 4), so x is negative binomial."""
    sample = {
        "name": "s",
        "data": [10.0],
        "modifiers": [errors("own", "shapesys", [10.0], 0.5), plain("mu", "normfactor")],
    }
    spec = {"channels": [{"name": "c", "samples": [sample]}], "parameters": [{"name": "own", "auxdata": [12.0]}]}
    models, counts = on_grid(spec, [0.5, 1.0]), np.array([[10.0], [30.0], [40.0]])
    exact = np.array([stats.nbinom.logpmf(counts[:, 0], 13, 4 / (4 + mu * 10)) for mu in (0.5, 1.0)]).T
    assert quadrature(models, counts) == pytest.approx(exact, abs=1e-3)
    assert laplace_log_likelihood(models, counts, False) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("fixed_total", [False, True])
def test_without_nuisances_the_likelihood_is_that_of_the_rates(fixed_total):
    sample = {"name": "s", "data": [3.0, 5.0], "modifiers": [plain("mu", "normfactor")]}
    models = on_grid({"channels": [{"name": "c", "samples": [sample]}], "parameters": []}, [1.0, 2.0])
    counts = np.array([[2.0, 4.0], [0.0, 9.0], [7.0, 7.0]])
    exact = fixed_log_likelihood(counts, np.array([[3.0, 5.0], [6.0, 10.0]]), fixed_total)
    assert laplace_log_likelihood(models, counts, fixed_total) == pytest.approx(exact, abs=1e-12)
    points = data_points(ONE, 2, 1024, np.random.default_rng(1))
    found, how = marginal_gain(models, np.full(2, 0.5), points, np.random.default_rng(2))
    known = gain(np.array([[3.0, 5.0], [6.0, 10.0]]), ONE, np.full(2, 0.5), 1024, np.random.default_rng(1))
    assert found.value == pytest.approx(known.value, abs=3 * found.error)
    assert how.method == "no nuisance parameters"


def test_one_point_without_nuisances_does_not_spare_the_others_their_check():
    certain = one_bin(norm("b", 3.0, 0.02), 20.0)
    certain["channels"][0]["samples"][0]["modifiers"] = []
    models = on_grid(certain, [0.0]) + on_grid(HARD["huge normsys"], [1.0, 2.0])
    found = marginalise(models, np.array([[10.0], [25.0]]), np.full(3, 1 / 3), False, np.random.default_rng(1))
    assert found.how.method == "importance sampling"
    assert found.log_likelihood[:, 0] == pytest.approx(stats.poisson.logpmf([10, 25], 20))


@pytest.mark.parametrize(("low", "init"), [(-1.0, 1.0), (0.0, 0.0), (-1.0, 0.0)])
def test_a_free_factor_may_start_at_zero_and_end_below_it(low, init):
    """Maximum at k = −0.3 or 0.4, inside the bounds: Laplace's Gaussian has to be there for all its draws to count."""
    spec = one_bin(plain("k", "normfactor"), 400.0, extra=600.0)
    spec["parameters"] = [{"name": "k", "inits": [init], "bounds": [[low, 3.0]]}]
    models, counts = on_grid(spec, [0.0, 1.0]), np.array([[480.0 if low else 760.0]])
    found = marginalise(models, counts, np.full(2, 0.5), False, np.random.default_rng(1))
    assert found.log_likelihood == pytest.approx(quadrature(models, counts), abs=0.01)
    assert found.how.effective_fraction > 0.75  # the share of Gaussian draws


#: EIG about μ in 0 … 3 of `counting()`, by Gauss–Hermite quadrature (80 nodes) and the sum over all counts.
COUNTING_GAIN = 0.371692


def test_one_nuisance_by_gauss_hermite_quadrature():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    strengths, prior, counts = np.linspace(0, 3, 7), np.full(7, 1 / 7), np.arange(250.0)[:, None]
    rates = np.maximum(50 * (1 + 0.1 * nodes) + 10 * strengths[:, None], 0)  # clipped where the weight is below 1e-20
    densities = stats.poisson.pmf(counts[:, :, None], rates[None]) @ (weights / weights.sum()) + 1e-300
    gain_ = stats.entropy(prior) - (densities @ prior) @ stats.entropy(normalised(np.log(densities), prior), axis=1)
    assert gain_ == pytest.approx(COUNTING_GAIN, abs=5e-7)
    models = on_grid(counting(), strengths)
    likely = densities @ prior > 1e-5
    found = laplace_log_likelihood(models, counts[likely], False)
    assert normalised(found, prior) == pytest.approx(normalised(np.log(densities[likely]), prior), abs=1e-3)
    points = data_points(ONE, 1 + 1, 1 << 14, np.random.default_rng(3))
    estimate, how = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert estimate.value == pytest.approx(COUNTING_GAIN, abs=4 * estimate.error)
    assert estimate.error < 2e-3
    assert how.effective_fraction > 0.97
    assert not how.warnings


def test_ten_nuisances_against_brute_force():
    """The average of the likelihood over 2¹⁷ draws from the prior, with nothing clever about it."""
    models = [nuisances(histfactory(ten_nuisances(theta)), {}) for theta in (-0.4, 0.0, 0.4)]
    rng = np.random.default_rng(5)
    counts = rng.poisson(models[1].model.rates(models[1].draw(rng.random((10, 4))))).T.astype(float)
    brute, error = np.empty((4, 3)), np.empty((4, 3))
    uniforms = rng.random((10, 1 << 17))
    for k, one in enumerate(models):
        rates = one.model.rates(one.draw(uniforms))
        logs = counts @ np.log(rates) - rates.sum(axis=0)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        constant = -np.array([[math.lgamma(x + 1) for x in row] for row in counts]).sum(axis=1)
        brute[:, k] = np.log(weights.mean(axis=1)) + logs.max(axis=1) + constant
        error[:, k] = weights.std(axis=1) / weights.mean(axis=1) / np.sqrt(1 << 17)
    assert error.max() < 0.02
    found = laplace_log_likelihood(models, counts, False)
    assert (np.abs(found - brute) < 4 * error + 0.01).all()
    prior = np.full(3, 1 / 3)
    exact = marginalise(models, counts, prior, False, np.random.default_rng(1))
    assert exact.how.method == "Laplace's method"
    assert exact.how.effective_fraction > 0.98


def test_ignoring_nuisances_promises_too_much():
    strengths, prior = np.linspace(0, 3, 7), np.full(7, 1 / 7)
    rates = 50 + 10 * strengths[:, None]
    ignoring = gain(rates, ONE, prior, 1 << 14, np.random.default_rng(1)).value
    assert ignoring > COUNTING_GAIN + 0.08


# Where Laplace's method is not good enough

HARD = {
    "huge normsys": one_bin(norm("b", 3.0, 0.02), 20.0),
    "staterror of few events": one_bin(errors("stat", "staterror", [5.0], 0.8), 5.0),
}


@pytest.mark.parametrize("name", HARD)
def test_strongly_non_gaussian_nuisances_are_noticed_and_done_exactly(name):
    models, prior = on_grid(HARD[name], np.linspace(0, 2, 5)), np.full(5, 0.2)
    counts = np.arange(0.0, 40.0, 3.0)[:, None]
    truth = normalised(quadrature(models, counts), prior)
    rough = normalised(laplace_log_likelihood(models, counts, False), prior)
    assert np.abs(rough - truth).max() > 0.02
    found = marginalise(models, counts, prior, False, np.random.default_rng(1))
    assert found.how.method == "importance sampling"
    assert "not good enough" in found.how.warnings[0]
    assert normalised(found.log_likelihood, prior) == pytest.approx(truth, abs=0.02)
    points = data_points(ONE, 1 + 1, 1024, np.random.default_rng(3))
    estimate, how = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert how.warnings
    assert estimate.value == pytest.approx(exact_gain(models, prior, 1500), abs=4 * estimate.error + 2e-3)


def bent(high, low, rate=40.0):
    """A background whose histosys has these rates at +1 and −1."""
    return one_bin({"name": "h", "type": "histosys", "data": {"hi_data": [high], "lo_data": [low]}}, rate)


TREACHEROUS = {
    "two maxima, and where Laplace's method starts none": bent(60.0, 60.0),
    "rates that reach zero": bent(70.0, 10.0),
    "a quarter of an event": one_bin(errors("own", "shapesys", [8.0], 2.0), 8.0),
}


@pytest.mark.parametrize("name", TREACHEROUS)
def test_the_reported_error_holds_the_truth_where_the_gaussian_does_not_reach(name):
    """Gains from a Gaussian that saw all but a tail or a second maximum were wrong by 7 to 110 errors."""
    models, prior = on_grid(TREACHEROUS[name], np.linspace(0, 3, 4)), np.full(4, 0.25)
    points = data_points(ONE, 1 + 1, 4096 if "quarter" in name else 512, np.random.default_rng(3))
    estimate, _ = marginal_gain(models, prior, points, np.random.default_rng(4))
    assert estimate.value == pytest.approx(exact_gain(models, prior, 400), abs=3.5 * estimate.error)
    assert estimate.error < 0.006


def test_an_empty_bin_is_never_more_than_certain():
    """Rates below zero are none, so that no slope leads there."""
    models, counts = on_grid(TREACHEROUS["rates that reach zero"], [0.0, 1.0, 3.0]), np.array([[0.0]])
    assert (laplace_log_likelihood(models, counts, False) <= 0).all()
    found = marginalise(models, counts, np.full(3, 1 / 3), False, np.random.default_rng(1))
    assert found.log_likelihood == pytest.approx(quadrature(models, counts), abs=0.03)


def test_noise_of_importance_sampling_differs_between_data_sets():
    """The same data set 512 times: the mean over parts with their own draws has an error, which holds the truth."""
    models, prior = on_grid(HARD["huge normsys"], [0.0, 1.0, 2.0]), np.full(3, 1 / 3)
    counts = np.full((512, 1), 30.0)
    found = marginalise(models, counts, prior, False, np.random.default_rng(1))
    left = stats.entropy(normalised(found.log_likelihood, prior), axis=1).reshape(8, 64)
    truth = stats.entropy(normalised(quadrature(models, counts[:1]), prior)[0])
    assert np.ptp(left, axis=1).max() < 1e-9
    assert len(np.unique(left[:, 0])) == 8
    assert left.mean() == pytest.approx(truth, abs=4 * left[:, 0].std(ddof=1) / math.sqrt(8) + 1e-4)


def test_only_models_that_are_far_from_linear_are_checked_warily():
    def linear(modifier, rate=40.0, **parameters):
        spec = one_bin(modifier, rate)
        spec["parameters"] = [{"name": modifier["name"], **parameters}] if parameters else []
        return nearly_linear(on_grid(spec, [0.0, 1.0, 2.0]))

    assert nearly_linear([nuisances(histfactory(ten_nuisances(t)), {}) for t in (-1, 0, 1)])
    assert linear(norm("b", 1.3, 0.7))
    assert not linear(norm("b", 1.5, 0.7))
    assert linear(norm("b", 1.5, 0.7), rate=0.01)
    assert linear(errors("s", "staterror", [40.0], 0.25))
    assert not linear(errors("s", "staterror", [40.0], 0.26))
    assert linear(errors("s", "shapesys", [40.0], 0.25))
    assert not linear(errors("s", "shapesys", [40.0], 0.26))
    assert not linear(plain("k", "normfactor"))
    assert linear(bent(42.0, 37.0)["channels"][0]["samples"][0]["modifiers"][0])
    assert not linear(bent(43.0, 43.0)["channels"][0]["samples"][0]["modifiers"][0])


# A fixed number of events


def test_what_is_common_to_all_bins_changes_nothing_when_the_total_is_given():
    rates = [[30.0, 50.0, 20.0], [20.0, 40.0, 40.0]]
    models = []
    for row in rates:
        sample = {"name": "s", "data": row, "modifiers": [norm("efficiency", 1.2, 0.8), plain("mu", "normfactor")]}
        models += on_grid({"channels": [{"name": "c", "samples": [sample]}], "parameters": []}, [1.0])
    counts = np.array([[25.0, 45.0, 30.0], [40.0, 40.0, 20.0]])
    fixed = fixed_log_likelihood(counts, np.array(rates), True)
    assert laplace_log_likelihood(models, counts, True) == pytest.approx(fixed, abs=1e-9)


def test_a_shape_is_integrated_out_of_a_multinomial():
    sample = {"name": "s", "data": [30.0, 50.0], "modifiers": [
        plain("mu", "normfactor"),
        {"name": "tilt", "type": "histosys", "data": {"hi_data": [36.0, 45.0], "lo_data": [24.0, 55.0]}}]}  # fmt: skip
    (one,) = on_grid({"channels": [{"name": "c", "samples": [sample]}], "parameters": []}, [1.0])
    counts = np.array([[12.0, 28.0], [18.0, 22.0]])
    rates = one.model.rates(one.draw((np.arange(4000)[None] + 0.5) / 4000))
    chance = rates[0] / rates.sum(axis=0)
    exact = np.log(stats.binom.pmf(counts[:, :1], 40, chance[None]).mean(axis=1))
    assert laplace_log_likelihood([one], counts, True)[:, 0] == pytest.approx(exact, abs=0.01)
    assert one_event_probabilities([one], np.random.default_rng(1))[0, 0] == pytest.approx(chance.mean(), abs=1e-4)


# Invariants


def test_the_bound_is_below_the_gain_and_meets_it_for_the_true_model():
    models, prior = on_grid(counting(), [0.0, 1.0, 2.0]), np.full(3, 1 / 3)
    points = data_points(ONE, 2, 1 << 13, np.random.default_rng(3))
    best, _ = marginal_gain(models, prior, points, None)
    right = marginal_bound(models, models, prior, points)
    wrong = marginal_bound(models, on_grid(counting(relative=0.02), [0.0, 1.0, 2.0]), prior, points)
    assert right.value == pytest.approx(best.value, abs=4 * math.hypot(best.error, right.error))
    assert wrong.value < right.value - 0.01


def test_chunks_change_nothing(monkeypatch):
    models = [nuisances(histfactory(ten_nuisances(theta)), {}) for theta in (-0.4, 0.4)]
    counts = np.random.default_rng(1).poisson(80.0, (50, 20)).astype(float)
    whole = laplace_log_likelihood(models, counts, False)
    prior = np.full(2, 0.5)
    checked = marginalise(models, counts, prior, False, np.random.default_rng(2)).how
    monkeypatch.setattr("robot_physicist.likelihood.laplace.CHUNK", 1)
    assert laplace_log_likelihood(models, counts, False) == pytest.approx(whole, abs=2 * laplace.CONVERGED)
    again = marginalise(models, counts, prior, False, np.random.default_rng(2)).how
    assert again.method == checked.method == "Laplace's method"
    assert again.effective_fraction == pytest.approx(checked.effective_fraction, rel=1e-6)


def test_more_uncertainty_never_teaches_more():
    points = data_points(EventCount(events=50), 20 + 10, 1024, np.random.default_rng(3))
    gains = []
    for size in (0.0, 0.05, 0.2):
        models = [nuisances(histfactory(ten_nuisances(t, shapes=size)), {}) for t in np.linspace(-1, 1, 5)]
        gains.append(marginal_gain(models, np.full(5, 0.2), points, None)[0].value)
    assert gains[0] > gains[1] > gains[2]
