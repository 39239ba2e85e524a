"""Fits to observed data: p-values, the statistic of pyhf, bands and samples."""

import numpy as np
import pytest
from scipy import stats
from support.simulated_normal import PRIOR, SYSTEMATICS, published

from robot_physicist.inference.observed_fit import fitter, goodness, observed_fit
from robot_physicist.inference.posterior import pseudo_experiments
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Luminosity

#: Fewer events are simulated here than a study would.
pytestmark = [
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.MarginalisationWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]
NAMES = [f"theta={value:.12g}" for value in np.linspace(-1, 1, 6)]
CASES = [
    (EventCount(events=20), (), True),
    (EventCount(events=20), (), False),
    (Luminosity(luminosity=3, unit="pb-1"), SYSTEMATICS, False),
]


def p_values(exposure, systematics, fixed, experiments, size, distort=None):
    """P-values of experiments whose θ and nuisances are from their priors, and the data from the model, or distorted."""
    fit, rng = fitter(published(exposure, systematics), PRIOR, exposure, fixed), np.random.default_rng(11)
    found = []
    for _ in range(experiments):
        rates = fit.before(int(rng.choice(6, p=PRIOR)), 1, rng)
        if distort is not None:
            rates = rates[:, distort] * rates.sum() / rates[:, distort].sum()
        counts = pseudo_experiments(rates, exposure, np.arange(1), rng)[0]
        found.append(goodness(fit, counts, NAMES, size, rng).p_value.value)
    return np.array(found)


@pytest.mark.parametrize(("exposure", "systematics", "fixed"), CASES)
def test_p_values_are_uniform_under_the_model(exposure, systematics, fixed):
    """Kolmogorov and Smirnov's test; the p-values have 100 steps, which are nothing beside 80 experiments."""
    found = p_values(exposure, systematics, fixed, experiments=80, size=100)
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert found.min() >= 1 / 101


@pytest.mark.parametrize(("exposure", "systematics", "fixed"), CASES)
def test_p_values_are_small_for_a_wrong_model(exposure, systematics, fixed):
    """The middle bins change places with the outer ones."""
    exposure = EventCount(events=100) if isinstance(exposure, EventCount) else Luminosity(luminosity=10)
    swapped = np.array([5, 1, 2, 3, 0, 9, 6, 7, 8, 4])
    found = p_values(exposure, systematics, fixed, experiments=20, size=100, distort=swapped)
    assert np.median(found) == 1 / 101


def test_the_statistic_is_the_likelihood_ratio_of_pyhf():
    """Twice the least difference of −ln L, auxiliary data included, to rates that equal the counts."""
    import pyhf

    exposure = Luminosity(luminosity=10)
    base, patches = published(exposure, SYSTEMATICS)
    counts = np.array([7.0, 8, 14, 30, 33, 37, 26, 13, 7, 4])
    fit = fitter((base, patches), PRIOR, exposure, False)
    ours = fit.deviances(counts[None])[0]
    best = []
    for patch in pyhf.PatchSet(patches).patches:
        workspace = pyhf.Workspace(pyhf.PatchSet(patches).apply(base, patch.name))
        model = workspace.model()
        data = [*counts, *model.config.auxdata]
        _, fitted = pyhf.infer.mle.fixed_poi_fit(1.0, data, model, return_fitted_val=True)
        nominal = np.array(model.config.suggested_init())
        constraints = float(model.constraint_logpdf(pyhf.tensorlib.astensor(model.config.auxdata), nominal))
        best.append(float(fitted) + 2 * (stats.poisson.logpmf(counts, counts).sum() + constraints))
    relevant = np.array(best) < min(best) + 6
    assert relevant.sum() >= 2
    np.testing.assert_allclose(ours[relevant], np.array(best)[relevant], atol=0.02)
    assert ours.argmin() == np.argmin(best)


def test_bands_and_samples_are_those_of_the_model():
    exposure = Luminosity(luminosity=10)
    fit, rng = fitter(published(exposure, SYSTEMATICS), PRIOR, exposure, False), np.random.default_rng(2)
    counts = fit.rates(3, fit.models[3].values[:, None])[0].round()
    posterior = np.array([0, 0, 0.25, 0.5, 0.25, 0])
    found = observed_fit(fit, counts, posterior, [Axis("x", 0, 1, 2), Axis("y", 0, 1, 5)], NAMES, 100, rng)
    x, y = found.projections
    nominal = np.array([fit.rates(k, fit.models[k].values[:, None])[0] for k in range(6)])
    np.testing.assert_allclose(x.templates[NAMES[1]], nominal[1].reshape(2, 5).sum(axis=1))
    np.testing.assert_allclose(y.observed, counts.reshape(2, 5).sum(axis=0))
    np.testing.assert_allclose(y.before.mean, (PRIOR @ nominal).reshape(2, 5).sum(axis=0), rtol=0.03)
    assert (y.before.high - y.before.low > y.after.high - y.after.low).all()
    assert list(x.samples) == ["flat", "signal"]
    np.testing.assert_allclose(sum(x.samples.values()), x.observed, rtol=0.02)
    assert found.goodness.p_value.value > 0.5
    assert all(abs(pull) < 0.3 for pull in found.goodness.pulls.values())
    # a number of events is shared out, whatever nuisances do to the total
    exposure = EventCount(events=20)
    fit = fitter(published(exposure, ()), PRIOR, exposure, False)
    np.testing.assert_allclose(fit.before(2, 50, rng).sum(axis=1), 20)
