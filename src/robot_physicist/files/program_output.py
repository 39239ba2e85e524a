"""What a program of somebody else has written: columns of numbers, and what it says about them.

A program that stops half-way may still end well, and its events then look like those of a low acceptance. So fewer
rows than events asked for count only with `generated`, said where only a program that has come to its end can say it:
after the last row of a table, or in the metadata of a ROOT file together with `accepted`, the number of rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ..quantities.arrays import FloatArray
from ..quantities.complaints import complaint
from ..quantities.errors import SimulationError, nearest
from .reproducible_root import uproot_module

#: Comment lines of a table such as `# unit_mass: GeV`.
UNIT = "unit_"
#: Characters of a line or value that an error shows.
LONGEST = 60
#: What others write between columns.
SEPARATOR = re.compile(r"[\s;|]")


class Metadata(BaseModel):
    """What a program may say about its events; anything else it says is its own business."""

    cross_section_pb: float | None = Field(None, gt=0, allow_inf_nan=False)
    cross_section_error_pb: float = Field(0.0, ge=0, allow_inf_nan=False)
    generated: int | None = Field(None, ge=1)
    accepted: int | None = Field(None, ge=0)
    units: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """Columns by name, what the program says about them, and whether it said `generated` at its end.

    `line` is what it has to add when it rejects events, with places for the events generated and accepted.
    """

    columns: Mapping[str, FloatArray]
    made: Metadata
    finished: bool
    line: str

    def generated(self, rows: int, events: int) -> int:
        """Number of events that the program made for its `rows` events, when it was asked for `events`.

        Raises SimulationError when events are missing that the program does not say to have rejected.
        """
        said = self.made.generated
        line = self.line.format(events if said is None else max(said, rows), rows)
        if self.made.accepted not in (None, rows):
            raise SimulationError(
                f"the program says to have accepted {self.made.accepted} events, but {rows} can be read; see why it"
                " stopped early"
            )
        if said is None and rows > events:
            raise SimulationError(f"the program wrote {rows} events, {rows - events} more than asked for; add {line}")
        if said is None and rows < events:
            raise SimulationError(
                f"the program wrote {rows} of {events} events, {events - rows} are missing; if it has rejected them,"
                f" let it add {line}; if not, see why it stopped early"
            )
        if said is not None and said < rows:
            raise SimulationError(f"the program wrote {rows} events but generated {said}; set 'generated'")
        if said is not None and not self.finished and not said == rows == events:
            raise SimulationError(
                f"the program wrote {rows} of {events} events, and what it says to have generated, {said}, does not"
                f" show that it came to its end; let it add {line}"
            )
        return events if said is None else said


def read(path: Path, tree: str, observables: Sequence[str]) -> Output:
    """Read the ROOT file or table that a program wrote; raises SimulationError."""
    with path.open("rb") as file:
        is_root = file.read(4) == b"root"
    return _read_root(path, tree, observables) if is_root else _read_table(path)


def _read_root(path: Path, tree: str, observables: Sequence[str]) -> Output:
    try:
        with uproot_module().open(path) as file:
            if tree not in file:
                raise SimulationError(f"the program wrote no tree '{tree}'; {nearest(tree, file.keys(cycle=False))}")
            if not hasattr(file[tree], "arrays"):
                raise SimulationError(f"'{tree}' is not a tree but a {file[tree].classname}; name a tree")
            arrays = _arrays(file[tree], observables)
            said = _metadata(file["metadata"]) if "metadata" in file else {}
    except SimulationError:
        raise
    except Exception as error:  # uproot raises whatever it stumbles over in a file that is not as it should be
        raise SimulationError(f"the program's ROOT file cannot be read: {error}") from None
    columns = {name: _numbers(name, array) for name, array in arrays.items()}
    line = 'to the metadata: "generated": {}, "accepted": {}'
    return Output(columns, _validated(said), "accepted" in said, line)


def _arrays(tree: Any, observables: Sequence[str]) -> Mapping[str, Any]:
    written = set(tree.keys())
    ratios = {name for name in written if name == "ratios" or name.startswith("ratio_")}
    names = sorted(ratios | ({*observables, "weight"} & written))
    return dict(tree.arrays(names, library="np")) if names else {}


def _metadata(found: Any) -> dict[str, Any]:
    """The JSON in a string, or in the title of a TNamed."""
    text = str(found.member("fTitle")) if found.classname == "TNamed" else str(found)
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise SimulationError(f"the program's metadata are not JSON ({error}); write a JSON string") from None
    if not isinstance(said, dict):
        raise SimulationError(f"the program's metadata are {text[:40]}; write keys with values, as JSON")
    return said


def _numbers(name: str, values: Any) -> FloatArray:
    """Numbers of a branch, (N, ...); of lists, if they have one length."""
    try:
        rows = [np.asarray(row, dtype=np.float64) for row in values] if values.dtype.kind == "O" else values
        if len(rows) == 0 or np.asarray(rows).dtype.kind in "fiub":
            return np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    raise SimulationError(
        f"the program wrote values of '{name}' that are not one number per event, or lists of one length; choose one,"
        " such as the largest"
    )


def _read_table(path: Path) -> Output:
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:
        raise SimulationError(f"the program's output is neither ROOT nor a table of numbers: {error}") from None
    lines = [line.strip() for line in text.splitlines()]
    header, *rows = [(n, line) for n, line in enumerate(lines, 1) if line and not line.startswith("#")] or [(0, "")]
    if not header[1]:
        raise SimulationError(
            "the program's output is empty; write a ROOT file, or a table whose first line names the columns"
        )
    names = [name.strip() for name in header[1].split(",")]
    table = np.array([_row(number, line, names) for number, line in rows]).reshape(-1, len(names))
    if len(set(names)) < len(names):
        raise SimulationError(f"the program's table has two columns of one name: {', '.join(names)}")
    columns = {name: np.ascontiguousarray(column) for name, column in zip(names, table.T, strict=True)}
    last = max((number for number, line in enumerate(lines) if line and not line.startswith("#")), default=-1)
    # a line that is cut off may have lost digits
    end = len(lines) if text.endswith(("\n", "\r")) else len(lines) - 1
    finished = any(_comment(line)[0] == "generated" for line in lines[last + 1 : end])
    return Output(columns, _validated(_said(lines)), finished, "the line `# generated: {}` after the last row")


def _row(number: int, line: str, names: Sequence[str]) -> list[float]:
    """The numbers of one line of a table; raises SimulationError that names the line."""
    cells = line.split(",")
    if len(cells) != len(names):
        raise SimulationError(
            f"line {number} of the program's table, {line[:LONGEST]!r}, has {len(cells)}"
            f" value{'s' * (len(cells) != 1)} for the column{'s' * (len(names) != 1)} {', '.join(names)}; write one"
            " value per column, with commas between them"
        )
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        wrong, name = next((cell, name) for cell, name in zip(cells, names, strict=True) if not _is_number(cell))
        raise SimulationError(
            f"line {number} of the program's table, column {name!r}: {wrong.strip()[:LONGEST]!r} is not a number;"
            f" {_separated(name)}the first line names the columns, each line after it is one event"
        ) from None


def _separated(name: str) -> str:
    return "write commas between columns; " if SEPARATOR.search(name) else ""


def _is_number(text: str) -> bool:
    return isinstance(_number(text), float)


def _comment(line: str) -> tuple[str, str]:
    key, colon, value = line.lstrip("# ").partition(":") if line.startswith("#") else ("", "", "")
    return (key.strip(), value.strip()) if colon else ("", "")


def _said(lines: Sequence[str]) -> dict[str, Any]:
    """What the comment lines of a table say; raises SimulationError when they say it twice."""
    said: dict[str, Any] = {"units": {}}
    for key, value in map(_comment, lines):
        known, name = (said["units"], key.removeprefix(UNIT)) if key.startswith(UNIT) else (said, key)
        if (key in Metadata.model_fields and key != "units") or known is not said:
            if name in known:
                raise SimulationError(f"the program's table says '{key}' twice; say it once")
            known[name] = value
    return said


def _validated(said: Mapping[str, Any]) -> Metadata:
    try:
        # tables hold text: 1e5 is a number of events too
        return Metadata.model_validate({key: _number(value) for key, value in said.items()})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SimulationError(f"the program's {place} {complaint(first)}") from None


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
