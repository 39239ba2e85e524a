"""Which campaign file a folder of results belongs to, so that another one of the same file name is not mixed with it.

Standard library only and imported by path: the Snakefile asks it where the package itself is not installed. The
record holds the path of the campaign relative to the folder, which is the same in a copy of both, and the campaign's
name, by which it is known again where it has been moved.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

RECORD = "origin.json"


def stranger(folder: Path, campaign: Path, name: str) -> str:
    """Say that a folder of results belongs to another campaign file, and what to do; empty where it does not.

    A campaign that has been edited is the same; one that is not there any more may have been moved to where this one
    is, if it has its name. Results without a record are everybody's.
    """
    found = _recorded(folder)
    if found is None:
        return ""
    other, known = found
    if other.samefile(campaign) if other.is_file() else known == name:
        return ""
    return (
        f"{folder} holds the results of {os.path.relpath(other)} (name: {known}), not of {campaign} (name: {name});"
        f" rename one of the two files, since the results of FILE.yaml go to results/FILE, or work in another folder,"
        f" or move {folder} away"
    )


def _recorded(folder: Path) -> tuple[Path, str] | None:
    try:
        said = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Path(os.path.normpath(folder.resolve() / said["campaign"])), str(said["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def claim(folder: Path, campaign: Path, name: str) -> None:
    """Write down which campaign file the results in a folder are of."""
    relative = Path(os.path.relpath(campaign.resolve(), folder.resolve())).as_posix()
    text = json.dumps({"campaign": relative, "name": name}, indent=2, ensure_ascii=False) + "\n"
    path = folder / RECORD
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{RECORD}.{os.getpid()}"
    part.write_text(text, encoding="utf-8")
    part.replace(path)
