"""Files of campaigns and results; these, ROOT files (`root_files.py`) and the command line alone touch the disk.

Every file is written whole or not at all: to a temporary file in the same folder, then renamed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from . import notation
from .campaign import Campaign
from .check import Project
from .consistency import named_paths
from .quantities.errors import CampaignError, DigestMismatchError, InputFileError
from .validation import campaign_from

Document = TypeVar("Document")
MISSING = "check the path, or run the stage that makes it"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to and rename it to `path` when the block succeeds.

    The temporary file has the name of the final one, in a hidden folder beside it: ROOT files store
    their own name. What a killed process left there is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_over in path.parent.glob(f".{path.name}.*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        yield temporary
        os.replace(temporary, path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write plain JSON, two spaces of indentation, keys in the order given; NaN is refused."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode())


def write_document(path: Path, value: Any) -> None:
    """Write one of the documents of `documents.py`."""
    write_json(path, TypeAdapter(type(value)).dump_python(value, mode="json"))


def copy(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; raises InputFileError when it is missing."""
    if not source.is_file():
        raise InputFileError(f"{source}: no such file; {MISSING}")
    with whole(target) as temporary:
        shutil.copyfile(source, temporary)


def sha256(path: Path) -> str:
    """SHA-256 of a file, as `sha256sum` prints it; raises InputFileError when it is missing."""
    if not path.is_file():
        raise InputFileError(f"{path}: no such file; {MISSING}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_a_number(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _broken(value: Any, place: str = "") -> Iterator[str]:
    """Places of numbers in parsed JSON that are none."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from _broken(entry, f"{place}.{key}" if place else str(key))


def read_json(path: Path, finite: bool = False) -> Any:
    """Read a JSON file; raises InputFileError when it is missing or broken, and for NaN if all has to be `finite`."""
    try:
        content = path.read_bytes()
        return json.loads(content, parse_constant=_not_a_number if finite else None)
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such file; {MISSING}") from None
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror}; {MISSING}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputFileError(f"{path}: not a JSON file ({error}); remove it and run again") from None
    except ValueError as error:
        place = next(_broken(json.loads(content)), "top level")
        raise InputFileError(f"{path}: not a JSON file ({error}): {place}; remove it and run again") from None


def modified(folder: Path, names: Iterable[str]) -> dict[str, float]:
    """When files below a folder were last modified, in seconds since 1970; without those that are not there."""
    found = {}
    for name in names:
        with suppress(OSError):
            found[name] = os.stat(folder / name).st_mtime
    return found


def read_document(kind: type[Document], path: Path) -> Document:
    """Read one of the documents of `documents.py`; raises InputFileError when it is not one."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path, finite=True))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "top level"
        name, message = kind.__name__.lower(), first["msg"].removeprefix("Value error, ")
        kind_of = f"{'an' if name[0] in 'aeiou' else 'a'} {name} file"
        raise InputFileError(f"{path}: not {kind_of}: {place}: {message}; remove it and run again") from None


def write_campaign(path: Path, campaign: Campaign, folder: Path, there: Sequence[str] = ()) -> None:
    """Write a campaign that was made from one in `folder`, with copies of the files that it names beside it.

    Those named in `there` are beside it already.
    """
    for _, named in named_paths(campaign):
        if named not in there:
            copy(folder / named, path.parent / named)
    content = campaign.model_dump(mode="json", exclude_unset=True)
    write_bytes(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())


def read_campaign(path: Path) -> Campaign:
    """Read and validate a campaign file; raises CampaignError naming the place of each problem.

    The paths in the returned campaign are resolved against the folder of the file.
    """
    try:
        raw = notation.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such campaign file; `robot-physicist init` writes one") from None
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror}; give the path of a campaign file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not a YAML file: {error}") from None
    return campaign_from(raw, str(path))


def check_digest(path: Path, found: str, wanted: str) -> None:
    """Raise DigestMismatchError when a file was made for another campaign."""
    if found != wanted:
        raise DigestMismatchError(
            f"{path}: belongs to another campaign (digest {found}, this campaign has {wanted}); "
            "remove it and run again, or give each campaign its own results folder"
        )


def read_published(
    campaign: Campaign, folder: Path, setting: str, exposure: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the published workspace and patchset that a campaign in `folder` names for a setting and exposure."""
    if campaign.published is None:
        raise CampaignError(
            "published: is missing; name the workspace and the patchset onto which the signal is to be recast"
        )
    found = []
    for key, pattern in campaign.published.model_dump().items():
        path = folder / pattern.replace("SETTING", setting).replace("EXPOSURE", exposure)
        if not path.is_file():
            raise InputFileError(
                f"{path}: no such file; published.{key} promises it for {setting}, {exposure}: put the file there, "
                "or remove the setting or exposure from the campaign"
            )
        found.append(read_json(path))
    workspace, patchset = found
    return workspace, patchset


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


def results_beside(result: Path) -> list[Path]:
    """Files worth opening in the folder of a design, or of what a sequence knows, in a stable order."""
    folder = result.parent
    of_design = ("*.csv", "*/allocation.json", "figures/*.png", "*/figures/allocation-*.png")
    patterns = ("sequence/*.png",) if result.name == "sequence.json" else of_design
    return [result, *(path for pattern in patterns for path in sorted(folder.glob(pattern)))]
