"""The second bootstrap: what is lost because the family of truths comes from noisy templates."""

import numpy as np
import pytest
from support.muon_pairs import PRIOR, THOUSAND, born_shape, simulated

from robot_physicist.information.correction import Repetition, rise, second_bootstrap
from robot_physicist.information.hypotheses import hypotheses
from robot_physicist.information.statistic import statistic
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.statistics.confidence import tried_strengths
from robot_physicist.templates.options import Simulation


def pivot(exposure, events, seed=1):
    rng = np.random.default_rng(seed)
    family = hypotheses(simulated(born_shape(82), events, rng), exposure, Simulation())
    measure = statistic(exposure, 20, PRIOR, rng)
    look = Repetition(family, measure, 128, rng)
    samples = {s: look(s)[1] for s in tried_strengths(family.energy, family.dimensions).tolist()}
    return second_bootstrap(family, measure, rise(family, measure, samples), rng)


def test_nothing_is_lost_with_many_simulated_events():
    found = pivot(EventCount(events=1), 1_000_000)
    assert found.mean == pytest.approx(0, abs=0.4)
    assert found.spread == pytest.approx(1, abs=0.2)


def test_where_noise_leads_the_family_astray_intervals_get_wider():
    """Repeated simulations of the true templates have a spread of 1.13 (150 of them); few copies add to it."""
    spreads = [pivot(EventCount(events=10_000), 300, seed).spread for seed in range(4)]
    assert 1.1 < np.mean(spreads) < 1.5


def test_the_same_seed_gives_the_same_pivot():
    assert pivot(THOUSAND, 3000) == pivot(THOUSAND, 3000)
    assert pivot(THOUSAND, 3000) != pivot(THOUSAND, 3000, seed=2)
