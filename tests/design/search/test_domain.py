"""Settings that a search can choose."""

import numpy as np
import pytest
from support.searches import search_campaign

from robot_physicist.design.search.domain import Domain, candidates, domain_of, lattice, pictured, spread
from robot_physicist.design.search.rounds import next_round
from robot_physicist.quantities.labels import label


def test_settings_are_decimal_numbers_on_a_lattice():
    assert lattice(0, 6.28)[1] == 0.001
    assert len(lattice(78, 100)) == 2201
    domain = Domain(("phi",), (lattice(0, 6.28),))
    rng = np.random.default_rng(1)
    assert [one["phi"] for one in spread(domain, 3, rng)] == [0, 3.14, 6.28]
    found = candidates(domain, [{"phi": 1.5}], {"phi": 3.1}, rng)
    assert found[0] == {"phi": 1.5}
    assert len({label(one) for one in found}) == len(found) <= 600
    assert sum(abs(one["phi"] - 3.1) < 0.7 for one in found) > 150
    assert len(pictured(domain, {"phi": 3.1})) == 101
    assert domain_of(search_campaign()).size == 6281


@pytest.mark.parametrize(("affordable", "least"), [(1.1, 6), (1.001, 1)])
def test_affordable_settings_in_a_corner_of_two_variables_are_found(affordable, least):
    settings = {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}
    cost = {"constant": 1, "per": {"a": 1, "b": 1}}
    state = next_round(search_campaign(settings, affordable=affordable, cost=cost), None, [])
    assert len(set(state.proposed)) == len(state.tried) >= least
    assert max(one.cost for one in state.tried) <= affordable
