"""Two checkouts of the project, an old commit and the present working tree, each running its own package."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "robot-physicist"
#: The shell keeps the PYTHONPATH that is set here, so whatever else is installed comes after the tree's own package.
WRAPPER = """#!/bin/sh
PYTHONPATH='{source}' exec '{python}' -m robot_physicist "$@"
"""


class LeakError(RuntimeError):
    """A checkout does not run its own package."""


@dataclass(frozen=True)
class Checkout:
    """A tree of the project, and a folder with a `robot-physicist` that runs the package of that tree."""

    folder: Path
    programs: Path

    @property
    def program(self) -> Path:
        """The command `robot-physicist` of this tree."""
        return self.programs / PROGRAM

    def environment(self) -> dict[str, str]:
        """Variables with which processes find this tree's package and command before any other.

        Variables of Python are dropped: without compiled files, for one, every start would take longer.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        path = os.pathsep.join([str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**kept, "PATH": path, "PYTHONPATH": str(self.folder / "src"), "SLURM_CONF": os.devnull}

    def run(self, line: Sequence[str | Path], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command with this tree's package; its output is captured."""
        words, environment = [str(word) for word in line], {**self.environment(), **variables}
        return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    def version(self) -> str:
        """The version of this tree's package; raises LeakError if the command loads any other package."""
        done = self.run([PROGRAM, "--version"], self.programs, PYTHONVERBOSE="1")
        check_modules(done.stderr, self.folder / "src/robot_physicist")
        return done.stdout.split()[-1]


def check_modules(loaded: str, package: Path) -> None:
    """Raise LeakError unless modules of robot_physicist were loaded, and all from that folder.

    `loaded` is what Python prints with PYTHONVERBOSE.
    """
    found = set(re.findall(r"'(/[^']*?/robot_physicist)/", loaded))
    if found != {str(package)}:
        raise LeakError(f"{package}: its command loads {', '.join(sorted(found)) or 'no module of it'}")


@contextmanager
def old_and_new(revision: str) -> Iterator[tuple[Checkout, Checkout]]:
    """An old commit in a temporary worktree, and the present working tree; the worktree is removed in any case."""
    with ended_by_an_exception(), tempfile.TemporaryDirectory(prefix="robot-physicist-") as text:
        folder = Path(text).resolve()
        old = folder / "old"
        git("worktree", "add", "--quiet", "--detach", str(old), f"{revision}^{{commit}}")
        try:
            yield prepared(old, folder / "programs-old"), prepared(ROOT, folder / "programs-new")
        finally:
            git("worktree", "remove", "--force", str(old))


def prepared(tree: Path, programs: Path) -> Checkout:
    """A tree with a command of its own, which is checked to run that tree's package."""
    checkout = Checkout(tree, programs)
    programs.mkdir()
    checkout.program.write_text(WRAPPER.format(source=tree / "src", python=sys.executable))
    checkout.program.chmod(0o755)
    checkout.version()
    return checkout


def git(*words: str) -> None:
    """Run git on this project; ends the program with git's own message when that fails."""
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def ended_by_an_exception() -> Iterator[None]:
    """Let a request to end raise an exception, so that what is temporary is removed then too."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
