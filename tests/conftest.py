"""Fixtures of several rooms: a small campaign, the command line, and what engines need."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from support.campaigns import ROOT, SMALL

from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.cli.main import main

# Snakemake asks Slurm's programs, where there are any, for their configuration, and waits ten seconds when no Slurm runs.
os.environ["SLURM_CONF"] = os.devnull


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


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new folder of this test run, the same one for all its workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def images(shared: Path) -> dict[str, str]:
    """Images of envs/, built by podman; environment variables with which engines use them."""
    from support import engines

    variables = engines.docker(shared)

    def build(folder: Path) -> None:
        folder.mkdir()
        options = {"ENGINE": "podman", "PYTHON": str(engines.PROGRAMS / "python")}
        options["BUILD_OPTIONS"] = "--isolation chroot --ulimit nofile=4096:4096"
        code, text = engines.call([ROOT / "envs/build"], ROOT, **variables, **options)
        assert code == 0, text
        (folder / "printed").write_text(text)

    folder = engines.once(shared, "images", build)
    return {**variables, "PRINTED": (folder / "printed").read_text()}


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A fresh Slurm, stopped after the test; a machine has one, whatever checkouts it has. Options for Snakemake."""
    from support import engines

    monkeypatch.delenv("SLURM_CONF")
    with FileLock(Path(tempfile.gettempdir()) / "robot-physicist-slurm.lock"):
        code, text = engines.call([ROOT / "tests/slurm/start"], ROOT)
        if code:
            engines.missing(text)
        options = ["--slurm-no-account", "--slurm-status-command", "squeue"]
        yield [*options, "--slurm-init-seconds-before-status-checks", "2"]
        engines.call([ROOT / "tests/slurm/stop"], ROOT)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Any, str]]:
    def call(*arguments: Any) -> tuple[Any, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out = capsys.readouterr()
        return stop.value.code, out.out + out.err

    return call


@pytest.fixture
def wide(raw: dict[str, Any]) -> Campaign:
    raw["settings"] = {"variance": {"values": [1, 2, 3], "label": "V"}}
    raw["exposure"] = {"events": 5}
    raw["title"] = "A study"
    return campaign_from(raw, "wide.yaml")
