"""A black box: any executable that makes events, in any language, in its own container.

It is called as

    EXECUTABLE --setting sqrt_s=91.2 --parameters sin2theta_w=0.23 --events 1000 --seed 7 --output FILE

and writes FILE either as a ROOT file with a tree (`events` unless told otherwise), one branch per observable,
or as a plain table: comma-separated values under a line of column names, comment lines starting with `#`.
A column `weight` is optional. A cross-section is a JSON string `metadata` in the ROOT file, or comment lines in
the table, with `cross_section_pb`, `cross_section_error_pb` and, when some were rejected, `generated`.

A campaign with references adds `--points FILE`, a file with the label of one parameter point per line. The program
then writes for each event the differential cross-section (or the density) at each of these points, divided by that at
`--parameters`: a branch `ratios` of that many numbers, or columns `ratio_0`, `ratio_1` ... of the table.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ..files.reproducible_root import uproot_module
from ..quantities import labels
from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import ObservableError, SimulationError, nearest
from ..quantities.events import CrossSection, Events
from . import base
from .base import Sampler, Simulator

LINES = 10


class CommandOptions(base.SimulatorOptions):
    """Options of a black box."""

    executable: list[str] = Field(min_length=1)
    """Program and its first arguments; looked up relative to the working directory, then on PATH."""
    observables: list[str] = Field(min_length=1)
    """Names of the columns to keep."""
    tree: str = "events"
    """Name of the tree, when the program writes a ROOT file."""


class Metadata(BaseModel):
    """What a program may say about its events; anything else it says is its own business."""

    cross_section_pb: float | None = Field(None, gt=0, allow_inf_nan=False)
    cross_section_error_pb: float = Field(0.0, ge=0, allow_inf_nan=False)
    generated: int | None = Field(None, ge=1)


class CommandSampler(Sampler):
    """Calls the program once per block."""

    def __init__(
        self, options: CommandOptions, setting: Values, parameters: Values, points: Sequence[Values] = ()
    ) -> None:
        self.options, self.setting, self.parameters, self.points = options, setting, parameters, points

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Run the program for `events` events and read what it wrote."""
        seed = int(rng.integers(1, 2**31))
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "events.root"
            line = self._line(events, seed, output)
            if self.points:
                points = Path(folder) / "points"
                points.write_text("".join(f"{labels.label(point)}\n" for point in self.points), encoding="utf-8")
                line += ["--points", str(points)]
            _run(line)
            if not output.is_file():
                raise SimulationError(f"`{' '.join(line)}` ended well but wrote no --output file")
            columns, metadata = read(output, self.options.tree, self.options.observables)
        ratios = _ratios(columns, len(self.points)) if self.points else None
        return replace(_events(columns, metadata, self.options.observables, events), ratios=ratios)

    def _line(self, events: int, seed: int, output: Path) -> list[str]:
        program, *arguments = self.options.executable
        found = shutil.which(str(Path.cwd() / program)) or shutil.which(program)
        if found is None:
            raise SimulationError(f"simulator.options.executable: cannot find an executable '{program}'")
        return [
            *(found, *arguments),
            *("--setting", labels.label(self.setting)),
            *("--parameters", labels.label(self.parameters)),
            *("--events", str(events), "--seed", str(seed), "--output", str(output)),
        ]


def _run(line: list[str]) -> None:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-LINES:])
        raise SimulationError(f"`{' '.join(line)}` failed with exit code {done.returncode}:\n{tail}")


def read(path: Path, tree: str, observables: Sequence[str]) -> tuple[dict[str, FloatArray], dict[str, Any]]:
    """Read columns and metadata from the ROOT file or table that a program wrote; raises SimulationError."""
    with path.open("rb") as file:
        is_root = file.read(4) == b"root"
    return _read_root(path, tree, observables) if is_root else _read_table(path)


