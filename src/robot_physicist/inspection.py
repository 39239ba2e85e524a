"""Commands for people: validate, plan, init, simulators, show and the generated reference."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import __version__, files
from .campaign.files import read_campaign
from .campaign.model import Campaign
from .design.results import Design
from .inference.results import WorkspaceGain
from .quantities.errors import BadInputError, CheckError, InputFileError, MarginalisationWarning, PlanWarning
from .rest_of_files import read_project, results_beside

#: Name of what a sequence of experiments knows before a round.
SEQUENCE = "sequence.json"
#: Engines paste the name of the campaign file into command lines, and name the folder of the results after it.
UNFIT_FOR_A_FILE = re.compile(r"[^\w.,+=-]")


def validate(file: Path) -> str:
    """Check a campaign file, the files it names included, and say what it describes."""
    from . import named_files

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
    from . import plan as estimate

    campaign = read_campaign(file)
    if pilot is not None and error is None:
        raise BadInputError("--pilot: is read to find the events for an error; give --error too")
    if error is not None:
        return _needs(file, campaign, cores, error, pilot or Path("results") / file.stem)
    if campaign.search:
        from .design.search.rounds import first_campaign

        campaign = first_campaign(campaign)
        warnings.warn("of a search only the first round can be planned", PlanWarning, stacklevel=2)
    probed = estimate.probe(campaign, time.perf_counter)
    return estimate.render(estimate.plan(campaign, probed, cores), campaign)


def _needs(file: Path, campaign: Campaign, cores: int, error: float, pilot: Path) -> str:
    from . import needs
    from .pilot import check_target, pilot_errors
    from .plan import probe

    if campaign.search:
        raise BadInputError(
            f"{file}: a search decides by itself how many events a setting gets; plan it without --error"
        )
    check_target(file, campaign, error)
    pilots = pilot_errors(file, pilot)
    return needs.render(pilots, error, campaign, probe(campaign, time.perf_counter), cores)


def check(folder: Path, options: Mapping[str, set[str]]) -> str:
    """Check that the steps, graphs, environments and REANA specifications of a folder agree; raises CheckError.

    When they do, the programs that will read them are asked too, as far as they are installed.
    """
    from .check import problems
    from .validators import installed, refusals

    project = read_project(folder)
    found = list(problems(project, options, __version__)) or list(refusals(folder))
    if found:
        raise CheckError("\n  ".join([f"{folder}: {len(found)} problem(s)", *found]))
    return (
        f"{folder}: {len(project.steps)} steps, {len(project.workflows)} workflows"
        f" and {len(project.reana)} REANA specifications agree\n"
        f"accepted by: {', '.join(validator.name for validator in installed(folder)) or 'nobody asked'}"
    )


def init(file: Path) -> str:
    """Write a commented campaign to start from; an existing file is never overwritten."""
    from .reference import starting_campaign

    if file.exists() or file.is_symlink():
        raise BadInputError(f"{file}: exists already; choose another name")
    files.write_bytes(file, starting_campaign(file.stem).encode())
    return f"{file}: edit it, then `robot-physicist validate {file}`"


def simulators() -> str:
    """Describe every simulator of the package."""
    from .reference import simulator_reference

    return simulator_reference()


def show(file: Path, colour: bool) -> str:
    """Render a design as a table with shares of a luminosity, shares alone, or what a sequence knows.

    The state of a search is rendered too; the paths of the results follow. Raises InputFileError for any other file.
    """
    from .design.allocation.results import Allocation
    from .design.search.state import SearchState
    from .reports.allocation_table import render as render_shares
    from .reports.words import summary

    if file.name == SEQUENCE:
        return _sequence(file)
    content = files.read_json(file)
    keys = content.keys() if isinstance(content, dict) else set()
    if "shares" in keys:
        return render_shares(files.read_document(Allocation, file), colour)
    if "proposed" in keys:
        return summary(files.read_document(SearchState, file))
    if not keys >= {"digest", "exposures"}:
        raise InputFileError(
            f"{file}: no design.json, allocation.json, search.json or sequence.json, which are what can be shown"
        )
    return _design(file, colour)


def _design(file: Path, colour: bool) -> str:
    from .design.allocation.results import Allocation
    from .reports.design_table import render

    design, results = files.read_document(Design, file), results_beside(file)
    exposures = [answer.exposure for answer in design.exposures]
    shares = [
        f"Shares of {found.exposure}: {found.verdict}"
        for found in (files.read_document(Allocation, path) for path in results if path.name == "allocation.json")
        if found.exposure in exposures
    ]
    return "\n\n".join([render(design, colour=colour), *shares, "\n  ".join(["Results:", *map(str, results)])])


def _sequence(file: Path) -> str:
    """What the experiments before a round have found; the campaign of that round is beside."""
    from .design.sequence.state import Experiments
    from .reports.sequence_summary import summary

    known = files.read_document(Experiments, file)
    warned = [f"warning: {text}" for text in dict.fromkeys(text for one in known.rounds for text in one.warnings)]
    found = "\n".join([summary(read_campaign(file.parent / "campaign.yaml"), known), *warned])
    return f"{found}\n\nResults:\n" + "\n".join(f"  {path}" for path in results_beside(file))


def workspace(
    file: Path,
    patchset: Path | None,
    grids: Sequence[str],
    priors: Sequence[str],
    measurement: str | None,
    draws: int,
    seed: int,
    output: Path | None,
) -> str:
    """Posterior and expected information gain of a HistFactory workspace; also written to a file, if one is given."""
    import numpy as np

    from .workspace_gain import named_once, parse_grid, parse_prior, workspace_gain

    axes, normals = [parse_grid(text) for text in grids], [parse_prior(text) for text in priors]
    named_once("--grid", axes)
    named_once("--prior", normals)
    base, patches = files.read_json(file), None if patchset is None else files.read_json(patchset)
    options: dict[str, Any] = {"measurement": measurement, "draws": draws, "rng": np.random.default_rng(seed)}
    try:
        if patchset is not None and not isinstance(patches, dict):
            raise InputFileError(f"the patchset {patchset} is no JSON object with metadata and patches")
        result = workspace_gain(base, patches, dict(axes), normals, **options)
    except InputFileError as error:
        raise InputFileError(f"{file}: {error}") from None
    if output is not None:
        files.write_document(output, result)
    both = (result.observed_marginalisation, result.marginalisation)
    for text in dict.fromkeys(text for how in both if how for text in how.warnings):
        warnings.warn(text, MarginalisationWarning, stacklevel=2)
    return _workspace_text(result, list(dict(axes)))


def _workspace_text(result: WorkspaceGain, names: Sequence[str]) -> str:
    known, how = result.posterior, result.marginalisation
    checked = f", effective fraction {how.effective_fraction:.2f}" if how else ""
    gained = round(result.prior_entropy - result.posterior_entropy, 4) + 0.0  # no minus before a zero
    return "\n".join(
        [
            *(f"{name} = {known.mean[name]:.4g} ± {known.sd[name]:.2g} (observed data)" for name in names),
            f"most probable point: {known.map}",
            f"information gained from the observed data: {gained:.4f} nats",
            f"expected information gain: {result.gain.value:.4f} ± {result.gain.error:.4f} of at most"
            f" {result.prior_entropy:.4f} nats",
            f"{len(result.nuisances)} nuisance parameters marginalised{checked}",
        ]
    )


def reference(folder: Path) -> str:
    """Write the generated schemas and the reference page below a project folder."""
    from .reference import campaign_reference, campaign_schema, document_schemas

    schemas = {f"docs/schemas/{name}.schema.json": schema for name, schema in document_schemas().items()}
    pages = {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in {**schemas, "campaigns/campaign.schema.json": campaign_schema()}.items()
    }
    pages["docs/campaign.md"] = campaign_reference()
    for name, text in pages.items():
        files.write_bytes(folder / name, text.encode())
    return "\n".join(str(folder / name) for name in pages)
