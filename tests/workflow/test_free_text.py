"""Titles, labels and units that would be dangerous in a command line never reach one."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.workflow
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ODD = "m(μμ) [x]; touch owned & `touch owned` $(touch owned) {input} {wildcards.setting} \"' > owned #"
CAMPAIGN = {
    "name": "odd",
    "title": ODD,
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1], "label": ODD}},
    "parameters": {"theta": {"linspace": [-1, 1, 3], "label": ODD}},
    "observables": {"x": {"range": [-3, 3], "bins": 4, "overflow": "include", "label": ODD}},
    "exposure": {"events": 1},
    "simulation": {"events": 500},
}


@pytest.fixture
def project(tmp_path):
    for part in ("Snakefile", "workflow", "steps", "envs", "src"):
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns/odd.yaml").write_text(yaml.safe_dump(copy.deepcopy(CAMPAIGN), allow_unicode=True))
    return tmp_path


def test_a_campaign_with_dangerous_texts_runs_like_any_other(project):
    line = [str(BIN / "snakemake"), "--cores", "2", "--configfile", "campaigns/odd.yaml", "--printshellcmds"]
    variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False, env=variables)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert not list(project.rglob("owned"))
    commands = [text for text in printed.splitlines() if "robot-physicist" in text]
    assert commands
    assert not any("touch" in text for text in commands)
    design = json.loads((project / "results/odd/design.json").read_text())
    assert design["title"] == design["labels"]["variance"] == ODD
