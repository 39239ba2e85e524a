"""How the error of a finished run falls with the number of simulated events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import files, labels
from .campaign import Campaign
from .documents import Histogram
from .errors import InputFileError
from .finite_simulation import GainEstimates, information_gain
from .plan import PilotError
from .provenance import branch_digest
from .seeds import branch_generator
from .stage_inputs import exposure_named, prior_of, templates_of
from .templates import Templates

#: With fewer folds, half of them cannot be halved again.
FEWEST_FOLDS = 4


def pilot_errors(campaign_file: Path, folder: Path) -> list[PilotError]:
    """Errors of the pilot in a results folder at each setting and exposure, from all of its folds and from halves.

    Raises InputFileError when a histogram is missing and DigestMismatchError when it is of another campaign, which
    may differ in the number of events only.
    """
    campaign = files.read_campaign(campaign_file)
    return [
        error
        for point in campaign.setting_points
        for error in _at_setting(campaign_file, campaign, labels.label(point), folder)
    ]


def _at_setting(campaign_file: Path, campaign: Campaign, setting: str, folder: Path) -> Iterator[PilotError]:
    found = [_histogram(campaign, campaign_file, setting, sample, folder) for sample in campaign.samples]
    folds = found[0].sumw.shape[0]
    order = np.random.default_rng(campaign.seed).permutation(folds)
    halves = np.array_split(order, 2) if folds >= FEWEST_FOLDS else []
    for exposure, chosen in campaign.exposures.items():
        templates = templates_of(campaign_file, campaign, chosen, found)
        whole = _gain(campaign_file, campaign, templates, exposure)
        errors = [
            _gain(campaign_file, campaign, _part(templates, half), exposure)
            for half in halves
            if folds >= FEWEST_FOLDS
        ]
        logs = [np.log(max(one.corrected.error, 1e-300)) for one in errors]
        yield PilotError(
            setting=setting,
            exposure=exposure,
            events=min(one.generated for one in found),
            error=whole.corrected.error,
            half_error=float(np.exp(np.mean(logs))) if logs else None,
            integration=whole.plug_in.error,
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
    return one


def _part(templates: Templates, folds: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Templates:
    share = len(folds) / templates.sumw.shape[1]
    return replace(
        templates,
        sumw=templates.sumw[:, folds],
        sumw2=templates.sumw2[:, folds],
        generated=templates.generated * share,
    )


def _gain(campaign_file: Path, campaign: Campaign, templates: Templates, exposure: str) -> GainEstimates:
    rng = branch_generator(campaign.seed, {}, {}, 0, f"eig {exposure}")
    prior = prior_of(campaign_file, campaign)
    return information_gain(
        templates, exposure_named(campaign, exposure), prior, campaign.estimator, campaign.simulation, rng
    )
