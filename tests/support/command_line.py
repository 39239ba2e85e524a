"""The command line as a user calls it, in a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "robot-physicist")


def run(*arguments, cwd=None):
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def heeds_control_c() -> None:
    """For `preexec_fn`: a program heeds SIGINT even where the tests themselves run in the background and do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
