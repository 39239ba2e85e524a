"""Results know which campaign file they belong to."""

import shutil
from pathlib import Path

import pytest

from robot_physicist.files.origin import RECORD, claim, stranger


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Two campaign files of one file name, and results of the first."""
    for name in ("a", "b"):
        (tmp_path / "top" / name).mkdir(parents=True)
        (tmp_path / "top" / name / "study.yaml").write_text(f"name: {name}\n")
    monkeypatch.chdir(tmp_path / "top")
    claim(Path("results/study"), Path("a/study.yaml"), "a")
    return tmp_path / "top"


def test_another_file_of_the_same_name_is_refused_with_what_to_do(project):
    text = stranger(Path("results/study"), Path("b/study.yaml"), "b")
    assert text.startswith("results/study holds the results of a/study.yaml (name: a), not of b/study.yaml (name: b)")
    assert "rename one of the two files" in text
    assert stranger(Path("results/study"), Path("b/study.yaml"), "a")  # the same name makes them no one study


@pytest.mark.parametrize("spelt", ["a/study.yaml", "./a/../a/study.yaml"])
def test_the_same_file_is_the_same_campaign_however_it_is_spelt_or_edited(project, spelt):
    assert stranger(Path("results/study"), Path(spelt), "a") == ""
    Path("a/study.yaml").write_text("name: renamed\n")
    assert stranger(Path("results/study"), Path(spelt), "renamed") == ""
    assert stranger(Path("results/study"), Path(spelt).resolve(), "a") == ""


def test_links_are_followed(project):
    Path("link").symlink_to("a")
    assert stranger(Path("results/study"), Path("link/study.yaml"), "a") == ""


def test_a_copy_of_all_is_at_home_elsewhere(project, monkeypatch):
    shutil.copytree(project, project.parent / "copy")
    monkeypatch.chdir(project.parent / "copy")
    assert stranger(Path("results/study"), Path("a/study.yaml"), "a") == ""
    assert stranger(Path("results/study"), Path("b/study.yaml"), "b")


def test_a_campaign_that_has_moved_is_known_by_its_name(project):
    Path("a/study.yaml").rename("study.yaml")
    assert stranger(Path("results/study"), Path("study.yaml"), "a") == ""
    assert "(name: a), not of b/study.yaml (name: b)" in stranger(Path("results/study"), Path("b/study.yaml"), "b")
    claim(Path("results/study"), Path("study.yaml"), "a")
    assert stranger(Path("results/study"), Path("b/study.yaml"), "a")


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"campaign": 5, "name": "a"}'])
def test_results_without_a_record_are_everybodys(project, text):
    Path("results/study", RECORD).write_text(text)
    assert stranger(Path("results/study"), Path("b/study.yaml"), "b") == ""
    assert stranger(Path("results/none"), Path("b/study.yaml"), "b") == ""


def test_claiming_twice_changes_nothing_and_leaves_nothing_behind(project):
    record = Path("results/study", RECORD)
    before = record.stat().st_mtime_ns
    claim(Path("results/study"), Path("a/study.yaml"), "a")
    assert record.stat().st_mtime_ns == before
    assert [path.name for path in Path("results/study").iterdir()] == [RECORD]
