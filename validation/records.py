"""Finished repeats in a file, one JSON line each, which survives being killed in the middle of a line."""

import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from validation.script import Result


@dataclass
class Records:
    """What a file holds: results of the present code by case and seed, and how many lines were left alone."""

    results: dict[tuple[str, int], Result] = field(default_factory=dict)
    other_code: int = 0
    damaged: int = 0


def read(path: Path, code: str) -> Records:
    """Read the results that this code made; nothing is written, so that another process may be running."""
    records = Records()
    if path.exists():
        # What follows the last end of a line was cut off when a process was killed, or is being written now.
        for line in path.read_bytes().split(b"\n")[:-1]:
            add(records, line, code)
    return records


def add(records: Records, line: bytes, code: str) -> None:
    """Add one line; the first result of a case and a seed counts."""
    try:
        record = json.loads(line)
        key, result, made_by = (record["case"], record["seed"]), record["result"], record["code"]
    except (ValueError, KeyError, TypeError):
        records.damaged += 1
        return
    if made_by == code:
        records.results.setdefault(key, result)
    else:
        records.other_code += 1


def append(path: Path, code: str, case: str, seed: int, result: Result) -> None:
    """Append one finished repeat; floats are written so that they are read back exactly."""
    record = {"case": case, "seed": seed, "code": code, "result": result}
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        # Nobody writes without the lock, so a line without an end belongs to a process that is no more.
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_unfinished_line(file)
        file.write(line)
        file.flush()


def remove_unfinished_line(file: BinaryIO) -> None:
    """Cut off what follows the last end of a line."""
    size = file.seek(0, os.SEEK_END)
    if size == 0 or _last_byte(file) == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)
