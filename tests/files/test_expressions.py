"""Expressions over branches: what they give, and that nothing but uproot's language gets through."""

import awkward as ak
import numpy as np
import pytest
import uproot

from robot_physicist.files import root_events
from robot_physicist.files.expressions import check
from robot_physicist.quantities.errors import ObservableError

N = 2000
BRANCHES = ["px", "py", "n.hits", "Muon-pt", "sqrt_s"]


@pytest.fixture(scope="module")
def muons(tmp_path_factory):
    """Events with a list of muons each, some of them empty, and a branch with an odd name."""
    rng = np.random.default_rng(7)
    sizes = rng.poisson(1.5, N)
    pt = ak.unflatten(rng.exponential(20, sizes.sum()), sizes)
    charge = ak.unflatten(rng.choice([-1, 1], sizes.sum()), sizes)
    flat = {"trigger": rng.random(N) < 0.5, "lead-pt": rng.random(N)}
    path = tmp_path_factory.mktemp("muons") / "data.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"pt": "var * float64", "charge": "var * int64", "trigger": "bool", "lead-pt": "f8"})
        file["Events"].extend({"pt": pt, "charge": charge, **flat})
    return path, pt, charge, flat


def values(path, cuts=(), **expressions):
    (block,) = root_events.read_selected(path, "Events", cuts, expressions)
    return block


def test_cuts_are_made_one_after_the_other_and_then_entries_are_chosen(muons):
    path, pt, charge, flat = muons
    cuts = ["trigger", "num(pt) >= 2", "(charge[:, 0] * charge[:, 1] < 0) & (max(pt) > 10)"]
    found = values(path, cuts, first="pt[:, 0] / 1000", total="sum(pt)", negative="pt[charge < 0][:, 0]")
    events = [
        (p, c)
        for p, c, t in zip(pt.to_list(), charge.to_list(), flat["trigger"], strict=True)
        if t and len(p) >= 2 and c[0] * c[1] < 0 and max(p) > 10
    ]
    assert found.generated == N
    assert 100 < len(events) < N / 2
    np.testing.assert_allclose(found.columns["first"], [p[0] / 1000 for p, _ in events])
    np.testing.assert_allclose(found.columns["total"], [sum(p) for p, _ in events])
    np.testing.assert_allclose(found.columns["negative"], [p[c.index(-1)] for p, c in events])


def test_branches_with_names_that_python_does_not_know(muons):
    path, _, _, flat = muons
    found = values(path, (), plain="lead-pt", twice="2 * get('lead-pt')")
    np.testing.assert_array_equal(found.columns["plain"], flat["lead-pt"])
    np.testing.assert_array_equal(found.columns["twice"], 2 * flat["lead-pt"])


def test_the_chunks_of_a_file_do_not_matter(muons, monkeypatch):
    path, *_ = muons
    whole = values(path, ["num(pt) > 0"], x="max(pt)").columns["x"]
    monkeypatch.setattr(root_events, "CHUNK", 300)
    parts = list(root_events.read_selected(path, "Events", ["num(pt) > 0"], {"x": "max(pt)"}))
    assert len(parts) == 7
    assert sum(part.generated for part in parts) == N
    np.testing.assert_array_equal(np.concatenate([part.columns["x"] for part in parts]), whole)


def test_an_rntuple_gives_what_a_tree_gives(muons, tmp_path):
    """uproot writes RNTuples by default, and computes no expressions over them."""
    path, pt, charge, flat = muons
    with uproot.recreate(tmp_path / "data.root") as file:
        file["Events"] = {"pt": pt, "charge": charge, **flat}
    cuts, wanted = (
        ["trigger", "num(pt) >= 2"],
        {"x": "max(pt[charge < 0])", "y": "2 * get('lead-pt')", "z": "lead-pt"},
    )
    tree, tuple_ = (values(one, cuts, **wanted) for one in (path, tmp_path / "data.root"))
    assert tuple_.generated == N
    assert tuple_.accepted == tree.accepted > 100
    for name in wanted:
        np.testing.assert_array_equal(tuple_.columns[name], tree.columns[name])
    with pytest.raises(ObservableError, match="no event passes the selection: 2000 in the tree, 0 after 'num"):
        values(tmp_path / "data.root", ["num(pt) > 99"], x="sum(pt)")


