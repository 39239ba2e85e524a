"""The program `robot-physicist`: numerics, warnings and exit codes."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from ..quantities.errors import RobotPhysicistError
from . import commands, stages  # noqa: F401  (they add their commands to the group)
from .group import cli
from .options import spread

#: The same bytes on every machine: sums end in other last digits on other numbers of threads, and functions with the
#: instructions of newer processors. Has to be set before NumPy is imported.
NUMERICS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

if platform.machine() in ("x86_64", "AMD64"):
    NUMERICS |= {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit code 2 for bad input, 1 for a failed job, never a traceback for either."""
    warnings.showwarning = _show_warning
    os.environ.update(NUMERICS)
    try:
        cli.main(args=spread(sys.argv[1:] if arguments is None else arguments), prog_name="robot-physicist")
    except RobotPhysicistError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"error: {error.filename or 'file'}: {error.strerror or error}", err=True)
        sys.exit(1)
