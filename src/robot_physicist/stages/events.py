"""The stages of one branch: list the branches, simulate events, fill histograms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import __version__, files
from ..campaign.branches import Branches, blocks, resolve
from ..campaign.digests import branch_digest
from ..campaign.files import read_campaign
from ..campaign.model import Campaign
from ..files import root_events
from ..quantities import labels
from ..quantities.errors import CampaignError
from ..quantities.events import CrossSection, Events
from ..simulators import choice as simulation
from ..templates.filling import fill
from ..templates.reweighting import Reweighting, least_effective


def branches(campaign_file: Path, output: Path) -> str:
    """List the branches of a campaign, for engines that fan out over what a step says."""
    campaign = read_campaign(campaign_file)
    if campaign.search is not None and campaign.chosen_settings is None:
        raise CampaignError(
            f"{campaign_file}: search: its settings are proposed round by round; run it with Snakemake,"
            " workflow/run_yadage.py or the graph workflow/search.yml, or remove `search`"
        )
    settings = [labels.label(point) for point in campaign.setting_points]
    found = Branches(settings, campaign.samples, list(campaign.exposures), campaign.allocate)
    files.write_document(output, found)
    return f"{len(settings)} settings × {len(found.samples)} samples, {len(found.exposures)} exposures: {output}"


def simulate(campaign_file: Path, setting: str, sample: str, output: Path) -> str:
    """Simulate all events of one branch into a ROOT file."""
    campaign = read_campaign(campaign_file)
    choice, _, _ = resolve(campaign, setting, sample)
    metadata = {
        "campaign": campaign.name,
        "digest": branch_digest(campaign, setting, sample),
        "setting": setting,
        "sample": sample,
        "seed": campaign.seed,
        "versions": {"robot-physicist": __version__, **simulation.build(choice).versions()},
    }
    if campaign.references and not sample.startswith("background="):
        metadata["points"] = [labels.label(point) for point in campaign.weighted_points]
    if root_events.is_made_from(output, metadata):
        return f"finished before, with the same simulator and seed: {output}"
    accepted = root_events.write_events(output, blocks(campaign, setting, sample), metadata)
    return f"{accepted} of {campaign.events_at(setting)} events at {setting}, {sample}: {output}"


def histogram(campaign_file: Path, setting: str, sample: str, events: Path, output: Path) -> str:
    """Fill the histogram of one branch from its ROOT file."""
    campaign = read_campaign(campaign_file)
    digest = branch_digest(campaign, setting, sample)
    metadata = root_events.read_metadata(events)
    files.check_digest(events, metadata["digest"], digest)
    weighted = bool(campaign.references) and not sample.startswith("background=")
    filled = fill(
        _with_provenance(root_events.read_events(events, list(campaign.observables)), metadata),
        campaign.observables,
        campaign.simulation.folds,
        setting=setting,
        sample=sample,
        digest=digest,
        reweighting=_reweighting(campaign) if weighted else None,
    )
    files.write_document(output, filled)
    worth = "" if filled.reweighted is None else f", {least_effective(filled.reweighted)}"
    return f"{filled.sumw.sum():g} in {filled.sumw.shape[1]} bins at {setting}, {sample}{worth}: {output}"


def _reweighting(campaign: Campaign) -> Reweighting:
    points, references, columns = (
        [labels.label(point) for point in chosen]
        for chosen in (campaign.parameter_points, campaign.references, campaign.weighted_points)
    )
    return Reweighting(points, references, columns)


def _with_provenance(chunks: Iterator[Events], metadata: dict[str, Any]) -> Iterator[Events]:
    # The file knows the number of generated events and the cross-section as a whole: they go with chunk one.
    section = metadata.get("cross_section_pb")
    known = None if section is None else CrossSection(section, metadata["cross_section_error_pb"])
    for index, chunk in enumerate(chunks):
        generated = metadata["generated"] if index == 0 else 0
        yield Events(chunk.columns, generated, chunk.weights, known, chunk.ratios)
