"""Files of two runs, compared byte by byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Logs have times in them.
LEFT_OUT = {".log"}
#: Where our own version, or that of the library that has drawn a figure, is written into a file.
VERSIONS = re.compile(rb'(?<="robot-physicist": ")[^"]*(?=")|(?<=Matplotlib v)(ersion)?[0-9][0-9.]*')


@dataclass(frozen=True)
class Comparison:
    """Names of what is the same, the same but for versions, and different, the last with a reason each."""

    same: tuple[str, ...]
    but_for_versions: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many were compared."""
        return len(self.same) + len(self.but_for_versions) + len(self.different)


def compare(old: Path, new: Path) -> Comparison:
    """Compare all files of two folders; one that only one of them has is different."""
    return compared(contents(old), contents(new))


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of all results in a folder by their paths in it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = {path.relative_to(folder): path for path in files}
    return {
        str(name): path.read_bytes()
        for name, path in found.items()
        if name.suffix not in LEFT_OUT and ".snakemake" not in name.parts
    }


def compared(old: dict[str, bytes], new: dict[str, bytes]) -> Comparison:
    """Compare contents by their names."""
    names = sorted(old.keys() | new.keys())
    verdicts = {name: difference(old.get(name), new.get(name)) for name in names}
    return Comparison(
        tuple(name for name in names if verdicts[name] == ""),
        tuple(name for name in names if verdicts[name] == "versions"),
        tuple(f"{name}: {verdicts[name]}" for name in names if verdicts[name] not in ("", "versions")),
    )


def difference(old: bytes | None, new: bytes | None) -> str:
    """What distinguishes two contents: nothing, their versions alone, or a reason in words."""
    if old is None or new is None:
        return "is missing from the old results" if old is None else "is missing from the new results"
    if old == new:
        return ""
    if VERSIONS.sub(b"", old) == VERSIONS.sub(b"", new):
        return "versions"
    place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return f"differs from byte {place} on ({old[place : place + 20]!r}, now {new[place : place + 20]!r})"
