"""Slopes of rates against finite differences."""

import numpy as np
import pytest
from support.workspaces import everything

from robot_physicist.histfactory.derivatives import respond
from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances


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
