"""Files are whole or absent, the same input gives the same bytes, and damage is recognised."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import uproot
import yaml

from robot_physicist import files
from robot_physicist.files import root_events
from robot_physicist.files.root_histograms import read_contents
from robot_physicist.quantities.errors import DigestMismatchError, InputFileError, ObservableError
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.templates.histogram import Histogram

METADATA = {"digest": "abc", "campaign": "small"}


def blocks(count=3, events=1000):
    for number in range(count):
        x = np.random.default_rng(number).random(events)
        yield Events({"x": x, "y": -x}, events, None, CrossSection(2.0, 0.1))


def test_events_survive_the_round_trip(tmp_path):
    path = tmp_path / "deep" / "events.root"
    assert root_events.write_events(path, blocks(), METADATA) == 3000
    read = list(root_events.read_events(path, ["y"]))
    assert np.array_equal(
        np.concatenate([e.columns["y"] for e in read]), -np.concatenate([e.columns["x"] for e in blocks()])
    )
    metadata = root_events.read_metadata(path)
    assert metadata["generated"] == 3000
    assert metadata["cross_section_pb"] == pytest.approx(2.0)
    assert metadata["cross_section_error_pb"] == pytest.approx(0.1 / np.sqrt(3))


def test_any_uproot_user_can_read_the_events(tmp_path):
    root_events.write_events(tmp_path / "events.root", blocks(1), METADATA)
    with uproot.open(tmp_path / "events.root") as file:
        assert file["events"].arrays(["x"])["x"].tolist() == next(blocks(1)).columns["x"].tolist()
        assert file["events"].keys() == ["x", "y"]


def test_the_same_events_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        root_events.write_events(tmp_path / name / "events.root", blocks(), METADATA)
    assert (tmp_path / "a/events.root").read_bytes() == (tmp_path / "b/events.root").read_bytes()


def test_weights_are_kept(tmp_path):
    block = Events({"x": np.array([1.0, 2.0])}, 2, np.array([0.5, 3.0]))
    root_events.write_events(tmp_path / "events.root", [block], METADATA)
    (read,) = root_events.read_events(tmp_path / "events.root", ["x"])
    assert read.weights.tolist() == [0.5, 3.0]


def test_a_failing_writer_leaves_nothing_behind(tmp_path):
    def failing():
        yield from blocks(1)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        root_events.write_events(tmp_path / "events.root", failing(), METADATA)
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_recognised(tmp_path):
    path = tmp_path / "events.root"
    root_events.write_events(path, blocks(), METADATA)
    content = path.read_bytes()
    for size in (0, 100, len(content) // 2, len(content) - 200):
        path.write_bytes(content[:size])
        with pytest.raises(InputFileError, match=r"events\.root"):
            list(root_events.read_events(path, ["x"]))
            root_events.read_metadata(path)


def test_a_missing_observable_gets_advice(tmp_path):
    root_events.write_events(tmp_path / "events.root", blocks(1), METADATA)
    with pytest.raises(ObservableError, match="no observable 'xx' in 'events'; did you mean 'x'"):
        list(root_events.read_events(tmp_path / "events.root", ["xx"]))


def test_a_missing_tree_gets_advice(tmp_path):
    root_events.write_events(tmp_path / "events.root", blocks(1), METADATA)
    with pytest.raises(InputFileError, match="no tree 'event'; did you mean 'events'"):
        list(root_events.read_events(tmp_path / "events.root", ["x"], "event"))


def test_a_foreign_root_file_has_no_provenance(tmp_path):
    for metadata in (None, "{", "[1]", '{"digest": "abc"}'):
        with uproot.recreate(tmp_path / "foreign.root") as file:
            file.mktree("events", {"x": "f8"})
            if metadata:
                file["metadata"] = metadata
        with pytest.raises(InputFileError, match="has no provenance"):
            root_events.read_metadata(tmp_path / "foreign.root")


def test_a_folder_in_place_of_a_document(tmp_path):
    with pytest.raises(InputFileError, match="Is a directory"):
        files.read_document(Histogram, tmp_path)


def test_another_campaigns_file_is_refused(tmp_path):
    with pytest.raises(DigestMismatchError, match="belongs to another campaign"):
        files.check_digest(tmp_path / "x.root", "abc", "abd")


def histogram():
    return Histogram("s", "t", "d", [Axis("x", 0, 1, 2)], np.array([[1.0, 0.1]]), np.array([[1.0, 0.01]]), 3, 0.0)


def test_documents_survive_the_round_trip(tmp_path):
    files.write_document(tmp_path / "h.json", histogram())
    read = files.read_document(Histogram, tmp_path / "h.json")
    assert read.sumw.tolist() == [[1.0, 0.1]]
    assert read.axes == [Axis("x", 0, 1, 2)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"setting": "s"}', b"[]", b"\xff"])
def test_broken_documents_are_named(tmp_path, content):
    (tmp_path / "h.json").write_bytes(content)
    with pytest.raises(InputFileError, match=r"h\.json: (not a|is empty)"):
        files.read_document(Histogram, tmp_path / "h.json")


def test_infinite_numbers_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "x.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_contents_of_root_and_json_histograms(tmp_path):
    with uproot.recreate(tmp_path / "h.root") as file:
        file["flat"] = np.histogram([0.1, 0.2, 0.7], bins=2, range=(0, 1))
    (tmp_path / "h.json").write_text('{"flat": [2, 1], "flat_error": [0.5, 0.5]}')
    assert read_contents(tmp_path / "h.root", "flat", 2)[0].tolist() == [2, 1]
    assert read_contents(tmp_path / "h.json", "flat", 2)[1].tolist() == [0.5, 0.5]
    with pytest.raises(InputFileError, match="no histogram 'flet'; did you mean 'flat'"):
        read_contents(tmp_path / "h.json", "flet", 2)
    with pytest.raises(InputFileError, match="has 2 bins"):
        read_contents(tmp_path / "h.root", "flat", 3)


def test_a_killed_stage_leaves_nothing_and_the_next_run_cleans_up(raw, tmp_path):
    raw["simulation"] = {"events": 20_000_000}
    campaign, events = tmp_path / "c.yaml", tmp_path / "out/events.root"
    campaign.write_text(yaml.safe_dump(raw))
    options = ["--campaign", campaign, "--setting", "variance=2", "--sample", "theta=1", "--events", events]
    stage = subprocess.Popen([sys.executable, "-m", "robot_physicist", "simulate", *map(str, options)])
    while not list(tmp_path.glob("out/.events.root.*/events.root")):
        assert stage.poll() is None
        time.sleep(0.01)
    stage.send_signal(signal.SIGKILL)
    stage.wait()
    assert not events.exists()
    files.write_bytes(events, b"the next run")
    assert list(events.parent.iterdir()) == [events]
