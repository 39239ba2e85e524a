"""Files that are written whole or not at all: to a temporary file in the same folder, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..quantities.errors import InputFileError

MISSING = "check the path, or run the stage that makes it"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to and rename it to `path` when the block succeeds.

    The temporary file has the name of the final one, in a hidden folder beside it: ROOT files store
    their own name. What a killed process left there is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_over in path.parent.glob(f".{path.name}.*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        yield temporary
        os.replace(temporary, path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(content)


def copy(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; raises InputFileError when it is missing."""
    if not source.is_file():
        raise InputFileError(f"{source}: no such file; {MISSING}")
    with whole(target) as temporary:
        shutil.copyfile(source, temporary)


def sha256(path: Path) -> str:
    """SHA-256 of a file, as `sha256sum` prints it; raises InputFileError when it is missing."""
    if not path.is_file():
        raise InputFileError(f"{path}: no such file; {MISSING}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def modified(folder: Path, names: Iterable[str]) -> dict[str, float]:
    """When files below a folder were last modified, in seconds since 1970; without those that are not there."""
    found = {}
    for name in names:
        with suppress(OSError):
            found[name] = os.stat(folder / name).st_mtime
    return found
