"""ROOT files of events and histograms, written whole or not at all and read in chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .files import MISSING, read_json, whole
from .quantities.arrays import FloatArray
from .quantities.errors import InputFileError, ObservableError, nearest
from .quantities.events import CrossSection, Events, combine, weighted_block
from .rootio import recreate, uproot_module

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
def _opened(path: Path) -> Iterator[Any]:
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
    with _opened(path) as file:
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
    with _opened(path) as file:
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
    from .expressions import Selecting, check, columns, evaluate

    with opened_tree(path, tree) as found:
        language, known = Selecting(cuts), found.keys()
        expressions = {**expressions, **({"weight": "weight"} if "weight" in known else {})}
        try:
            for text in (*cuts, *expressions.values()):
                check(text, known, tree)
            for start in range(0, max(found.num_entries, 1), CHUNK):
                with _undamaged(path, start):
                    arrays = evaluate(found, [*cuts, *expressions.values()], language, start, start + CHUNK)
                values = columns(arrays, expressions)
                generated = min(CHUNK, found.num_entries - start)
                yield Events(values, generated, values.pop("weight", None))
            language.check()
        except ObservableError as error:
            raise type(error)(f"{path}: {error}") from None


def _column(path: Path, name: str, values: Any) -> FloatArray:
    if values.dtype.kind not in "fiub" or values.ndim != 1:
        raise ObservableError(f"{path}: '{name}' is not one number per event; write a plain branch of numbers")
    return np.asarray(values, dtype=np.float64)


def read_contents(path: Path, name: str, bins: int) -> tuple[FloatArray, FloatArray]:
    """Read contents and errors of a histogram from a ROOT or JSON file, both flattened to (bins,).

    A JSON file is `{"name": [contents], "name_error": [errors]}`, the errors being optional.
    Raises InputFileError when the histogram is not there, or not one of these bins with numbers from zero on.
    """
    contents = _json_contents(path, name, bins) if path.suffix == ".json" else _root_contents(path, name)
    try:
        values, errors = (np.asarray(array, dtype=np.float64).ravel() for array in contents)
    except (TypeError, ValueError):
        raise InputFileError(f"{path}: '{name}' is not a list of numbers") from None
    if values.shape != (bins,) or errors.shape != (bins,):
        raise InputFileError(f"{path}: '{name}' has {values.size} bins, the campaign's observables {bins}")
    if not all(np.isfinite(array).all() and (array >= 0).all() for array in (values, errors)):
        raise InputFileError(f"{path}: '{name}' has negative or infinite contents or errors")
    return values, errors


def _json_contents(path: Path, name: str, bins: int) -> tuple[Any, Any]:
    known = read_json(path)
    if not isinstance(known, dict):
        raise InputFileError(f"{path}: not a mapping of histogram names to lists of contents")
    _check_name(path, name, list(known))
    return known[name], known.get(f"{name}_error", [0.0] * bins)


def _root_contents(path: Path, name: str) -> tuple[Any, Any]:
    with _opened(path) as file:
        _check_name(path, name, file.keys(cycle=False))
        found = file[name]
        if not hasattr(found, "errors"):
            raise InputFileError(f"{path}: '{name}' is not a histogram but a {found.classname}")
        return found.values(), found.errors()


def _check_name(path: Path, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise InputFileError(f"{path}: no histogram '{name}'; {nearest(name, known)}")
