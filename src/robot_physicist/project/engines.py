"""The programs that will read the specifications of a project, asked whether they can; those that are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOAD = "import sys; from reana_commons.specification import load_reana_spec; load_reana_spec(sys.argv[1])"
LINES = 5


@dataclass(frozen=True)
class Validator:
    """A program, absolute or in the project folder, which ends with 0 for what it can read."""

    name: str
    program: Path
    arguments: tuple[str, ...]


#: Graphs for yadage, and what each is called.
GRAPHS = {"workflow": "yadage"} | {name: f"yadage: {name}" for name in ("recast", "search", "sequence")}
VALIDATORS = (
    *(
        Validator(name, Path(".venvs/yadage/bin/yadage-validate"), (f"workflow/{graph}.yml", "--toplevel", "."))
        for graph, name in GRAPHS.items()
    ),
    Validator("Snakemake", Path(sys.executable).parent / "snakemake", ("--list",)),
    Validator("Snakemake of REANA", Path(".venvs/reana/bin/snakemake"), ("--list",)),
    *(
        validator
        for file in ("reana.yaml", "reana-snakemake.yaml")
        for validator in (
            Validator(f"REANA: {file}", Path(".venvs/reana/bin/reana-client"), ("validate", "--file", file)),
            Validator(f"next REANA: {file}", Path(".venvs/reana-next/bin/python"), ("-c", LOAD, file)),
        )
    ),
)


def installed(folder: Path) -> list[Validator]:
    """Those whose program is there."""
    return [validator for validator in VALIDATORS if (folder / validator.program).is_file()]


def refusals(folder: Path) -> Iterator[str]:
    """Say which programs cannot read their specification, with the last lines they printed."""
    for validator in installed(folder):
        # not resolved: an environment's Python is a link, and finds its packages by the name it is called by
        line = [str((folder / validator.program).absolute()), *validator.arguments]
        done = subprocess.run(
            line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            printed = "\n    ".join(done.stdout.strip().splitlines()[-LINES:])
            yield f"{validator.name} does not accept it ({' '.join(map(str, line))}):\n    {printed}"
