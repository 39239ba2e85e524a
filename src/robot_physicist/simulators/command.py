"""A black box: any executable that makes events, in any language, in its own container.

It is called as

    EXECUTABLE --setting sqrt_s=91.2 --parameters sin2theta_w=0.23 --events 1000 --seed 7 --output FILE

and writes FILE either as a ROOT file with a tree (`events` unless told otherwise), one branch per observable,
or as a plain table: comma-separated values under a line of column names, comment lines starting with `#`.
A column `weight` is optional. A cross-section is a JSON string `metadata` in the ROOT file, or comment lines in
the table, with `cross_section_pb` and `cross_section_error_pb`. A program that rejects events says how many it made:
`generated` after the last row of the table, `generated` and `accepted` in the metadata.

A campaign with references adds `--points FILE`, a file with the label of one parameter point per line. The program
then writes for each event the differential cross-section (or the density) at each of these points, divided by that at
`--parameters`: a branch `ratios` of that many numbers, or columns `ratio_0`, `ratio_1` ... of the table.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..files.program_output import Output, read
from ..quantities import labels
from ..quantities.arrays import FloatArray, Values
from ..quantities.complaints import ending
from ..quantities.errors import ObservableError, SimulationError, nearest
from ..quantities.events import CrossSection, Events
from . import base
from .base import Sampler, Simulator

LINES = 10


class CommandOptions(base.SimulatorOptions):
    """Options of a black box."""

    executable: list[str] = Field(min_length=1)
    """Program and its first arguments. The program is looked for relative to the campaign file, then relative to the
    working directory, then on PATH; arguments that are files relative to the campaign file are found there."""
    observables: list[str] = Field(min_length=1)
    """Names of the columns to keep."""
    tree: str = "events"
    """Name of the tree, when the program writes a ROOT file."""


class CommandSampler(Sampler):
    """Calls the program once per block."""

    def __init__(
        self,
        options: CommandOptions,
        setting: Values,
        parameters: Values,
        points: Sequence[Values] = (),
        folder: Path | None = None,
    ) -> None:
        self.options, self.setting, self.parameters, self.points = options, setting, parameters, points
        self.folder = folder

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
            complaints = _run(line)
            try:
                return self._written(output, events)
            except SimulationError as error:
                raise SimulationError(f"`{' '.join(line)}` ended well, but {error}{complaints}") from None
            except ObservableError as error:
                raise ObservableError(f"`{' '.join(line)}`: {error}{complaints}") from None

    def _written(self, output: Path, events: int) -> Events:
        if not output.is_file():
            raise SimulationError("wrote no --output file")
        found = read(output, self.options.tree, self.options.observables)
        ratios = _ratios(found.columns, len(self.points)) if self.points else None
        return replace(_events(found, self.options.observables, events), ratios=ratios)

    def _line(self, events: int, seed: int, output: Path) -> list[str]:
        program, *arguments = self.options.executable
        found = find(program, self.folder)
        if found is None:
            raise SimulationError(f"simulator.options.executable: {_missing(program, self.folder)}")
        return [
            *(found, *(_beside(argument, self.folder) for argument in arguments)),
            *("--setting", labels.label(self.setting)),
            *("--parameters", labels.label(self.parameters)),
            *("--events", str(events), "--seed", str(seed), "--output", str(output)),
        ]


def find(program: str, folder: Path | None) -> str | None:
    """Path of an executable: relative to the folder of the campaign file, to the working directory, or on PATH."""
    places = [place / program for place in (folder, Path.cwd()) if place is not None]
    return next(filter(None, (shutil.which(str(place.resolve())) for place in places)), None) or shutil.which(program)


def _beside(argument: str, folder: Path | None) -> str:
    return str((folder / argument).resolve()) if folder is not None and (folder / argument).is_file() else argument


def _missing(program: str, folder: Path | None) -> str:
    places = [place / program for place in (folder, Path.cwd()) if place is not None]
    there = next((place for place in places if place.is_file()), None)
    if there is not None:
        return f"'{there}' is not executable; chmod +x {there}"
    beside = [f"beside the campaign, in {folder}"] if folder is not None else []
    looked = ", ".join([*beside, "in the working directory"])
    return f"cannot find an executable '{program}' {looked} or on PATH; give its path relative to the campaign file"


def _run(line: list[str]) -> str:
    """Run a program and return the last lines of its standard error, each on a new line."""
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False)
    tail = "".join(f"\n{text}" for text in done.stderr.splitlines()[-LINES:])
    if done.returncode != 0:
        raise SimulationError(f"`{' '.join(line)}` {ending(done.returncode)}{':' * bool(tail)}{tail}")
    return tail


def _events(output: Output, observables: list[str], events: int) -> Events:
    columns = output.columns
    for name in observables:
        if name not in columns:
            raise ObservableError(
                f"the program wrote no observable '{name}'; {nearest(name, columns)}; correct the names that it"
                " writes, which are the first line of a table, or `observables` of its options and of the campaign"
            )
    for name in (*observables, *(["weight"] if "weight" in columns else [])):
        if columns[name].ndim != 1 or not np.isfinite(columns[name]).all():
            raise SimulationError(f"the program wrote values of '{name}' that are not finite numbers, one per event")
    kept = {name: columns[name] for name in observables}
    generated = output.generated(len(kept[observables[0]]), events)
    section = output.made.cross_section_pb
    known = None if section is None else CrossSection(section, output.made.cross_section_error_pb)
    return Events(kept, generated, columns.get("weight"), known, units=output.made.units)


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
        return CommandSampler(self.options, setting, parameters, folder=self.folder)

    def prepare_weighted(self, setting: Values, parameters: Values, points: Sequence[Values]) -> CommandSampler:
        """Fix φ and θ, and the points to which events get weights."""
        return CommandSampler(self.options, setting, parameters, points, self.folder)

    def lacks(self) -> str | None:
        """Say that the program is not there, or cannot be executed."""
        program = self.options.executable[0]
        return None if find(program, self.folder) else f"executable: {_missing(program, self.folder)}"

    def note(self) -> str | None:
        """Say that the program is only found relative to the working directory."""
        program = self.options.executable[0]
        old = shutil.which(str(Path.cwd() / program))
        if old is None or self.folder is None or find(program, self.folder) != str(Path(old).resolve()):
            return None
        if shutil.which(str((self.folder / program).resolve())) or Path(program).is_absolute():
            return None
        return (
            f"executable: '{program}' is found in the working directory only; write its path relative to the campaign"
            " file, like all others"
        )
