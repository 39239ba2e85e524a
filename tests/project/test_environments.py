"""Environments: separate, consistent, pinned with hashes, and from wherever pip is told to look."""

import re
import subprocess
import sys

import pytest
from support.campaigns import ROOT, environment
from support.engines import missing

ADDRESS = re.compile(r"(index-url|find-links|trusted-host)[ =:]+[\"']?\w+:/|pythonhosted\.org|/simple\b")
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("name", ["stages", "yadage", "reana", "reana-next"])
def test_nothing_in_an_environment_contradicts_itself(name):
    python = sys.executable if name == "stages" else environment(name) / "python"
    line = [python, "-m", "pip", "--disable-pip-version-check", "check"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "No broken requirements found." in done.stdout


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_are_pinned_with_hashes_and_name_no_address(path):
    text = path.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+(\[[\w, -]+\])?==[\w.!+]+ ", line), line
        assert "--hash=sha256:" in line
    assert "://" not in text


def test_no_file_says_where_packages_are_downloaded_from():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        missing("not a git checkout")
    found = []
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.is_file() and path.name != "test_environments.py":
            text = path.read_text(errors="replace")  # pictures and archives are not text
            found += [f"{name}: {line}" for line in text.splitlines() if ADDRESS.search(line)]
    assert found == []


def test_the_pattern_for_addresses_finds_them():
    for line in (
        "--index-url https://host/simple",
        "--find-links http://host",
        "https://files.pythonhosted.org/packages/x.whl",
    ):
        assert ADDRESS.search(line)


@pytest.mark.parametrize("ask", [lambda: missing("podman"), lambda: environment("nowhere")])
def test_what_is_missing_is_skipped_by_users_and_fails_in_continuous_integration(ask, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        ask()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        ask()
