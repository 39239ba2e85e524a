"""The files of results that others write meanwhile, read only when they have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .. import files
from ..campaign.layout import Job
from ..design.recast_results import Recast
from ..information.results import InformationGain
from ..quantities.errors import RobotPhysicistError

Content = TypeVar("Content")
#: Stages that tell what a setting teaches.
GAINS = ("eig", "recast")


@dataclass
class WatchedFiles:
    """A folder of results, and what has been read there, with the times of its files."""

    folder: Path
    known: dict[Path, tuple[float, Any]] = field(default_factory=dict)

    def times(self, wanted: Sequence[Job]) -> dict[str, float]:
        """When the files of jobs that are there were finished."""
        return files.modified(self.folder, [job.output for job in wanted])

    def read(self, name: str | Path, how: Callable[[Path], Content]) -> Content | None:
        """Content of a file; None when it is not there, or not (yet) what its name promises."""
        path = self.folder / name
        changed = files.modified(path.parent, [path.name]).get(path.name)
        if changed is None:
            return None
        if self.known.get(path, (None,))[0] != changed:
            self.known[path] = changed, _attempt(path, how)
        content: Content | None = self.known[path][1]
        return content

    def gains(self, wanted: Sequence[Job], there: Mapping[str, float]) -> list[InformationGain]:
        """Gains that the stages eig and recast have found, of the files that are there."""
        found = (self.read(job.output, _gain) for job in wanted if job.stage in GAINS and job.output in there)
        return [gain for gain in found if gain is not None]


def _attempt(path: Path, how: Callable[[Path], Content]) -> Content | None:
    try:
        return how(path)
    except (RobotPhysicistError, OSError):
        return None


def _gain(path: Path) -> InformationGain:
    if path.name == "recast.json":
        return files.read_document(Recast, path).gain
    return files.read_document(InformationGain, path)
