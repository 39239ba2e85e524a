"""Selections on branches of text: == and != with text in quotes, of trees and RNTuples, and nothing else."""

import awkward as ak
import numpy as np
import pytest
import uproot

from robot_physicist.files import root_events
from robot_physicist.files.expressions import check
from robot_physicist.quantities.errors import ObservableError

KIND = ["GT", "TT", "GT", "", "größe", "it's", "gt"]
MASS = np.arange(7.0)
WORDS = [["a"], ["b", "c"], [], ["a", "c"], ["c"], ["b"], ["a"]]


@pytest.fixture(params=["tree", "rntuple"])
def path(request, tmp_path):
    found = tmp_path / "data.root"
    with uproot.recreate(found) as file:
        if request.param == "tree":
            file.mktree("Events", {"Type": "string", "odd-name": "string", "m": "f8", "n": "var * int64"})
            file["Events"].extend({"Type": KIND, "odd-name": KIND[::-1], "m": MASS, "n": ak.Array([[1, 2]] * 7)})
        else:
            columns = {"Type": ak.Array(KIND), "odd-name": ak.Array(KIND[::-1]), "m": MASS}
            file["Events"] = {**columns, "words": ak.Array(WORDS), "n": ak.Array([[1, 2]] * 7)}
    return found


def selected(path, *cuts, x="m"):
    blocks = list(root_events.read_selected(path, "Events", cuts, {"x": x}))
    return np.concatenate([block.columns["x"] for block in blocks]).tolist()


@pytest.mark.parametrize(
    ("cut", "events"),
    [
        ("Type == 'GT'", [0, 2]),
        ('"GT" == Type', [0, 2]),
        ("Type != 'GT'", [1, 3, 4, 5, 6]),
        ("Type == ''", [3]),
        ("Type == 'größe'", [4]),
        ('Type == "it\'s"', [5]),
        ("~(Type == 'GT') & ((m > 3) | (Type == 'TT'))", [1, 4, 5, 6]),
        ("get('odd-name') == 'GT'", [4, 6]),
        ("where(Type == 'GT', m, -m) >= 0", [0, 2]),
        ("Type[:] == 'GT'", [0, 2]),
    ],
)
def test_comparisons_of_text(path, cut, events):
    assert selected(path, cut) == events


def test_cuts_follow_each_other_and_a_comparison_is_a_number(path):
    assert selected(path, "m > 0", "Type == 'GT'", x="m + (Type == 'GT')") == [3]
    assert selected(path, x="Type == 'GT'") == [1, 0, 1, 0, 0, 0, 0]


def test_chunks_do_not_matter(path, monkeypatch):
    monkeypatch.setattr(root_events, "CHUNK", 2)
    assert selected(path, "Type == 'GT'") == [0, 2]


def test_lists_of_text_in_an_event(path):
    with uproot.open(path) as file:
        known = "words" in file["Events"]
    if known:
        assert selected(path, "any(words == 'a')") == [0, 3, 6]
        assert selected(path, "any(words != 'a')") == [1, 3, 4, 5]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("Type", "'Type': it is text and no number; text can only be compared with text in quotes"),
        ("Type == 3", "Type is text; text can only be compared"),
        ("Type + 1", "Type is text"),
        ("Type == m", "Type is text"),
        ("sum(Type)", "Type is text"),
        ("num(Type) > 1", "Type is text"),
        ("get('odd-name') == 1", "odd-name is text"),
        ("odd-name", "'odd-name': it is text"),
        ("-(Type == Type)", "Type is text"),
        ("m == 'GT'", "m is no text; compare it with a number, without quotes"),
        ("m[Type == 'GT'] == 'a'", "m is no text"),
    ],
)
def test_text_that_is_used_as_something_else(path, expression, message):
    with pytest.raises(ObservableError, match=rf"data.root: .*{message}"):
        selected(path, expression)
    with pytest.raises(ObservableError, match=rf"data.root: .*{message}"):
        selected(path, x=expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("Type < 'a'", "'a' is not a number; text can only be compared"),
        ("Type == 'a' == 'b'", "two comparisons in one"),
        ("'a' == 'a'", "'a' is not a number"),
        ("Type == 'a' + 'b'", "'a' is not a number"),
        ("Type in 'abc'", "'abc' is not a number"),
        ("Type == b'a'", "b'a' is not a number"),
        ("Type == f'{m}'", "more than arithmetic"),
        ("sqrt('a')", "'a' is not a number"),
        ("sum(m) == 'a'", "'a' is not a number"),
        ("Type == ('a', 'b')", "'a' is not a number"),
        ("Typ == 'a'", "no branch 'Typ' in 'Events'; did you mean 'Type'"),
        ("Type == 'a' and m > 1", "and, or, not do not work"),
        ("Type == 'a", "not an expression"),
        ("'GT'", "'GT' is not a number"),
    ],
)
def test_nothing_else_of_text_gets_through(expression, message):
    with pytest.raises(ObservableError, match=message):
        check(expression, ["Type", "m"], "Events")


def test_no_event_has_the_text(path):
    with pytest.raises(ObservableError, match="no event passes the selection: 7 in the tree, 0 after 'Type == 'XX''"):
        selected(path, "Type == 'XX'")
