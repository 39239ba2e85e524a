"""Observed events with the same numbers of run and event are warned of."""

import warnings

import awkward as ak
import numpy as np
import pytest
import uproot

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import ObservedWarning
from robot_physicist.stages.reading import observed_data
from robot_physicist.stages.reading.repeated_events import found

N = 40


def write(path, columns, rntuple):
    with uproot.recreate(path) as file:
        if rntuple:
            file["events"] = columns
        else:
            file.mktree("events", {name: column.dtype for name, column in columns.items()})
            file["events"].extend(columns)


def numbered(run, event, kind=np.int64):
    numbers = np.arange(N) + 2**33
    numbers[[7, 9]] = numbers[3]
    return {"x": np.linspace(-1, 1, N), run: np.full(N, 5, dtype=np.int32), event: numbers.astype(kind)}


@pytest.mark.parametrize("rntuple", [True, False])
@pytest.mark.parametrize(
    "names", [("run", "event"), ("Run", "Event"), ("runNumber", "eventNumber"), ("run_number", "evt")]
)
@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.float64])
def test_copies_are_counted_and_named(tmp_path, names, rntuple, kind):
    write(tmp_path / "d.root", numbered(*names, kind), rntuple)
    said = found(tmp_path / "d.root", "events", [])
    assert f"2 of {N} selected events repeat" in said
    assert f"such as {names[0]} 5, {names[1]} {2**33 + 3}" in said


def test_only_selected_events_count(tmp_path):
    write(tmp_path / "d.root", numbered("run", "event"), True)
    assert "1 of 36" in found(tmp_path / "d.root", "events", ["x > -0.8"])
    assert found(tmp_path / "d.root", "events", ["x > 0"]) == ""
    assert found(tmp_path / "d.root", "events", ["x > 5"]) == ""


def test_the_same_number_in_another_run_or_very_large_numbers_are_no_copies(tmp_path):
    columns = numbered("run", "event")
    columns["run"] = np.arange(N)
    write(tmp_path / "d.root", columns, True)
    assert found(tmp_path / "d.root", "events", []) == ""
    write(tmp_path / "e.root", {"run": np.ones(N), "event": np.arange(N, dtype=np.uint64) + np.uint64(2**63)}, True)
    assert found(tmp_path / "e.root", "events", []) == ""


def test_events_without_both_numbers_are_not_looked_at(tmp_path):
    write(tmp_path / "d.root", {"x": np.zeros(N), "event": np.zeros(N)}, True)
    write(tmp_path / "e.root", {"run": ak.Array(["a"] * N), "event": np.zeros(N)}, True)
    write(tmp_path / "f.root", {"run": np.zeros(N), "event": ak.Array([[1, 2]] * N)}, True)
    write(tmp_path / "g.root", {"run": np.full(N, np.nan), "event": np.zeros(N)}, True)
    assert [found(tmp_path / f"{name}.root", "events", []) for name in "defg"] == ["", "", "", ""]


def test_counting_observed_data_warns(raw, tmp_path):
    write(tmp_path / "data.root", numbered("run", "event"), True)
    raw["exposure"] = [{"events": N}]
    raw["observed"] = {"file": "data.root", "setting": {"variance": 2}}
    campaign = campaign_from(raw, "small.yaml")
    with pytest.warns(ObservedWarning, match=f"data.root: 2 of {N} selected events repeat"):
        counts = observed_data.counts(campaign.observed[0], tmp_path, campaign, f"events={N}")
    assert counts.sum() == N
    columns = numbered("run", "event")
    columns["event"] = np.arange(N)
    write(tmp_path / "data.root", columns, True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observed_data.counts(campaign.observed[0], tmp_path, campaign, f"events={N}")
