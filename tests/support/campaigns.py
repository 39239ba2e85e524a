"""A small campaign, the root of the checkout, and its environments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.reading import campaign_from

ROOT = Path(__file__).parents[2]
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


def environment(name: str) -> Path:
    """Programs of the environment in .venvs; without it a test is skipped, but fails in continuous integration."""
    programs = ROOT / ".venvs" / name / "bin"
    if not programs.is_dir():
        missing = f"no environment .venvs/{name}; make .venvs/{name}/stamp"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return programs


def changed(raw: dict[str, Any], **sections: Any) -> Campaign:
    return campaign_from({**raw, **sections}, "x")
