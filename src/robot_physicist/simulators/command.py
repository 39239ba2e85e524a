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

from ..quantities import labels
from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import ObservableError, SimulationError, nearest
from ..quantities.events import CrossSection, Events
from . import base
from .base import Sampler, Simulator
from .program_output import Output, read

LINES = 10


class CommandOptions(base.SimulatorOptions):
    """Options of a black box."""

    executable: list[str] = Field(min_length=1)
    """Program and its first arguments; looked up relative to the working directory, then on PATH."""
    observables: list[str] = Field(min_length=1)
    """Names of the columns to keep."""
    tree: str = "events"
    """Name of the tree, when the program writes a ROOT file."""


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
            complaints = _run(line)
            try:
                return self._written(output, events)
            except SimulationError as error:
                raise SimulationError(f"`{' '.join(line)}` ended well, but {error}{complaints}") from None

    def _written(self, output: Path, events: int) -> Events:
        if not output.is_file():
            raise SimulationError("wrote no --output file")
        found = read(output, self.options.tree, self.options.observables)
        ratios = _ratios(found.columns, len(self.points)) if self.points else None
        return replace(_events(found, self.options.observables, events), ratios=ratios)

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


def _run(line: list[str]) -> str:
    """Run a program and return the last lines of its standard error, each on a new line."""
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False)
    tail = "".join(f"\n{text}" for text in done.stderr.splitlines()[-LINES:])
    if done.returncode != 0:
        raise SimulationError(f"`{' '.join(line)}` failed with exit code {done.returncode}:{tail}")
    return tail


def _events(output: Output, observables: list[str], events: int) -> Events:
    columns = output.columns
    for name in observables:
        if name not in columns:
            raise ObservableError(f"the program wrote no observable '{name}'; {nearest(name, columns)}")
    for name in (*observables, *(["weight"] if "weight" in columns else [])):
        if columns[name].ndim != 1 or not np.isfinite(columns[name]).all():
            raise SimulationError(f"the program wrote values of '{name}' that are not finite numbers, one per event")
    kept = {name: columns[name] for name in observables}
    generated = output.generated(len(kept[observables[0]]), events)
    section = output.made.cross_section_pb
    known = None if section is None else CrossSection(section, output.made.cross_section_error_pb)
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
