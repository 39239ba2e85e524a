"""Files of campaigns and results; these, ROOT files (`root_files.py`) and the command line alone touch the disk.

Every file is written whole or not at all: to a temporary file in the same folder, then renamed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .check import Project
from .quantities.errors import InputFileError


def read_project(folder: Path) -> Project:
    """Read steps, environments, graphs and REANA specifications of a project folder."""

    def parsed(pattern: str) -> dict[str, Any]:
        return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(pattern))}

    visible = ("*", "workflow/*", "campaigns/*", "tests/reana/*", "src/robot_physicist/**/*")
    if not (folder / "Snakefile").is_file():
        raise InputFileError(f"{folder}: no Snakefile; give the folder of a checkout")
    included = sorted(folder.glob("workflow/*.smk"))
    return Project(
        steps=parsed("steps/*.yml"),
        environments=parsed("envs/*.yml"),
        workflows=parsed("workflow/*.yml"),
        snakefile="".join(path.read_text(encoding="utf-8") for path in (folder / "Snakefile", *included)),
        reana={f"{name}.yaml": content for name, content in parsed("reana*.yaml").items()},
        paths={str(path.relative_to(folder)) for pattern in visible for path in folder.glob(pattern)},
    )
