"""What several test files share: a small campaign and ways to change it."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from robot_physicist.campaign import Campaign
from robot_physicist.validation import campaign_from

ROOT = Path(__file__).parent.parent
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [0.5, 2]}},
    "parameters": {"theta": {"linspace": [-1, 1, 5]}},
    "observables": {"x": {"range": [-5, 5], "bins": 10, "overflow": "include"}},
    "exposure": [{"events": 1}, {"events": 5}],
    "simulation": {"events": 2000},
}


@pytest.fixture
def raw() -> dict[str, Any]:
    return copy.deepcopy(SMALL)


@pytest.fixture
def campaign(raw: dict[str, Any]) -> Campaign:
    return campaign_from(raw, "small.yaml")


@pytest.fixture
def campaign_file(raw: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def environment(name: str) -> Path:
    """Programs of the environment in .venvs; without it a test is skipped, but fails in continuous integration."""
    programs = ROOT / ".venvs" / name / "bin"
    if not programs.is_dir():
        missing = f"no environment .venvs/{name}; make .venvs/{name}/stamp"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return programs
