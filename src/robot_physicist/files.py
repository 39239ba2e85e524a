"""The only module besides the command line that touches the disk.

Every file is written whole or not at all: to a temporary file in the same folder, then renamed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml
from pydantic import TypeAdapter, ValidationError

from . import notation
from .campaign import Campaign
from .check import Project
from .consistency import named_paths
from .errors import CampaignError, DigestMismatchError, InputFileError, ObservableError, nearest
from .rootio import recreate, uproot_module
from .simulation import combine, weighted_block
from .simulators.base import CrossSection, Events, FloatArray
from .validation import campaign_from

Document = TypeVar("Document")
TREE = "events"
CHUNK = 500_000
#: What every ROOT file begins with.
ROOT = b"root"
#: Without these entries a file of events cannot be used.
PROVENANCE = {"digest", "generated", "cross_section_pb", "cross_section_error_pb"}
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


def write_events(path: Path, blocks: Iterable[Events], metadata: Mapping[str, Any]) -> int:
    """Write blocks of events to the tree `events` of a ROOT file and return how many were accepted.

    The object `metadata` is a JSON string: the given entries, the number of generated events and the
    cross-section in picobarn.
    """
    generated = accepted = 0
    section: CrossSection | None = None
    with whole(path) as temporary, recreate(temporary, str(metadata["digest"])) as file:
        for block in blocks:
            columns = dict(block.columns) | ({"weight": block.weights} if block.weights is not None else {})
            columns |= {"ratios": block.ratios} if block.ratios is not None else {}
            if generated == 0:
                file.mktree(TREE, {name: np.dtype(("f8", column.shape[1:])) for name, column in columns.items()})
            if block.accepted:
                file[TREE].extend(columns)
            section = combine(section, generated, block)
            generated, accepted = generated + block.generated, accepted + block.accepted
        file["metadata"] = json.dumps({**metadata, "generated": generated, **_cross_section_entries(section)})
    return accepted


def _cross_section_entries(section: CrossSection | None) -> dict[str, float | None]:
    value, error = (None, None) if section is None else (section.value, section.error)
    return {"cross_section_pb": value, "cross_section_error_pb": error}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise InputFileError(f"{path}: no such file{', but a folder' if path.is_dir() else ''}; {MISSING}")
    with path.open("rb") as begun:
        if (start := begun.read(len(ROOT))) != ROOT:
            found = f"it begins with {start!r}" if start else "it is empty"
            raise InputFileError(f"{path}: not a ROOT file, {found}; name one, or convert it with uproot")
    try:
        file = uproot_module().open(path)
    except Exception as error:  # uproot raises whatever it stumbles over in a damaged file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputFileError(f"{path}: damaged or truncated ({reason}); get it or make it again") from None
    with file:
        if file.file.fEND > path.stat().st_size:
            raise InputFileError(f"{path}: truncated; remove it and run the stage that makes it again")
        yield file


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the provenance of a ROOT file of events."""
    with _opened(path) as file:
        text = str(file["metadata"]) if "metadata" in file else "{}"
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = {}
    if not isinstance(found, dict) or not found.keys() >= PROVENANCE:
        raise InputFileError(f"{path}: has no provenance, so it is not from this project's simulate stage")
    return found


def is_made_from(path: Path, provenance: Mapping[str, Any]) -> bool:
    """Is this a complete file of events with exactly this provenance, versions of the programs included?"""
    try:
        found = read_metadata(path)
    except InputFileError:
        return False
    return all(found.get(key) == value for key, value in provenance.items())


def check_digest(path: Path, found: str, wanted: str) -> None:
    """Raise DigestMismatchError when a file was made for another campaign."""
    if found != wanted:
        raise DigestMismatchError(
            f"{path}: belongs to another campaign (digest {found}, this campaign has {wanted}); "
            "remove it and run again, or give each campaign its own results folder"
        )


def read_events(
    path: Path, observables: Sequence[str], tree: str = TREE, extra: Sequence[str] = ("weight", "ratios")
) -> Iterator[Events]:
    """Read the observables (and what else there is of `extra`) of a ROOT file in chunks of bounded memory.

    Raises ObservableError when an observable is not in the file, InputFileError when it is damaged.
    """
    with opened_tree(path, tree) as found:
        names = found.keys()
        for name in observables:
            if name not in names:
                raise ObservableError(f"{path}: no observable '{name}' in '{tree}'; {nearest(name, names)}")
        yield from _chunks(path, found, [*observables, *(name for name in extra if name in names)])


@contextmanager
def opened_tree(path: Path, tree: str) -> Iterator[Any]:
    """Open a tree of a ROOT file; raises InputFileError when there is none, or when the file is damaged."""
    with _opened(path) as file:
        if tree not in file:
            raise InputFileError(f"{path}: no tree '{tree}'; {nearest(tree, file.keys(cycle=False))}")
        if not hasattr(file[tree], "arrays"):
            raise InputFileError(f"{path}: '{tree}' is not a tree but a {file[tree].classname}; name a tree")
        yield file[tree]


