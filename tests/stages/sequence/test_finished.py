"""Rounds that are finished, and those that are run again."""

import shutil

import pytest
from support.sequences import TOY, written

from robot_physicist import stages
from robot_physicist.files import whole_files
from robot_physicist.stages.sequence import finished as sequence_finished
from robot_physicist.stages.sequence import run

pytestmark = pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning")


def test_a_finished_sequence_says_what_it_has_found_and_runs_nothing(finished, monkeypatch):
    folder, said = finished
    monkeypatch.setattr(run, "whole_campaign", None)
    monkeypatch.setattr(whole_files, "whole", None)  # nothing is written
    again = list(stages.run_sequence(folder / "toy.yaml", folder / "results"))
    assert again == ["round 1 of toy: finished before", "round 2 of toy: finished before", said[-1]]
    shown = stages.show(folder / "results/round=3/sequence.json", colour=False)
    assert shown.splitlines()[1:3] == said[-1].splitlines()[1:]
    assert shown.endswith("round=3/sequence/posterior.png")


NEW_ROUNDS = [
    # what has changed, and which rounds are finished all the same; what another round makes is judged once it has
    (lambda _: {}, [1, 2]),
    (lambda _: {"sequence": {"rounds": 5, "truth": {"theta": 1}}}, [1, 2]),
    (lambda results: (results / "round=1/variance=4/theta=3/events.root").unlink(), [1, 2]),
    (lambda results: (results / "round=1/design.json").unlink(), [2]),
    (lambda results: (results / "round=2/variance=4/events=10/eig.json").unlink(), [1]),
    (lambda results: (results / "round=1/measurement/data.root").write_bytes(b"root"), [2]),
    (lambda results: (results / "round=2/sequence.json").write_text("{"), []),
    (lambda results: (results / "round=3/sequence/posterior.png").unlink(), [1]),
    (lambda _: {"seed": 4}, []),
    (lambda _: {"settings": {"variance": {"values": [1, 5]}}}, []),
    (lambda _: {"parameters": {"theta": {"linspace": [3, -2, 7], "prior": {"weights": [1, 1, 1, 1, 1, 1, 2]}}}}, [2]),
    (lambda _: {"sequence": {"rounds": 2, "truth": {"theta": 1.5}}}, []),
    (lambda _: {"sequence": {"rounds": 2, "truth": {"theta": 1}, "grid": "fixed"}}, []),
]


@pytest.mark.parametrize(("change", "kept"), NEW_ROUNDS)
def test_rounds_are_run_again_when_they_are_of_another_study_or_incomplete(finished, tmp_path, change, kept):
    folder, _ = finished
    shutil.copytree(folder / "results", tmp_path / "results")
    changed = change(tmp_path / "results")
    study = written(tmp_path, TOY | changed if isinstance(changed, dict) else TOY)
    done = [number_ for number_ in (1, 2) if sequence_finished.finished(study, tmp_path / "results", number_)]
    assert done == kept
