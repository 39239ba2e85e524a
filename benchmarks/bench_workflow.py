"""The default campaign with Snakemake: wall time against the sum of its jobs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import report

ROOT = Path(__file__).parent.parent
PARTS = ("Snakefile", "workflow", "steps", "envs", "src", "campaigns")


def main() -> None:
    print("Snakemake, campaigns/weinberg.yaml")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for part in PARTS:
            (folder / part).symlink_to(ROOT / part)
        cores = os.cpu_count() or 1
        wall = run(folder, cores)
        jobs = job_seconds(folder)
        report(f"wall time on {cores} cores", wall, "s", 300)
        report(f"wall time / ({jobs:.0f} s of jobs / cores)", wall / (jobs / cores), "", 1.3)
        again = run(folder, cores)
        report("a second run, with nothing to do", again, "s", 10)
        shutil.rmtree(folder / ".snakemake")


def run(folder: Path, cores: int) -> float:
    """Seconds of one run of Snakemake."""
    programs = Path(sys.executable).parent
    # Where Slurm is installed and does not run, Snakemake would wait ten seconds for its configuration.
    environment = {**os.environ, "SLURM_CONF": os.devnull, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    line = ["snakemake", "--cores", str(cores), "--quiet", "all"]
    start = time.perf_counter()
    subprocess.run(line, cwd=folder, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def job_seconds(folder: Path) -> float:
    """Sum of the run times of all jobs, from Snakemake's own records; jobs of several files count once."""
    records = (json.loads(path.read_text()) for path in (folder / ".snakemake/metadata").rglob("*") if path.is_file())
    jobs = {(record["rule"], record["starttime"], record["endtime"]) for record in records}
    return sum(end - start for _, start, end in jobs)