def _chunks(path: Path, tree: Any, names: Sequence[str]) -> Iterator[Events]:
    size = CHUNK
    if "ratios" in names:
        size = weighted_block(CHUNK, int(np.prod(tree["ratios"].interpretation.inner_shape)))
    for start in range(0, max(tree.num_entries, 1), size):
        with _undamaged(path, start):
            arrays = tree.arrays(list(names), entry_start=start, entry_stop=start + size, library="np")
        columns = {name: _column(path, name, arrays[name]) for name in names if name != "ratios"}
        ratios = np.asarray(arrays["ratios"], dtype=np.float64) if "ratios" in names else None
        weights = columns.pop("weight", None)
        yield Events(columns, generated=len(arrays[names[0]]), weights=weights, ratios=ratios)


@contextmanager
def _undamaged(path: Path, start: int) -> Iterator[None]:
    try:
        yield
    except ObservableError:
        raise
    except Exception as error:  # a damaged basket raises errors of zlib, struct, numpy ...
        raise InputFileError(f"{path}: damaged after event {start} ({error})") from None


def read_selected(path: Path, tree: str, cuts: Sequence[str], expressions: Mapping[str, str]) -> Iterator[Events]:
    """Read named expressions over the branches of a tree for events that pass the cuts, in chunks of bounded memory.

    `generated` counts the events before the cuts. Raises ObservableError when a branch is not in the file or an
    expression is not one number per event, NoEventsError at the end when no event has passed.
    """
    from .expressions import Selecting, check, columns, evaluate

    with opened_tree(path, tree) as found:
        language, known = Selecting(cuts), found.keys()
        expressions = {**expressions, **({"weight": "weight"} if "weight" in known else {})}
        try:
            for text in (*cuts, *expressions.values()):
                check(text, known, tree)
            for start in range(0, max(found.num_entries, 1), CHUNK):
                with _undamaged(path, start):
                    arrays = evaluate(found, [*cuts, *expressions.values()], language, start, start + CHUNK)
                values = columns(arrays, expressions)
                generated = min(CHUNK, found.num_entries - start)
                yield Events(values, generated, values.pop("weight", None))
            language.check()
        except ObservableError as error:
            raise type(error)(f"{path}: {error}") from None


def _column(path: Path, name: str, values: Any) -> FloatArray:
    if values.dtype.kind not in "fiub" or values.ndim != 1:
        raise ObservableError(f"{path}: '{name}' is not one number per event; write a plain branch of numbers")
    return np.asarray(values, dtype=np.float64)


def read_contents(path: Path, name: str, bins: int) -> tuple[FloatArray, FloatArray]:
    """Read contents and errors of a histogram from a ROOT or JSON file, both flattened to (bins,).

    A JSON file is `{"name": [contents], "name_error": [errors]}`, the errors being optional.
    Raises InputFileError when the histogram is not there, or not one of these bins with numbers from zero on.
    """
    contents = _json_contents(path, name, bins) if path.suffix == ".json" else _root_contents(path, name)
    try:
        values, errors = (np.asarray(array, dtype=np.float64).ravel() for array in contents)
    except (TypeError, ValueError):
        raise InputFileError(f"{path}: '{name}' is not a list of numbers") from None
    if values.shape != (bins,) or errors.shape != (bins,):
        raise InputFileError(f"{path}: '{name}' has {values.size} bins, the campaign's observables {bins}")
    if not all(np.isfinite(array).all() and (array >= 0).all() for array in (values, errors)):
        raise InputFileError(f"{path}: '{name}' has negative or infinite contents or errors")
    return values, errors


def _json_contents(path: Path, name: str, bins: int) -> tuple[Any, Any]:
    known = read_json(path)
    if not isinstance(known, dict):
        raise InputFileError(f"{path}: not a mapping of histogram names to lists of contents")
    _check_name(path, name, list(known))
    return known[name], known.get(f"{name}_error", [0.0] * bins)


def _root_contents(path: Path, name: str) -> tuple[Any, Any]:
    with _opened(path) as file:
        _check_name(path, name, file.keys(cycle=False))
        found = file[name]
        if not hasattr(found, "errors"):
            raise InputFileError(f"{path}: '{name}' is not a histogram but a {found.classname}")
        return found.values(), found.errors()


def _check_name(path: Path, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise InputFileError(f"{path}: no histogram '{name}'; {nearest(name, known)}")


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

    visible = ("*", "workflow/*", "campaigns/*", "tests/reana/*", "src/robot_physicist/*")
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
