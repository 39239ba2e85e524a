"""Angles of muons from e⁺e⁻ collisions: exact shapes, finite simulations of them, and gains."""

import numpy as np

from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.gain import gain
from robot_physicist.information.options import Estimator
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.quantities.labels import number
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates

ANGLES = np.linspace(0.20, 0.26, 21)
PRIOR = np.full(21, 1 / 21)
THOUSAND = EventCount(events=1000)


def born_shape(sqrt_s, bins=20):
    edges = np.linspace(-1, 1, bins + 1)
    slope = np.array([born.asymmetry(sqrt_s, angle, "fixed") for angle in ANGLES])
    return np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)


def simulated(shape, events, rng, section=np.nan, section_error=np.nan, folds=10):
    counts = rng.multinomial(events // folds, np.repeat(shape[:, None], folds, axis=1)).astype(float)
    points = len(shape)
    return Templates(
        tuple(f"t={number(value)}" for value in np.linspace(0.20, 0.26, points)),
        (),
        counts,
        counts,
        np.full(points, float(events)),
        section * np.ones(points),
        section_error * np.ones(points),
        {},
    )


def estimate(templates, exposure=THOUSAND, prior=PRIOR, **options):
    estimator = Estimator(draws=2048, replicas=16, **options)
    return information_gain(templates, exposure, prior, estimator, Simulation(), np.random.default_rng(1))


def truth(shape, exposure=THOUSAND, prior=PRIOR):
    return gain(exposure.events * shape, exposure, prior, 1 << 15, np.random.default_rng(2)).value
