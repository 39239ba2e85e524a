"""SIGKILL of the engine or of a step at random moments, twenty times; then the same bytes as without."""

import os
import signal
import subprocess
import time

import engines
import numpy as np
import psutil
import pytest

pytestmark = pytest.mark.engines
KILLS = 20


def steps_of(engine):
    """Running commands of stages below an engine."""
    found = []
    for child in psutil.Process(engine.pid).children(recursive=True):
        try:
            if any(word.endswith("/robot-physicist") for word in child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def disturbed(line, folder, seconds, kill_step):
    """Start an engine, wait, kill one of its steps or the engine with everything below it; was a step killed?"""
    environ = {**os.environ, "PATH": f"{engines.PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    engine = subprocess.Popen([str(word) for word in line], cwd=folder, env=environ, start_new_session=True, **quiet)
    time.sleep(seconds)
    killed = False
    if kill_step and engine.poll() is None and (running := steps_of(engine)):
        killed = True
        running[0].kill()
        time.sleep(0.5)
    if engine.poll() is None:
        os.killpg(engine.pid, signal.SIGKILL)
    engine.wait()
    return killed


@pytest.mark.parametrize("name", ["snakemake", "yadage"])
def test_twenty_kills_change_no_byte(name, tmp_path):
    calm, folder = (engines.checkout(tmp_path / place) for place in ("calm", "run"))
    code, text = engines.snakemake(calm)
    assert code == 0, text
    if name == "snakemake":
        line = [engines.PROGRAMS / "snakemake", "--cores", "2", "--configfile", "campaigns/small.yaml"]
        line += ["--rerun-incomplete", "--nolock"]
    else:
        python = engines.environment("yadage") / "python"
        line = [python, "workflow/run_yadage.py", "campaigns/small.yaml", "--workers", "2", "--native"]
    rng = np.random.default_rng(20)
    steps = sum(disturbed(line, folder, rng.uniform(0.8, 4.0), bool(turn % 2)) for turn in range(KILLS))
    assert steps > 0
    code, text = engines.call(line, folder)
    assert code == 0, text
    read, place = (
        (engines.of_snakemake, "results/small")
        if name == "snakemake"
        else (engines.of_yadage, "results/small.yadage")
    )
    assert engines.differing(engines.of_snakemake(calm / "results/small"), read(folder / place)) == []
