"""Distribution functions of the simulators of the package against quadrature of their densities."""

import numpy as np
import pytest

from robot_physicist.information import exact as subject
from robot_physicist.quantities.observable import Observable
from robot_physicist.simulators import load
from robot_physicist.simulators.base import Simulator
from robot_physicist.simulators.probabilities import bin_probabilities

BUILT_IN = [
    ("gaussian", {}, {"variance": 0.3}, {"theta": 0.7}, "x"),
    ("gaussian_cosine", {}, {"phi": 2.0}, {"theta": -0.7}, "x"),
    ("forward_backward", {}, {"beam_energy": 60.0}, {"theta": 1.5}, "cos_theta"),
    ("forward_backward", {}, {"beam_energy": 40.0}, {"theta": 30.0}, "cos_theta"),
    ("forward_backward", {}, {"beam_energy": 45.0}, {"theta": 1.0}, "cos_theta"),
    ("resonance", {"spin": 2}, {"sqrt_s": 245.0}, {"peak": 0.1}, "cos_theta"),
    ("resonance", {"spin": 0}, {"sqrt_s": 245.0}, {"peak": 0.1}, "cos_theta"),
    ("lineshape", {"spin": 1}, {"sqrt_s": 245.0}, {"mass": 250.0, "width": 10.0}, "cos_theta"),
    ("weinberg_born", {}, {"sqrt_s": 82.0}, {"sin2theta_w": 0.23}, "cos_theta"),
    ("weinberg_born", {"cos_theta_max": 0.73}, {"sqrt_s": 94.0}, {"sin2theta_w": 0.21}, "cos_theta"),
]


@pytest.mark.parametrize(("name", "options", "setting", "point", "column"), BUILT_IN)
@pytest.mark.parametrize("overflow", ["include", "drop"])
@pytest.mark.parametrize("span", [(-1.0, 1.0), (-0.6, 0.55), (-3.0, 2.0)])
def test_distribution_functions_are_integrals_of_densities(name, options, setting, point, column, overflow, span):
    kind = load(name)
    without = type(name, (kind,), {"cdf": Simulator.cdf})
    only = type(name, (kind,), {"has_density": False})
    observables, rng = {column: Observable(range=span, bins=7, overflow=overflow)}, np.random.default_rng(1)
    closed, integrated, alone = (
        bin_probabilities(one(kind.Options(**options)), setting, [point], observables, rng)
        for one in (kind, without, only)
    )
    assert (np.abs(closed.values - integrated.values) <= integrated.errors + 1e-14).all()
    assert integrated.errors.max() < 1e-9
    assert (closed.values == alone.values).all()
    assert subject.knows_probabilities(only(kind.Options(**options)))
    if overflow == "include":
        assert closed.values.sum() == pytest.approx(1, abs=1e-12)
