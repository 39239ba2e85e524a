"""What the engines themselves cost: graphs of 100 to 10,000 branches whose stages only touch their files."""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_commands import TINY
from benchmarks.measure import PROGRAM

ROOT = Path(__file__).parent.parent
PARTS = ("Snakefile", "workflow", "steps", "envs", "src")
SHAPES = {100: (10, 10), 1000: (40, 25), 10_000: (100, 100)}  # branches: settings × θ
GRAPHS, RUNS = (100, 1000, 10_000), (100, 1000)  # ten times more of the latter would take an hour
STAGE = f"""#!/bin/sh
# Stands in for every stage but the first: makes the files that the options of its outputs name.
[ "$1" = branches ] && exec {PROGRAM} "$@"
stage=$1
while [ $# -gt 0 ]; do
  case "$stage $1" in
    "simulate --events" | "histogram --histogram" | "likelihood --workspace" | "likelihood --patchset" | \\
    "posterior --posterior" | "eig --gain" | "design --design" | "design --table")
      mkdir -p "${{2%/*}}" && : > "$2" ;;
    "design --figures") mkdir -p "$2" ;;
  esac
  shift
done
"""


@dataclass(frozen=True)
class Cost:
    """Of one process and everything it started: wall and processor time in s, largest process in MB."""

    wall: float
    processor: float
    memory: float


def main() -> None:
    print("Scale: engines with stages that do nothing (a branch is one simulate and one histogram)")
    print(f"{'':<34}{'branches':>9}{'steps':>8}{'wall/s':>9}{'CPU/s':>9}{'MB':>7}{'CPU/step/ms':>13}")
    table("Snakemake, graph alone", "snakemake", GRAPHS, ["--dry-run"])
    table("Snakemake, graph of a tenth", "snakemake", GRAPHS[1:], ["--dry-run", "--batch", "design=1/10"])
    table("Snakemake, run on 2 cores", "snakemake", RUNS, [])
    table("yadage, run on 2 processes", "yadage", RUNS, [])


def table(what: str, engine: str, sizes: tuple[int, ...], options: list[str]) -> None:
    """One line per size, then how time and memory grow between the last two."""
    costs = {}
    for branches in sizes:
        with tempfile.TemporaryDirectory() as text:
            cost = costs[branches] = measured(Path(text), engine, branches, options)
        steps = 2 * branches + 3 * SHAPES[branches][0] + 2
        per_step = 1e3 * cost.processor / steps
        line = f"{cost.wall:>9.1f}{cost.processor:>9.1f}{cost.memory:>7.0f}{per_step:>13.1f}"
        print(f"{what:<34}{branches:>9}{steps:>8}{line}", flush=True)
    (fewer, before), (more, after) = list(costs.items())[-2:]
    powers = (math.log(b / a) / math.log(more / fewer) for a, b in zip(numbers(before), numbers(after), strict=True))
    print("{:<34}{:>9}".format("  growth: branches to the power of", ""), "CPU {:.2f}, MB {:.2f}".format(*powers))


def numbers(cost: Cost) -> tuple[float, float]:
    return cost.processor, cost.memory


def measured(folder: Path, engine: str, branches: int, options: list[str]) -> Cost:
    """Run an engine in a new folder."""
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    (folder / "bin").mkdir()
    (folder / "bin/robot-physicist").write_text(STAGE)
    (folder / "bin/robot-physicist").chmod(0o755)
    settings, points = SHAPES[branches]
    ranges = {
        "settings": {"variance": {"linspace": [1, 2, settings]}},
        "parameters": {"theta": {"linspace": [-1, 1, points]}},
    }
    (folder / "campaigns").mkdir()
    (folder / "campaigns/scale.yaml").write_text(json.dumps({**TINY, **ranges, "name": "scale"}))
    if engine == "snakemake":
        line = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", "--quiet", "all"]
        line += ["--configfile", "campaigns/scale.yaml", *options]
    else:
        python = str(ROOT / ".venvs/yadage/bin/python")
        line = [python, "workflow/run_yadage.py", "campaigns/scale.yaml", "--native", "--workers", "2"]
    return cost_of(line, folder)


def cost_of(line: list[str], folder: Path) -> Cost:
    """Run a command and ask the kernel what it took."""
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    start = time.perf_counter()
    process = subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(line)}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
