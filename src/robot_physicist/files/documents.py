"""JSON files: plain ones, and documents that are checked against their class."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..quantities.complaints import complaint
from ..quantities.errors import DigestMismatchError, InputFileError
from .whole_files import MISSING, write_bytes

Document = TypeVar("Document")


def write_json(path: Path, value: Any) -> None:
    """Write plain JSON, two spaces of indentation, keys in the order given; NaN is refused."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode())


def write_document(path: Path, value: Any) -> None:
    """Write a document, one of the dataclasses of results."""
    write_json(path, TypeAdapter(type(value)).dump_python(value, mode="json"))


def _not_a_number(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _broken(value: Any, place: str = "") -> Iterator[str]:
    """Places of numbers in parsed JSON that are none."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from _broken(entry, f"{place}.{key}" if place else str(key))


def _not_json(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not a JSON file (line {error.lineno}, column {error.colno}: {error.msg[0].lower()}{error.msg[1:]})"
    return (
        "not a JSON file (no text in UTF-8)"
        if isinstance(error, UnicodeDecodeError)
        else f"not a JSON file ({error})"
    )


def read_json(path: Path, finite: bool = False) -> Any:
    """Read a JSON file; raises InputFileError when it is missing or broken, and for NaN if all has to be `finite`."""
    try:
        content = path.read_bytes()
        return json.loads(content, parse_constant=_not_a_number if finite else None)
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such file; {MISSING}") from None
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror}; {MISSING}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        what = _not_json(error) if content.strip() else "is empty"
        raise InputFileError(f"{path}: {what}; correct it, or remove it and run again") from None
    except ValueError as error:
        place = next(_broken(json.loads(content)), "top level")
        raise InputFileError(f"{path}: not a JSON file ({error}): {place}; remove it and run again") from None


def read_document(kind: type[Document], path: Path) -> Document:
    """Read a document, one of the dataclasses of results; raises InputFileError when it is not one."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path, finite=True))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "top level"
        name, message = kind.__name__.lower(), complaint(first).removesuffix("; add it")
        kind_of = f"{'an' if name[0] in 'aeiou' else 'a'} {name} file"
        raise InputFileError(f"{path}: not {kind_of}: {place}: {message}; remove it and run again") from None


def check_digest(path: Path, found: str, wanted: str) -> None:
    """Raise DigestMismatchError when a file was made for another campaign."""
    if found != wanted:
        raise DigestMismatchError(
            f"{path}: belongs to another campaign (digest {found}, this campaign has {wanted}); "
            "remove it and run again, or give each campaign its own results folder"
        )