def test_what_has_no_value_does_not_pass_a_cut(muons):
    path, pt, _, _ = muons
    lists = pt.to_list()
    assert values(path, ["max(pt) > 10"], x="num(pt)").accepted == sum(max(one, default=0) > 10 for one in lists)
    assert values(path, ["max(pt) - 10"], x="num(pt)").accepted == sum(len(one) > 0 for one in lists)
    # a root of a negative number: true for no event with two muons or more
    few = values(path, ["sqrt(1 - num(pt)) >= 0", "sqrt(1 - num(pt)) + 1"], x="num(pt)")
    assert few.accepted == sum(len(one) < 2 for one in lists) < N
    assert values(path, ["sqrt(1 - num(pt)) + 1"], x="num(pt)").accepted == few.accepted


@pytest.mark.parametrize(
    ("cuts", "expression", "message"),
    [
        ((), "1.5", "'1.5': is the same for every event; name a branch of 'Events', such as charge"),
        (("sqrt(2) > 1",), "sum(pt)", "is the same for every event"),
        ((), "pt[:, 0]", r"'pt\[:, 0\]': cannot be computed .*lack an entry first, with num"),
        ((), "pt", "'pt': not one number per event; choose an entry"),
        (("pt > 10",), "sum(pt)", "'pt > 10': not one answer per event; put it into any"),
        (("sum(pt) < -1",), "sum(pt)", r"no event passes the selection: 2000 in the tree, 0 after 'sum\(pt\) < -1'"),
        ((), "sum(chrge)", "no branch 'chrge' in 'Events'; did you mean 'charge'"),
        (("trigger1",), "sum(pt)", "no branch 'trigger1' in 'Events'; did you mean 'trigger'"),
    ],
)
def test_what_the_file_cannot_give(muons, cuts, expression, message):
    with pytest.raises(ObservableError, match=f"data.root: .*{message}"):
        values(muons[0], cuts, x=expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("px.__class__.__bases__", "no branch 'px.__class__.__bases__'"),
        ("(px + 1).__class__", "is more than arithmetic"),
        ("().__class__.__bases__[0].__subclasses__()", "no function"),
        ("(lambda: 1)()", "no function"),
        ("[p for p in px]", "is more than arithmetic"),
        ("px if py else px", "is more than arithmetic"),
        ("(px := 1)", "is more than arithmetic"),
        ("f'{px}'", "is more than arithmetic"),
        ("__import__('os')", "no function '__import__'"),
        ("open('x')", "no function 'open'"),
        ("sqrt(px, out=py)", "sqrt takes no 'out='"),
        ("sqrt(*px)", "is more than arithmetic"),
        ("get(px)", "takes the name of a branch in quotes"),
        ("get('Muon-eta')", "takes the name of a branch in quotes"),
        ("px == 'a'", "'a' is not a number"),
        ("sqrt", "no branch 'sqrt'"),
        ("sqtr(px)", "no function 'sqtr'; did you mean 'sqrt'"),
        ("px > 1 and py > 1", "write & | ~ for and, or, not"),
        ("not px", "write & | ~"),
        ("px > 1 && py > 1", "not an expression .*write & | ~"),
        ("0 < px < 1", r"two comparisons in one; write \(a < x\)"),
        ("px > 1 & py < 2", "two comparisons in one"),
        ("px * 9**9**9", "too large a number"),
        ("px; py", "not an expression"),
        ("(" * 500 + "px" + ")" * 500, "not an expression"),
        ("", "not an expression"),
    ],
)
def test_nothing_else_gets_through(expression, message):
    with pytest.raises(ObservableError, match=message):
        check(expression, BRANCHES, "Events")


@pytest.mark.parametrize(
    "expression",
    [
        "-px",
        "~(px > 1) | (py <= 2)",
        "n.hits > 3",
        "Muon-pt",
        "px[:, :2]",
        "where(px > 0, px, 0) ** 2 % 3",
        "any(px > 1)",
    ],
)
def test_what_physicists_write_does(expression):
    check(expression, BRANCHES, "Events")
