"""How tests run a campaign on each engine, and how they look at the results, whatever the engine calls its folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from robot_physicist.files.reproducible_root import recreate
from support.campaigns import ROOT, environment

PROGRAMS = Path(sys.executable).parent
PARTS = ("Snakefile", "workflow", "steps", "envs", "src", "examples", "recast.yml")
CAMPAIGN: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [0.5, 2]}},
    "parameters": {"theta": {"linspace": [-1, 1, 3]}},
    "observables": {"x": {"range": [-5, 5], "bins": 10, "overflow": "include"}},
    "exposure": [{"events": 1}, {"events": 5}],
    "simulation": {"events": 2000},
    "observed": {
        "file": "data.root",
        "tree": "Events",
        "setting": {"variance": 2},
        "exposure": "events=5",
        "branches": {"x": "momentum / 1000"},
        "selection": ["momentum < 2550"],
    },
}


def once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Make something for all workers of a test run together: the first one makes it, the others wait."""
    with FileLock(folder / f"{name}.lock"):
        done = folder / f"{name}.done"
        if not done.exists():
            make(folder / name)
            done.touch()
    return folder / name


def missing(what: str) -> None:
    """Skip a test that cannot run here; in continuous integration nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def checkout(folder: Path, campaign: dict[str, Any] = CAMPAIGN) -> Path:
    """Make a folder to run in: the graphs, and a campaign in campaigns/small.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    (folder / "campaigns").mkdir()
    (folder / "campaigns/small.yaml").write_text(yaml.safe_dump(campaign))
    with recreate(folder / "campaigns/data.root", "data") as file:
        file.mktree("Events", {"momentum": "f8"})
        file["Events"].extend({"momentum": [-900.0, 200.0, 300.0, 1100.0, 2500.0, 2600.0]})
    return folder


def call(
    line: list[str | Path], folder: Path, path: Path = PROGRAMS, timeout: float = 1000, **variables: str
) -> tuple[int, str]:
    """Run a program with `path` first on PATH; the exit code and everything it printed."""
    environ = {**os.environ, **variables, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(word) for word in line],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    return done.returncode, done.stdout


def snakemake(folder: Path, *options: str | Path, path: Path = PROGRAMS, **variables: str) -> tuple[int, str]:
    """Run the campaign with Snakemake."""
    line = [PROGRAMS / "snakemake", "--cores", "2", "--configfile", "campaigns/small.yaml", *options]
    return call(line, folder, path, **variables)


def in_containers(folder: Path, images: dict[str, str]) -> tuple[int, str]:
    """The same in containers, podman in place of apptainer."""
    path = Path(images["PATH_TO_DOCKER"])
    return snakemake(folder, "--sdm", "apptainer", path=path, ROOT=str(ROOT), **images)


def yadage(folder: Path, *options: str | Path, path: Path = PROGRAMS, **variables: str) -> tuple[int, str]:
    """Run the campaign with yadage, in results/small.yadage."""
    python = environment("yadage") / "python"
    line = [python, "workflow/run_yadage.py", "campaigns/small.yaml", "--workers", "2", *options]
    return call(line, folder, path, **variables)


def of_snakemake(results: Path) -> dict[str, bytes]:
    """Results of Snakemake: JSON and ROOT files by their paths, but for where the campaign is."""
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.suffix in (".json", ".root", ".csv") and path.name != "origin.json"
    }


def of_yadage(work: Path) -> dict[str, bytes]:
    """Results of yadage, by the paths that Snakemake gives them."""
    return branches_of_yadage(work) | {
        name: (work / "design" / name).read_bytes() for name in ("design.json", "design.csv")
    }


def branches_of_yadage(work: Path) -> dict[str, bytes]:
    """The same without the design."""
    branches = json.loads((work / "branches/branches.json").read_text())
    found = {"branches.json": work / "branches/branches.json"}
    for i, setting in enumerate(branches["settings"]):
        for j, sample in enumerate(branches["samples"]):
            found[f"{setting}/{sample}/events.root"] = work / f"setting_{i}/simulate_{j}/events.root"
            found[f"{setting}/{sample}/histogram.json"] = work / f"setting_{i}/histogram_{j}/histogram.json"
        for j, exposure in enumerate(branches["exposures"]):
            for name in ("likelihood/workspace", "likelihood/patchset", "posterior/posterior", "eig/eig"):
                path = work / f"setting_{i}/exposure_{j}/{name}.json"
                found[f"{setting}/{exposure}/{path.name}"] = path
    return {name: path.read_bytes() for name, path in found.items()}


def differing(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    """Names of the files that only one of two runs has made, or that differ."""
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def docker(folder: Path) -> dict[str, str]:
    """Environment variables with which programs that call `docker` find the images, built here by podman."""
    if not shutil.which("podman") or os.geteuid() != 0:
        missing("containers need podman, and root: apt-get install podman runc mmdebstrap")
    configuration = ROOT / "tests/containers/containers.conf"
    return {
        "CONTAINERS_CONF": str(configuration),
        "PACKTIVITY_DOCKER_NOPULL": "1",
        "PATH_TO_DOCKER": str(ROOT / "tests/containers"),
    }
