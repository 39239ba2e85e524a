"""A plugin for packtivity: run the commands of steps on this machine, without their containers."""

import os
import signal
import subprocess

import yadage_strict  # noqa: F401  its import is what it does
from packtivity.handlers import execution_handlers

TAIL = 20


def ending(code):
    """How a program ended; that of a shell, in which it was killed by a signal, is 128 and its number."""
    number = -code if code < 0 else code - 128
    killed = [one.name for one in signal.Signals if one == number]
    return f"was killed by {killed[0]}" if killed else f"exit code {code}"


def run_here(config, environment, state, job, metadata):
    """Run the command of a step in its folder and keep what it prints."""
    folder = state.readwrite[0]
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(state.metadir, f"{metadata['name']}.run.log")
    with open(log, "wb") as output:
        done = subprocess.run(
            ["sh", "-c", job["command"]], cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{ending(done.returncode)}: {job['command']}")


execution_handlers.handlers["docker-encapsulated"]["default"] = run_here
