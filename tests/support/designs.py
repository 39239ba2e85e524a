"""Gains, posteriors and histograms of a design with known numbers."""

import numpy as np

from robot_physicist.inference.results import Credible, Posterior, Posteriors
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.estimates import Axis, Estimate, Interval
from robot_physicist.templates.histogram import Histogram


def gain(setting, value, error=0.01, exposure="events=5"):
    return InformationGain(
        setting=setting,
        exposure=exposure,
        prior_entropy=1.609,
        corrected=Interval(value, error, value - 2 * error, value + 2 * error),
        plug_in=Estimate(value + 0.1, 0.001),
        cross_fitted=Estimate(value - 0.1, 0.002),
        exact=Estimate(value, 0.0),
        functions=2,
        method="m",
        nuisances="none",
        simulated_events=10_000,
        effective_events=10_000.0,
        warnings=[],
    )


def three(errors=0.01):
    return [gain(f"variance={v}", g, errors) for v, g in ((1, 0.5), (2, 0.9), (3, 0.89))]


def posteriors():
    one = Posterior(
        truth="theta=0",
        probabilities=np.array([0.1, 0.2, 0.4, 0.2, 0.1]),
        mean={"theta": 0.0},
        sd={"theta": 0.5},
        map="theta=0",
        credible=[Credible(0.68, 0.8, ["theta=0"])],
        log_evidence=-3.0,
    )
    return Posteriors(
        setting="variance=2",
        exposure="events=5",
        points=[f"theta={t:g}" for t in np.linspace(-1, 1, 5)],
        prior=np.full(5, 0.2),
        observed=None,
        examples=[one],
        pseudo_experiments=10,
        mean_sd={"theta": 0.5},
        coverage68=Estimate(0.7, 0.1),
        coverage95=Estimate(0.9, 0.1),
        nuisances="none",
    )


def histograms(setting="variance=2"):
    rng = np.random.default_rng(1)
    return [
        Histogram(
            setting,
            f"theta={t:g}",
            "d",
            [Axis("x", -5, 5, 10, "GeV", "X")],
            counts := rng.poisson(50, (2, 10)),
            counts,
            1000,
            0,
        )
        for t in np.linspace(-1, 1, 5)
    ]
