"""SIGKILL of an engine or of a step at random moments, twenty times; then the same bytes as without."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import psutil
import pytest
from support import engines

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200)]
#: A step alone, the engine alone, or the engine with all it started, as in a power cut: twenty on two engines.
KILLS = ["step"] * 4 + ["engine"] * 3 + ["all"] * 3
READERS = {"snakemake": engines.of_snakemake, "yadage": engines.of_yadage}


def steps_of(engine):
    """Running commands of stages that an engine has started, even when it is dead."""
    found = []
    for number in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(number) == engine.pid:
                process = psutil.Process(number)
                if any(word.endswith("/robot-physicist") for word in process.cmdline()):
                    found.append(process)
    return found


def first_step(engine):
    """Wait until a step runs, however long a busy machine takes; the steps that run, or none if the engine ended."""
    while not (running := steps_of(engine)) and engine.poll() is None:
        time.sleep(0.05)
    return running


def struck(engine, kill):
    """Kill a step, or the engine; was it still there to be killed?"""
    victim = next(iter(first_step(engine)), None) if kill == "step" else engine
    if victim is None or engine.poll() is not None:
        return False
    try:
        victim.kill()
    except psutil.NoSuchProcess:
        return False
    if kill == "step":
        time.sleep(0.5)  # the engine sees it
    if kill == "engine":
        psutil.wait_procs(steps_of(engine), timeout=120)  # they end on their own, and their work counts
    return True


def disturbed(line, folder, kill, seconds):
    """Run an engine and kill what `kill` names some time after its first step has started; has that been done?"""
    environ = {**os.environ, "PATH": f"{engines.PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    log = folder / "engine.log"
    with log.open("w") as output:
        engine = subprocess.Popen(
            [str(word) for word in line],
            cwd=folder,
            env=environ,
            start_new_session=True,
            stdout=output,
            stderr=output,
        )
    first_step(engine)
    time.sleep(seconds)
    done = struck(engine, kill)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(engine.pid, signal.SIGKILL)
    code = engine.wait()
    assert done or code == 0, log.read_text()
    return done


@pytest.mark.parametrize("name", ["snakemake", "yadage"])
def test_ten_kills_change_no_byte(name, tmp_path):
    """A run that ends before its turn is compared and begun again, so all ten kills are done on any machine."""
    calm, folder = (engines.checkout(tmp_path / place) for place in ("calm", "run"))
    code, text = engines.snakemake(calm)
    assert code == 0, text
    if name == "snakemake":
        line = [engines.PROGRAMS / "snakemake", "--cores", "2", "--configfile", "campaigns/small.yaml"]
        line += ["--rerun-incomplete", "--nolock"]
        results = folder / "results/small"
    else:
        python = engines.environment("yadage") / "python"
        line = [python, "workflow/run_yadage.py", "campaigns/small.yaml", "--workers", "2", "--native"]
        results = folder / "results/small.yadage"

    def compare():
        assert engines.differing(engines.of_snakemake(calm / "results/small"), READERS[name](results)) == []

    rng = np.random.default_rng(20)
    kills = list(rng.permutation(KILLS))
    while kills:
        if disturbed(line, folder, kills[-1], rng.uniform(0, 1.5)):
            kills.pop()
        else:
            compare()
            shutil.rmtree(folder / "results")
    code, text = engines.call(line, folder)
    assert code == 0, text
    compare()
