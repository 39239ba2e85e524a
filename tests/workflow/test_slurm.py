"""A campaign on a real Slurm of one node, whose jobs and daemons do not all live."""

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from support import engines
from support.campaigns import ROOT

pytestmark = [pytest.mark.engines, pytest.mark.slurm, pytest.mark.timeout(1200)]
SECONDS = 900  # Snakemake looks at a job after 2, 12, 22, 32 ... more seconds, which adds up where jobs are slow


def printed(*line):
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60).stdout


def what_slurm_sees():
    """Queue, node and the ends of both logs, for a test that fails."""
    logs = [printed("tail", "-n", "20", f"/var/log/{name}.log") for name in ("slurmctld", "slurmd")]
    return "\n".join([printed("squeue", "--states=all", "--long"), printed("sinfo", "--long"), *logs])


def wait_for(what, happens, engine, log):
    """Wait until something happens, and return it; fail with all that is known if the engine ends or time is up."""
    start = time.monotonic()
    while (found := happens()) is None:
        if engine.poll() is not None or time.monotonic() - start > SECONDS:
            waited = f"not in {time.monotonic() - start:.0f} s, Snakemake's exit code: {engine.poll()}"
            raise AssertionError(f"{what}: {waited}\n{log.read_text()}\n{what_slurm_sees()}")
        time.sleep(0.1)
    return found


def jobs(state):
    return printed("squeue", "--noheader", f"--states={state}", "--format=%i").split()


def cancelled():
    """Cancel a job that runs; its number, or None if there is none or it ended first."""
    for job in jobs("RUNNING")[:1]:
        subprocess.run(["scancel", job], check=True)
        while job not in (ended := jobs("CANCELLED,COMPLETED,FAILED")):
            time.sleep(0.1)
        return job if ended and job in jobs("CANCELLED") else None
    return None


def restart_slurmd():
    """Kill slurmd, under a running job, and start it again."""
    daemon = psutil.Process(int(Path("/run/slurmd.pid").read_text()))
    daemon.kill()
    psutil.wait_procs([daemon], timeout=60)
    subprocess.run(["slurmd"], check=True)


def test_a_cancelled_job_and_a_killed_slurmd_change_no_byte_of_many_branches_in_one_job(slurm, tmp_path):
    calm, folder = (engines.checkout(tmp_path / place) for place in ("calm", "run"))
    code, text = engines.snakemake(calm)
    assert code == 0, text
    line = [engines.PROGRAMS / "snakemake", "--configfile", "campaigns/small.yaml", "--cores", "2"]
    line += ["--workflow-profile", ROOT / "workflow/profiles/slurm", "--latency-wait", "5", *slurm]
    environ = {**os.environ, "PATH": f"{engines.PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    log = folder / "snakemake.log"
    with log.open("w") as output:
        engine = subprocess.Popen(line, cwd=folder, env=environ, stdout=output, stderr=output)
    try:
        victim = wait_for("a running job to cancel", cancelled, engine, log)
        wait_for("another running job", lambda: jobs("RUNNING") or None, engine, log)
        restart_slurmd()
        code = wait_for("the end of Snakemake", engine.poll, engine, log)
    finally:
        engine.kill()
        engine.wait()
    text = log.read_text()
    assert code == 0, f"{text}\n{what_slurm_sees()}"
    # branches, all θ points, all exposures, the design, and once more the one that was cancelled
    assert text.count("has been submitted with SLURM jobid") == 5, text
    assert f"{victim}.log (check log file(s) for error details)" in text
    results = [engines.of_snakemake(place / "results/small") for place in (calm, folder)]
    assert engines.differing(*results) == []
