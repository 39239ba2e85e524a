"""Laplace's method against finite differences, closed forms and quadrature."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.nuisance_models import on_grid, quadrature
from support.workspaces import errors, everything, norm, plain

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.information.marginal_gain import one_event_probabilities
from robot_physicist.likelihood.laplace import expand, log_likelihood
from robot_physicist.likelihood.marginal import laplace_log_likelihood
from robot_physicist.statistics.grid_posterior import log_likelihood as fixed_log_likelihood


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