def _read_root(path: Path, tree: str, observables: Sequence[str]) -> tuple[dict[str, FloatArray], dict[str, Any]]:
    try:
        with uproot_module().open(path) as file:
            if tree not in file:
                raise SimulationError(f"the program wrote no tree '{tree}'; {nearest(tree, file.keys(cycle=False))}")
            written = set(file[tree].keys())
            ratios = {name for name in written if name == "ratios" or name.startswith("ratio_")}
            names = sorted(ratios | ({*observables, "weight"} & written))
            arrays = file[tree].arrays(names, library="np") if names else {}
            metadata = json.loads(str(file["metadata"])) if "metadata" in file else {}
        return {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}, dict(metadata)
    except SimulationError:
        raise
    except Exception as error:  # uproot raises whatever it stumbles over in a file that is not as it should be
        raise SimulationError(f"the program's ROOT file cannot be read: {error}") from None


def _read_table(path: Path) -> tuple[dict[str, FloatArray], dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        comments = [line.lstrip("# ").partition(":") for line in lines if line.startswith("#")]
        header, *rows = [line for line in lines if line and not line.startswith("#")] or [""]
        names = [name.strip() for name in header.split(",")]
        metadata = {key.strip(): float(value) for key, colon, value in comments if colon and _is_number(value)}
        table = np.array([row.split(",") for row in rows], dtype=np.float64).reshape(-1, len(names))
    except ValueError as error:
        raise SimulationError(f"the program's output is neither ROOT nor a table of numbers: {error}") from None
    if len(set(names)) < len(names):
        raise SimulationError(f"the program's table has two columns of one name: {', '.join(names)}")
    return {name: np.ascontiguousarray(column) for name, column in zip(names, table.T, strict=True)}, metadata


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _events(
    columns: Mapping[str, FloatArray], metadata: Mapping[str, Any], observables: list[str], events: int
) -> Events:
    for name in observables:
        if name not in columns:
            raise ObservableError(f"the program wrote no observable '{name}'; {nearest(name, columns)}")
    for name in (*observables, *(["weight"] if "weight" in columns else [])):
        if columns[name].ndim != 1 or not np.isfinite(columns[name]).all():
            raise SimulationError(f"the program wrote values of '{name}' that are not finite numbers, one per event")
    kept = {name: columns[name] for name in observables}
    accepted = len(kept[observables[0]])
    try:
        made = Metadata.model_validate(metadata)
    except ValidationError as error:
        first = error.errors()[0]
        raise SimulationError(f"the program's {first['loc'][0]} is {first['input']}: {first['msg']}") from None
    generated = events if made.generated is None else made.generated
    if generated < accepted:
        raise SimulationError(f"the program wrote {accepted} events but generated {generated}; set 'generated'")
    section = made.cross_section_pb
    known = None if section is None else CrossSection(section, made.cross_section_error_pb)
    return Events(kept, generated, columns.get("weight"), known)


def _ratios(columns: Mapping[str, FloatArray], points: int) -> FloatArray:
    """Weights to other parameter points, (N, points), from one branch of arrays or from numbered columns."""
    names = [f"ratio_{index}" for index in range(points)]
    missing = next((name for name in names if name not in columns), None)
    if "ratios" not in columns and missing is not None:
        raise ObservableError(
            f"the program wrote neither 'ratios' nor '{missing}', the weights of its events to the {points} points of"
            " --points; write them, or remove simulation.references from the campaign"
        )
    ratios = columns["ratios"] if "ratios" in columns else np.stack([columns[name] for name in names], axis=1)
    if ratios.ndim != 2 or ratios.shape[1] != points:
        raise ObservableError(
            f"the program wrote 'ratios' of shape {ratios.shape}; give each event {points} numbers, one per line of"
            " --points"
        )
    if not (np.isfinite(ratios).all() and (ratios >= 0).all()):
        raise SimulationError("the program wrote ratios that are negative or not finite")
    return ratios


class Command(Simulator):
    """Any executable, called with --setting, --parameters, --events, --seed and --output; docs/simulators.md."""

    settings: ClassVar = None
    parameters: ClassVar = None
    observables: ClassVar = None
    Options: ClassVar = CommandOptions
    options: CommandOptions
    has_cross_section = True
    has_ratios = True
    block_size = 100_000

    def prepare(self, setting: Values, parameters: Values) -> CommandSampler:
        """Fix φ and θ."""
        return CommandSampler(self.options, setting, parameters)

    def prepare_weighted(self, setting: Values, parameters: Values, points: Sequence[Values]) -> CommandSampler:
        """Fix φ and θ, and the points to which events get weights."""
        return CommandSampler(self.options, setting, parameters, points)
