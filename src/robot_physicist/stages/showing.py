"""The command show."""

from __future__ import annotations

from pathlib import Path

from .. import files, reports
from ..campaign.files import read_campaign
from ..design.allocation.results import Allocation
from ..design.results import Design
from ..design.search.state import SearchState
from ..design.sequence.state import Experiments
from ..likelihood.template_errors import NARROW
from ..quantities.errors import InputFileError

#: Name of what a sequence of experiments knows before a round.
SEQUENCE = "sequence.json"


def results_beside(result: Path) -> list[Path]:
    """Files worth opening in the folder of a design, or of what a sequence knows, in a stable order."""
    folder = result.parent
    of_design = ("*.csv", "*/allocation.json", "figures/*.png", "*/figures/allocation-*.png")
    patterns = ("sequence/*.png",) if result.name == "sequence.json" else of_design
    return [result, *(path for pattern in patterns for path in sorted(folder.glob(pattern)))]


def show(file: Path, colour: bool) -> str:
    """Render a design as a table with shares of a luminosity, shares alone, or what a sequence knows.

    The state of a search is rendered too; the paths of the results follow. Raises InputFileError for any other file.
    """
    if file.name == SEQUENCE:
        return _sequence(file)
    content = files.read_json(file)
    keys = content.keys() if isinstance(content, dict) else set()
    if "shares" in keys:
        return reports.allocation_table.render(files.read_document(Allocation, file), colour)
    if "proposed" in keys:
        return reports.words.summary(files.read_document(SearchState, file))
    if not keys >= {"digest", "exposures"}:
        raise InputFileError(
            f"{file}: no design.json, allocation.json, search.json or sequence.json, which are what can be shown"
        )
    return _design(file, colour)


def _design(file: Path, colour: bool) -> str:
    design, results = files.read_document(Design, file), results_beside(file)
    exposures = [answer.exposure for answer in design.exposures]
    shares = [
        f"Shares of {found.exposure}: {found.verdict}"
        for found in (files.read_document(Allocation, path) for path in results if path.name == "allocation.json")
        if found.exposure in exposures
    ]
    found = [reports.design_table.render(design, colour=colour), *shares, *_narrow(file.parent)]
    return "\n\n".join([*found, "\n  ".join(["Results:", *map(str, results)])])


def _narrow(folder: Path) -> list[str]:
    """Say where posteriors beside a design are too narrow, and by how much at most."""
    posteriors = [files.read_json(path) for path in sorted(folder.glob("*/*/posterior.json"))]
    factors = {
        f"{one['setting']}, {one['exposure']}": (one.get("templates") or {}).get("factor", 1.0) for one in posteriors
    }
    narrow = {name: factor for name, factor in factors.items() if factor > NARROW}
    if not narrow:
        return []
    worst = max(narrow, key=narrow.__getitem__)
    return [
        f"warning: posteriors are too narrow in {len(narrow)} of {len(factors)} branches, by a factor of"
        f" {narrow[worst]:.2f} at {worst}: simulate more events before they are published"
    ]


def _sequence(file: Path) -> str:
    """What the experiments before a round have found; the campaign of that round is beside."""
    known = files.read_document(Experiments, file)
    warned = [f"warning: {text}" for text in dict.fromkeys(text for one in known.rounds for text in one.warnings)]
    found = "\n".join(
        [reports.sequence_summary.summary(read_campaign(file.parent / "campaign.yaml"), known), *warned]
    )
    return f"{found}\n\nResults:\n" + "\n".join(f"  {path}" for path in results_beside(file))
