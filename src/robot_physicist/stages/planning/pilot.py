"""The errors of a finished run, from which follows how many events another error needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ... import files
from ...campaign.checks.histograms import check as check_histogram
from ...campaign.digests import branch_digest
from ...campaign.files import read_campaign
from ...campaign.model import Campaign
from ...information.finite_simulation import GainEstimates, information_gain
from ...information.support import rounded_up
from ...quantities import labels
from ...quantities.errors import BadInputError, DigestMismatchError, InputFileError
from ...quantities.exposure import Exposure
from ...quantities.seeds import branch_generator
from ...statistics.grid_posterior import entropy
from ...templates.histogram import Histogram
from ...templates.templates import Templates
from ..reading.inputs import exposure_at, prior_of, systematics_of, templates_of
from .needed_events import PilotError


def pilot_errors(campaign_file: Path, folder: Path) -> list[PilotError]:
    """Errors of the pilot in a results folder at each setting and exposure.

    Raises InputFileError when a histogram is missing and DigestMismatchError when it is of another campaign, which
    may differ in the number of events only.
    """
    campaign = read_campaign(campaign_file)
    if stranger := files.origin.stranger(folder, campaign_file, campaign.name):
        raise DigestMismatchError(stranger)
    return [
        error
        for point in campaign.setting_points
        for error in _at_setting(campaign_file, campaign, labels.label(point), folder)
    ]


def check_target(campaign_file: Path, campaign: Campaign, target: float) -> None:
    """Raise BadInputError when an error of `target` nats is more than there is to know."""
    ceiling = float(entropy(prior_of(campaign_file, campaign)))
    if 0 < ceiling < target:
        raise BadInputError(
            f"--error {target:g}: the prior's entropy is {ceiling:.4g} nats and every gain is known better than that;"
            " give a smaller error"
        )


def _at_setting(campaign_file: Path, campaign: Campaign, setting: str, folder: Path) -> Iterator[PilotError]:
    found = [_histogram(campaign, campaign_file, setting, sample, folder) for sample in campaign.samples]
    for exposure in campaign.exposures:
        chosen = exposure_at(campaign_file, campaign, setting, exposure)
        templates = templates_of(campaign_file, campaign, chosen, found)
        gain = _gain(campaign_file, campaign, templates, exposure, chosen)
        events = min(one.generated for one in found)
        yield PilotError(
            setting=setting,
            exposure=exposure,
            events=events,
            error=gain.corrected.error,
            integration=gain.integration,
            enough=rounded_up(gain.factor * events) if gain.lacking else None,
        )


def _histogram(campaign: Campaign, campaign_file: Path, setting: str, sample: str, folder: Path) -> Histogram:
    path = folder / setting / sample / "histogram.json"
    if not path.is_file():
        raise InputFileError(
            f"{path}: no such file: this needs a finished pilot; run `snakemake --cores all --configfile"
            f" {campaign_file}` with few simulation.events, or give the folder of its results with --pilot"
        )
    one = files.read_document(Histogram, path)
    files.check_digest(path, one.digest, branch_digest(campaign, setting, sample, one.generated))
    check_histogram(path, one, campaign)
    return one


def _gain(
    campaign_file: Path, campaign: Campaign, templates: Templates, exposure: str, chosen: Exposure
) -> GainEstimates:
    rng = branch_generator(campaign.seed, {}, {}, 0, f"eig {exposure}")
    prior = prior_of(campaign_file, campaign)
    systematics = systematics_of(campaign_file, campaign, templates, chosen)
    return information_gain(templates, chosen, prior, campaign.estimator, campaign.simulation, rng, systematics)
