"""What the commands for people say: validate, plan and show."""

from __future__ import annotations

import re
import time
import warnings
from pathlib import Path

from .. import files, reports
from ..campaign.files import read_campaign
from ..campaign.model import Campaign
from ..design.allocation.results import Allocation
from ..design.results import Design
from ..design.search.rounds import first_campaign
from ..design.search.state import SearchState
from ..design.sequence.state import Experiments
from ..quantities.errors import BadInputError, InputFileError, PlanWarning
from .planning import cost as estimate
from .planning import needed_events
from .planning.cost import probe
from .planning.pilot import check_target, pilot_errors
from .reading import named_files

#: Name of what a sequence of experiments knows before a round.
SEQUENCE = "sequence.json"
#: Engines paste the name of the campaign file into command lines, and name the folder of the results after it.
UNFIT_FOR_A_FILE = re.compile(r"[^\w.,+=-]")


def results_beside(result: Path) -> list[Path]:
    """Files worth opening in the folder of a design, or of what a sequence knows, in a stable order."""
    folder = result.parent
    of_design = ("*.csv", "*/allocation.json", "figures/*.png", "*/figures/allocation-*.png")
    patterns = ("sequence/*.png",) if result.name == "sequence.json" else of_design
    return [result, *(path for pattern in patterns for path in sorted(folder.glob(pattern)))]


def validate(file: Path) -> str:
    """Check a campaign file, the files it names included, and say what it describes."""
    if unfit := UNFIT_FOR_A_FILE.search(file.name):
        raise BadInputError(f"{file}: the character {unfit.group()!r} may not be in the name of the file; rename it")
    campaign = read_campaign(file)
    named_files.check(campaign, file.parent)
    if campaign.search:
        return (
            f"{file}: valid; a search of at most {campaign.search.rounds} rounds over {', '.join(campaign.settings)},"
            f" {len(campaign.samples)} samples at each setting, {len(campaign.exposures)} exposure(s)"
        )
    return (
        f"{file}: valid; {len(campaign.setting_points)} settings × {len(campaign.samples)} samples"
        f" = {len(campaign.setting_points) * len(campaign.samples)} branches,"
        f" {len(campaign.exposures)} exposure(s)"
    )


def plan(file: Path, cores: int, error: float | None, pilot: Path | None) -> str:
    """Estimate what a campaign costs, from a short probe of its simulator; with `error`, what that error needs.

    The pilot's results are in the campaign's own results folder unless another is given.
    """
    campaign = read_campaign(file)
    if pilot is not None and error is None:
        raise BadInputError("--pilot: is read to find the events for an error; give --error too")
    if error is not None:
        return _needs(file, campaign, cores, error, pilot or Path("results") / file.stem)
    if campaign.search:
        campaign = first_campaign(campaign)
        warnings.warn("of a search only the first round can be planned", PlanWarning, stacklevel=2)
    probed = estimate.probe(campaign, time.perf_counter)
    return estimate.render(estimate.plan(campaign, probed, cores), campaign)


def _needs(file: Path, campaign: Campaign, cores: int, error: float, pilot: Path) -> str:
    if campaign.search:
        raise BadInputError(
            f"{file}: a search decides by itself how many events a setting gets; plan it without --error"
        )
    check_target(file, campaign, error)
    pilots = pilot_errors(file, pilot)
    return needed_events.render(pilots, error, campaign, probe(campaign, time.perf_counter), cores)


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
    return "\n\n".join(
        [reports.design_table.render(design, colour=colour), *shares, "\n  ".join(["Results:", *map(str, results)])]
    )


def _sequence(file: Path) -> str:
    """What the experiments before a round have found; the campaign of that round is beside."""
    known = files.read_document(Experiments, file)
    warned = [f"warning: {text}" for text in dict.fromkeys(text for one in known.rounds for text in one.warnings)]
    found = "\n".join(
        [reports.sequence_summary.summary(read_campaign(file.parent / "campaign.yaml"), known), *warned]
    )
    return f"{found}\n\nResults:\n" + "\n".join(f"  {path}" for path in results_beside(file))
