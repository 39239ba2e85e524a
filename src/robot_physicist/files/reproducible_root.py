"""uproot, imported in half the time and made to write the same bytes for the same content.

Importing uproot imports awkward (0.3 s), which reading into numpy never uses; a stand-in loads the real
awkward on first use. ROOT files carry the time of writing and a random identifier, neither of which belongs
into a reproducible result: both are fixed here.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import sys
import types
import uuid
from pathlib import Path
from typing import Any

#: ROOT counts years from 1995; the first moment it can express.
EPOCH = datetime.datetime(1995, 1, 1)


class _LazyAwkward(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules["awkward"]
        real = importlib.import_module("awkward")
        self.__dict__.update(real.__dict__)
        return getattr(real, name)


class _Nothing:
    """Stands for classes of awkward, of which there is no object before awkward is loaded."""


class _FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _FixedClock:
        return cls(EPOCH.year, EPOCH.month, EPOCH.day)


def uproot_module() -> Any:
    """Import uproot; files written with it from now on carry no date."""
    if "awkward" not in sys.modules:
        stand_in = _LazyAwkward("awkward")
        stand_in.__dict__["__version__"] = importlib.metadata.version("awkward")
        nothing = types.SimpleNamespace(Type=_Nothing, ArrayType=_Nothing, Content=_Nothing, Form=_Nothing)
        stand_in.__dict__.update(Array=_Nothing, contents=nothing, forms=nothing, types=nothing)
        sys.modules["awkward"] = stand_in
    import uproot
    import uproot.writing._cascade as cascade
    import uproot.writing._cascadetree as cascadetree
    import uproot.writing.writable as writable

    for module in (cascade, cascadetree, writable):
        vars(module)["datetime"] = types.SimpleNamespace(datetime=_FixedClock)
    return uproot


def recreate(path: Path, identity: str) -> Any:
    """Open a new ROOT file for writing, identified by `identity` in place of a random number."""
    return uproot_module().recreate(path, uuid_function=lambda: uuid.uuid5(uuid.NAMESPACE_OID, identity))
