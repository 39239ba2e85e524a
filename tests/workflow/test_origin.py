"""Two campaign files of one file name in two folders do not write into the same results."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.campaigns import ROOT, SMALL

from robot_physicist.files.origin import RECORD

pytestmark = pytest.mark.workflow
BIN = Path(sys.executable).parent


@pytest.fixture
def project(tmp_path):
    for part in ("Snakefile", "workflow", "steps", "envs", "src"):
        (tmp_path / part).symlink_to(ROOT / part)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "study.yaml").write_text(yaml.safe_dump({**SMALL, "name": folder}))
    return tmp_path


def _snakemake(project, campaign, *options):
    line = [str(BIN / "snakemake"), *options, "--cores", "1", "--configfile", campaign]
    variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False, env=variables)
    return done.returncode, done.stdout + done.stderr


def _command(project, *words):
    line = [sys.executable, "-m", "robot_physicist", *words]
    done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_second_campaign_is_refused_by_engine_and_commands(project):
    branch = "results/study/branches.json"
    assert _snakemake(project, "a/study.yaml", branch, "--dry-run")[0] == 0
    assert not (project / "results/study" / RECORD).exists()
    code, text = _snakemake(project, "a/study.yaml", branch)
    assert code == 0, text
    assert (project / "results/study" / RECORD).is_file()
    code, text = _snakemake(project, "b/study.yaml", branch, "--dry-run")
    assert code == 2
    assert "holds the results of a/study.yaml (name: a), not of b/study.yaml (name: b); rename one" in text
    for words in (("watch", "b/study.yaml", "--once"), ("plan", "b/study.yaml", "--error", "0.1")):
        code, text = _command(project, *words)
        assert (code, "rename one of the two files" in text) == (2, True), text
    (project / "a/study.yaml").write_text(yaml.safe_dump({**SMALL, "name": "a", "title": "edited"}))
    assert _snakemake(project, "a/study.yaml", branch)[0] == 0
