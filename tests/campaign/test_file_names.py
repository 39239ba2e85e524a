"""No key that names a file can be forgotten: whatever the model has, the list beside the labels has too."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from robot_physicist.campaign.checks.named_files import files_to_have, named_paths
from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities import labels
from robot_physicist.quantities.options import FileName, Name
from robot_physicist.simulators import load, names

#: Free text that names no file; the program of a black box is found by its own rule, and depends on much more.
WORDS = {
    "title",
    "settings.*.unit",
    "settings.*.label",
    "parameters.*.unit",
    "parameters.*.label",
    "observables.*.unit",
    "observables.*.label",
    "observed[].tree",
    "observed[].branches.*",
    "observed[].selection[]",
    "observed[].exposure",
    "backgrounds[].histogram",
    "systematics[].up",
    "systematics[].down",
    "search.exposure",
    "allocate[]",
    "simulator.options.executable[]",
    "simulator.options.observables[]",
    "simulator.options.tree",
}


def texts(hint: Any, place: str) -> Iterator[tuple[str, bool]]:
    """Every key below one whose value is text, and whether it names a file; names of variables excepted."""
    if get_origin(hint) is Annotated and get_args(FileName)[1] in get_args(hint)[1:]:
        yield place, True
    elif hint == Name:
        return
    elif hint is str:
        yield place, False
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, one in get_type_hints(hint, include_extras=True).items():
            if name in hint.model_fields:
                yield from texts(one, f"{place}.{name}".lstrip("."))
    elif get_origin(hint) is Annotated:
        yield from texts(get_args(hint)[0], place)
    elif get_origin(hint) in (Union, types.UnionType):
        for one in get_args(hint):
            yield from texts(one, place)
    elif get_origin(hint) in (list, tuple):
        for one in get_args(hint):
            yield from texts(one, f"{place}[]")
    elif get_origin(hint) is dict:
        yield from texts(get_args(hint)[1], f"{place}.*")


def every_text() -> set[tuple[str, bool]]:
    of_simulators = (texts(load(name).Options, "simulator.options") for name in names())
    return {*texts(Campaign, ""), *(found for one in of_simulators for found in one)}


def test_all_keys_that_name_a_file_are_in_the_list_and_no_others():
    assert {place for place, is_file in every_text() if is_file} == set(labels.FILES)


def test_every_other_text_of_a_campaign_is_known_to_name_no_file():
    """A new key is either a FileName, and then in the list, or belongs to the words above."""
    assert {place for place, is_file in every_text() if not is_file} == WORDS


def test_the_walk_finds_file_names_wherever_they_are():
    class Deep(BaseModel):
        one: FileName | None = None
        several: dict[str, list[Annotated[FileName, "more"]]] = {}
        words: list[str] = []

    found = set(texts(Deep, "deep"))
    assert found == {("deep.one", True), ("deep.several.*[]", True), ("deep.words[]", False)}


#: A campaign, as written, with every key that names a file, in the shortest form of each.
NAMING: dict[str, Any] = {
    "observed": {"file": "a.root"},
    "backgrounds": [{"name": "s", "simulator": {}}, {"name": "h", "file": "b.json"}],
    "systematics": [{"type": "lumi"}, {"type": "histosys", "file": "c/c.json"}],
    "prior": {"posterior": "d.json"},
    "published": {"workspace": "SETTING/w.json", "patchset": "p.json"},
}
FOUND = [
    ("observed[0].file", "a.root"),
    ("backgrounds[1].file", "b.json"),
    ("systematics[1].file", "c/c.json"),
    ("prior.posterior", "d.json"),
    ("published.workspace", "SETTING/w.json"),
    ("published.patchset", "p.json"),
]


def test_the_list_reads_campaigns_as_they_are_written():
    assert labels.named_files(NAMING) == FOUND
    assert {place.replace("[0]", "[]").replace("[1]", "[]") for place, _ in FOUND} == set(labels.FILES)
    several = {**NAMING, "observed": [{"file": "a.root"}, {"file": "e.root"}]}
    assert labels.named_files(several)[1] == ("observed[1].file", "e.root")


@pytest.mark.parametrize("value", [None, 3, "text", [], [None], [[]], {}, {"file": None}, [{"file": 3}]])
@pytest.mark.parametrize("key", sorted(NAMING))
def test_what_is_no_campaign_names_nothing(key, value):
    assert not [place for place, _ in labels.named_files({key: value}) if place.startswith(key)]


def test_a_published_file_is_wanted_for_every_branch():
    found = labels.files_to_have(FOUND[3:], ["x=1", "x=2"], ["events=1"])
    workspaces = [("published.workspace", f"x={x}/w.json") for x in (1, 2)]
    assert found == [FOUND[3], *workspaces, FOUND[5]]


def test_inference_reads_the_data_of_its_own_branch_only():
    campaign = {
        **NAMING,
        "settings": {"x": {"values": [1, 2]}},
        "exposure": [{"events": 1}, {"events": 2}],
        "observed": [{"file": f"{x}.root", "setting": {"x": x}} for x in (1, 2)],
    }
    others = ["b.json", "c/c.json", "d.json", "x=1/w.json", "p.json"]
    assert labels.files_at(campaign, "x=1", "events=1") == ["1.root", *others]
    assert labels.files_at(campaign, "x=1", "events=2") == others


def test_the_model_and_the_file_name_the_same_files(raw):
    raw |= {
        "observed": {"file": "a.root", "setting": {"variance": 2}},
        "systematics": [
            {"type": "histosys", "name": "t", "samples": ["signal"], "file": "c.json", "up": "u", "down": "d"}
        ],
        "prior": {"posterior": "d.json"},
    }
    campaign = campaign_from(raw, "small.yaml")
    assert named_paths(campaign) == labels.named_files(raw) == files_to_have(campaign)
    assert len(named_paths(campaign)) == 3
