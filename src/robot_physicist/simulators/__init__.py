"""What makes events: one simulator per file, found by its name."""

from __future__ import annotations

import importlib
import pkgutil

from ..quantities.errors import UnknownNameError, nearest
from .base import Simulator

#: Files of this folder that are no simulators.
NO_SIMULATORS = ("base", "choice", "program_output")


def names() -> list[str]:
    """Names of all simulators, which are the names of the files in this folder.

    >>> "gaussian" in names()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in NO_SIMULATORS)


def load(name: str) -> type[Simulator]:
    """Import a simulator by name; raises UnknownNameError with the nearest name."""
    if name not in names():
        raise UnknownNameError(
            f"simulator.name: there is no simulator '{name}'; {nearest(name, names())};"
            " a program of your own runs with `name: command`"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Simulator) and item.__module__ == module.__name__
    ]
    (simulator,) = found
    return simulator
