"""ROOT files of events, written whole or not at all and read in chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..quantities.arrays import FloatArray
from ..quantities.errors import InputFileError, ObservableError, nearest
from ..quantities.events import CrossSection, Events, combine, weighted_block
from .reproducible_root import recreate, uproot_module
from .whole_files import MISSING, whole

TREE = "events"
CHUNK = 500_000
#: What every ROOT file begins with.
ROOT = b"root"
#: Without these entries a file of events cannot be used.
PROVENANCE = {"digest", "generated", "cross_section_pb", "cross_section_error_pb"}


def write_events(path: Path, blocks: Iterable[Events], metadata: Mapping[str, Any]) -> int:
    """Write blocks of events to the tree `events` of a ROOT file and return how many were accepted.

    The object `metadata` is a JSON string: the given entries, the number of generated events and the
    cross-section in picobarn.
    """
    generated = accepted = 0
    section: CrossSection | None = None
    with whole(path) as temporary, recreate(temporary, str(metadata["digest"])) as file:
        for block in blocks:
            columns = dict(block.columns) | ({"weight": block.weights} if block.weights is not None else {})
            columns |= {"ratios": block.ratios} if block.ratios is not None else {}
            if generated == 0:
                file.mktree(TREE, {name: np.dtype(("f8", column.shape[1:])) for name, column in columns.items()})
            if block.accepted:
                file[TREE].extend(columns)
            section = combine(section, generated, block)
            generated, accepted = generated + block.generated, accepted + block.accepted
        file["metadata"] = json.dumps({**metadata, "generated": generated, **_cross_section_entries(section)})
    return accepted


def _cross_section_entries(section: CrossSection | None) -> dict[str, float | None]:
    value, error = (None, None) if section is None else (section.value, section.error)
    return {"cross_section_pb": value, "cross_section_error_pb": error}


@contextmanager
def opened_file(path: Path) -> Iterator[Any]:
    """Open a ROOT file; raises InputFileError when it is missing, none, damaged or truncated."""
    if not path.is_file():
        raise InputFileError(f"{path}: no such file{', but a folder' if path.is_dir() else ''}; {MISSING}")
    with path.open("rb") as begun:
        if (start := begun.read(len(ROOT))) != ROOT:
            found = f"it begins with {start!r}" if start else "it is empty"
            raise InputFileError(f"{path}: not a ROOT file, {found}; name one, or convert it with uproot")
    try:
        file = uproot_module().open(path)
    except Exception as error:  # uproot raises whatever it stumbles over in a damaged file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputFileError(f"{path}: damaged or truncated ({reason}); get it or make it again") from None
    with file:
        if file.file.fEND > path.stat().st_size:
            raise InputFileError(f"{path}: truncated; remove it and run the stage that makes it again")
        yield file


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the provenance of a ROOT file of events."""
    with opened_file(path) as file:
        text = str(file["metadata"]) if "metadata" in file else "{}"
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = {}
    if not isinstance(found, dict) or not found.keys() >= PROVENANCE:
        raise InputFileError(f"{path}: has no provenance, so it is not from this project's simulate stage")
    return found


def is_made_from(path: Path, provenance: Mapping[str, Any]) -> bool:
    """Is this a complete file of events with exactly this provenance, versions of the programs included?"""
    try:
        found = read_metadata(path)
    except InputFileError:
        return False
    return all(found.get(key) == value for key, value in provenance.items())


def read_events(
    path: Path, observables: Sequence[str], tree: str = TREE, extra: Sequence[str] = ("weight", "ratios")
) -> Iterator[Events]:
    """Read the observables (and what else there is of `extra`) of a ROOT file in chunks of bounded memory.

    Raises ObservableError when an observable is not in the file, InputFileError when it is damaged.
    """
    with opened_tree(path, tree) as found:
        names = found.keys()
        for name in observables:
            if name not in names:
                raise ObservableError(f"{path}: no observable '{name}' in '{tree}'; {nearest(name, names)}")
        yield from _chunks(path, found, [*observables, *(name for name in extra if name in names)])


@contextmanager
def opened_tree(path: Path, tree: str) -> Iterator[Any]:
    """Open a tree of a ROOT file; raises InputFileError when there is none, or when the file is damaged."""
    with opened_file(path) as file:
        if tree not in file:
            raise InputFileError(f"{path}: no tree '{tree}'; {nearest(tree, file.keys(cycle=False))}")
        if not hasattr(file[tree], "arrays"):
            raise InputFileError(f"{path}: '{tree}' is not a tree but a {file[tree].classname}; name a tree")
        yield file[tree]


def _chunks(path: Path, tree: Any, names: Sequence[str]) -> Iterator[Events]:
    size = CHUNK
    if "ratios" in names:
        size = weighted_block(CHUNK, int(np.prod(tree["ratios"].interpretation.inner_shape)))
    for start in range(0, max(tree.num_entries, 1), size):
        with _undamaged(path, start):
            arrays = tree.arrays(list(names), entry_start=start, entry_stop=start + size, library="np")
        columns = {name: _column(path, name, arrays[name]) for name in names if name != "ratios"}
        ratios = np.asarray(arrays["ratios"], dtype=np.float64) if "ratios" in names else None
        weights = columns.pop("weight", None)
        yield Events(columns, generated=len(arrays[names[0]]), weights=weights, ratios=ratios)


@contextmanager
def _undamaged(path: Path, start: int) -> Iterator[None]:
    try:
        yield
    except ObservableError:
        raise
    except Exception as error:  # a damaged basket raises errors of zlib, struct, numpy ...
        raise InputFileError(f"{path}: damaged after event {start} ({error})") from None


def read_selected(path: Path, tree: str, cuts: Sequence[str], expressions: Mapping[str, str]) -> Iterator[Events]:
    """Read named expressions over the branches of a tree for events that pass the cuts, in chunks of bounded memory.

    `generated` counts the events before the cuts. Raises ObservableError when a branch is not in the file or an
    expression is not one number per event, NoEventsError at the end when no event has passed.
    """
    with opened_tree(path, tree) as found:
        language, known = files.expressions.Selecting(cuts), found.keys()
        expressions = {**expressions, **({"weight": "weight"} if "weight" in known else {})}
        try:
            for text in (*cuts, *expressions.values()):
                files.expressions.check(text, known, tree)
            for start in range(0, max(found.num_entries, 1), CHUNK):
                with _undamaged(path, start):
                    arrays = files.expressions.evaluate(
                        found, [*cuts, *expressions.values()], language, start, start + CHUNK
                    )
                values = files.expressions.columns(arrays, expressions)
                generated = min(CHUNK, found.num_entries - start)
                yield Events(values, generated, values.pop("weight", None))
            language.check()
        except ObservableError as error:
            raise type(error)(f"{path}: {error}") from None


def _column(path: Path, name: str, values: Any) -> FloatArray:
    if values.dtype.kind not in "fiub" or values.ndim != 1:
        raise ObservableError(f"{path}: '{name}' is not one number per event; write a plain branch of numbers")
    return np.asarray(values, dtype=np.float64)
