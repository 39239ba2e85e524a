"""Only models that are far from linear are checked warily."""

from support.nuisance_models import bent, on_grid, one_bin
from support.workspaces import errors, norm, plain, ten_nuisances

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.nuisances import nuisances
from robot_physicist.likelihood.linearity import nearly_linear


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
