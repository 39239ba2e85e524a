"""uproot, loaded when a file is opened or written, and made to write the same bytes for the same content.

uproot imports awkward, which takes a fifth of the time in which a stage starts, and of which reading a TTree of plain
numbers uses nothing: awkward's own code runs when something of it is first used. ROOT files carry the time of writing
and a random identifier, neither of which belongs into a reproducible result: both are fixed here.
"""

from __future__ import annotations

import datetime
import importlib.util
import sys
import types
import uuid
from pathlib import Path
from typing import Any

import lazy_loader as lazy

uproot = lazy.load("uproot")

#: ROOT counts years from 1995; the first moment it can express.
EPOCH = datetime.datetime(1995, 1, 1)


class _RunsWhenUsed(types.ModuleType):
    """A module whose code runs when something of it is first used.

    `importlib.util.LazyLoader` does the same, except that there an import statement, which looks at `__spec__`, is a
    use already.
    """

    def __getattribute__(self, name: str) -> Any:
        spec = object.__getattribute__(self, "__spec__")
        if name == "__spec__":
            return spec
        object.__setattr__(self, "__class__", types.ModuleType)
        spec.loader.exec_module(self)
        return getattr(self, name)


class _FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _FixedClock:
        return cls(EPOCH.year, EPOCH.month, EPOCH.day)


def uproot_module() -> Any:
    """Give uproot; files written with it from now on carry no date."""
    if "awkward" not in sys.modules:
        _run_when_used("awkward")
    writing = uproot.writing
    for module in (writing._cascade, writing._cascadetree, writing.writable):
        vars(module)["datetime"] = types.SimpleNamespace(datetime=_FixedClock)
    return uproot


def _run_when_used(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is not None:
        module = importlib.util.module_from_spec(spec)
        object.__setattr__(module, "__class__", _RunsWhenUsed)
        sys.modules[name] = module


def recreate(path: Path, identity: str) -> Any:
    """Open a new ROOT file for writing, identified by `identity` in place of a random number."""
    return uproot_module().recreate(path, uuid_function=lambda: uuid.uuid5(uuid.NAMESPACE_OID, identity))
