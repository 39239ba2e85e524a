"""Histograms in ROOT and JSON files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..quantities.arrays import FloatArray
from ..quantities.errors import InputFileError, nearest
from .documents import read_json
from .root_events import opened_file


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
    with opened_file(path) as file:
        _check_name(path, name, file.keys(cycle=False))
        found = file[name]
        if not hasattr(found, "errors"):
            raise InputFileError(f"{path}: '{name}' is not a histogram but a {found.classname}")
        return found.values(), found.errors()


def _check_name(path: Path, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise InputFileError(f"{path}: no histogram '{name}'; {nearest(name, known)}")
