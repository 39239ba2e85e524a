"""What the stages read: the files of a campaign, checked against it, as the arrays that the pure functions take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import files
from ...campaign.branches import check_setting, entry_at
from ...campaign.checks.histograms import check as check_histogram
from ...campaign.digests import check_complete, digests
from ...campaign.model import Campaign, HistogramBackground
from ...campaign.priors import prior_weights
from ...campaign.variables import PosteriorFile
from ...files.root_histograms import read_contents
from ...histfactory.specification import observed_counts
from ...histfactory.systematics import ShapeSystematic
from ...inference.data_checks import check as check_data
from ...inference.observed_fit import total_spread
from ...inference.results import Posteriors
from ...information.systematics import SystematicGain, systematic_gain
from ...likelihood.workspace import OBSERVED, patch_name, published_rates
from ...quantities import labels
from ...quantities.arrays import FloatArray
from ...quantities.errors import (
    CampaignError,
    DigestMismatchError,
    HistogramError,
    LabelClashError,
    UnknownNameError,
    nearest_point,
)
from ...quantities.exposure import Exposure, ObservedCount
from ...templates.checks import check
from ...templates.histogram import Histogram, one_per_sample
from ...templates.templates import Background, Templates, background_contents, stack
from . import observed_data


def exposure_at(campaign_file: Path, campaign: Campaign, setting: str, label: str) -> Exposure:
    """The exposure with this label at a setting, whose observed data may say how many events it has.

    Raises UnknownNameError with the nearest label, CampaignError when there should be data, and are none.
    """
    planned = campaign.exposures.get(label)
    if not isinstance(planned, ObservedCount):
        return exposure_named(campaign, label)
    check_setting(campaign, setting)
    counts = observed_at(campaign_file, campaign, setting, label)
    found = planned.at(None if counts is None else float(counts.sum()))
    if found is None:
        raise CampaignError(
            f"exposure: there are no observed data at {setting}; write {{events: observed, else: 2000}}, the number"
            " of events of settings without data"
        )
    return found


def exposure_named(campaign: Campaign, label: str) -> Exposure:
    """The exposure with this label, the same at every setting; raises UnknownNameError with the nearest one."""
    if label not in campaign.exposures:
        advice = nearest_point(label, campaign.exposures)
        raise UnknownNameError(f"exposure: there is no exposure '{label}'; {advice}")
    found = campaign.exposures[label]
    if isinstance(found, ObservedCount):
        raise CampaignError(f"exposure: {label} differs between settings; give a number of events, or a luminosity")
    return found


def prior_of(campaign_file: Path, campaign: Campaign) -> FloatArray:
    """Prior of every parameter point, (K,), read from an earlier posterior if the campaign names one."""
    if isinstance(campaign.prior, PosteriorFile):
        earlier = files.read_document(Posteriors, campaign_file.parent / campaign.prior.posterior)
        return prior_weights(campaign, earlier)
    return prior_weights(campaign)


def read_likelihood(campaign: Campaign, workspace: Path, patchset: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a workspace and patchset; raises DigestMismatchError when its patches are not the campaign's points."""
    base, patches = files.read_json(workspace), files.read_json(patchset)
    wanted = [patch_name(labels.label(point)) for point in campaign.parameter_points]
    found = [entry["metadata"]["name"] for entry in patches["patches"]]
    if found != wanted:
        raise DigestMismatchError(
            f"{patchset}: its {len(found)} patches are not the {len(wanted)} parameter points of this campaign;"
            " run the likelihood stage again"
        )
    return base, patches


def templates_from(
    campaign_file: Path, campaign: Campaign, setting: str, exposure: Exposure, histograms: Sequence[Path]
) -> Templates:
    """Read the histograms of one setting and stack them; raises DigestMismatchError when one is of other events.

    Those of the rounds of a search are added up; it passes on the histograms of all its settings.
    """
    found = []
    for path in histograms:
        one = files.read_document(Histogram, path)
        if campaign.chosen_settings is not None and one.setting != setting:
            continue
        known = digests(campaign, setting, one.sample)
        files.check_digest(path, one.digest, one.digest if one.digest in known else known[-1])
        check_histogram(path, one, campaign)
        found.append(one)
    check_complete(campaign, setting, found)
    return templates_of(campaign_file, campaign, exposure, one_per_sample(found))


def templates_by_setting(
    campaign_file: Path, campaign: Campaign, exposure: Exposure, histograms: Sequence[Path]
) -> dict[str, Templates]:
    """Read the histograms of all settings, in campaign order; raises HistogramError when a setting has none."""
    by_setting: dict[str, list[Path]] = {}
    for path in histograms:
        by_setting.setdefault(files.read_document(Histogram, path).setting, []).append(path)
    wanted = [labels.label(point) for point in campaign.setting_points]
    for setting in wanted:
        if setting not in by_setting:
            raise HistogramError(f"no histogram for setting {setting}; run the histogram stage for it")
    return {
        setting: templates_from(campaign_file, campaign, setting, exposure, by_setting[setting]) for setting in wanted
    }


def templates_of(
    campaign_file: Path, campaign: Campaign, exposure: Exposure, found: Sequence[Histogram]
) -> Templates:
    """Stack the histograms of one setting, backgrounds included; raises LabelClashError when one is there twice."""
    points = [labels.label(point) for point in campaign.parameter_points]
    if len({one.sample for one in found}) < len(found):
        raise LabelClashError("two of the histograms belong to the same sample; pass each file once")
    templates = stack(found, points, _backgrounds(campaign_file, campaign, found))
    check(templates, exposure)
    return templates


def _backgrounds(campaign_file: Path, campaign: Campaign, found: Sequence[Histogram]) -> dict[str, Background]:
    simulated = {one.sample.removeprefix("background="): one for one in found}
    bins = int(np.prod([observable.bins for observable in campaign.observables.values()]))
    return {
        entry.name: Background(*read_contents(campaign_file.parent / entry.file, entry.histogram, bins))
        if isinstance(entry, HistogramBackground)
        else background_contents(entry.name, simulated)
        for entry in campaign.backgrounds
    }


def shapes_of(campaign_file: Path, campaign: Campaign, bins: int) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Read the templates of all shape systematics: up and down, both (B,), by name."""
    return {
        entry.name: (
            read_contents(campaign_file.parent / entry.file, entry.up, bins)[0],
            read_contents(campaign_file.parent / entry.file, entry.down, bins)[0],
        )
        for entry in campaign.systematics
        if isinstance(entry, ShapeSystematic)
    }


def observed_at(campaign_file: Path, campaign: Campaign, setting: str, exposure: str) -> FloatArray | None:
    """Count the observed events of one setting and exposure, (B,); None when the campaign has none there."""
    found = entry_at(campaign, setting, exposure)
    if found is None:
        return None
    index, entry = found
    with observed_data.located(index):
        return observed_data.counts(entry, campaign_file.parent, campaign, exposure)


def observed_in(
    published: tuple[dict[str, Any], dict[str, Any]], campaign: Campaign, setting: str, exposure: str
) -> FloatArray | None:
    """Observed counts of a published likelihood, (B,); None when they are those expected, since there are no data.

    Raises DigestMismatchError when the likelihood was made before the campaign had the data.
    """
    base, patches = published
    if entry_at(campaign, setting, exposure) is None:
        return None
    if patches["metadata"].get("data") != OBSERVED:
        raise DigestMismatchError(
            f"the workspace of {setting}, {exposure} does not hold the observed data that the campaign names; run the"
            " likelihood stage again"
        )
    return observed_counts(base)


def check_observed(
    campaign_file: Path,
    campaign: Campaign,
    setting: str,
    exposure: str,
    counts: FloatArray,
    templates: Templates,
    published: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Raise ObservableError when no template of a setting could make the observed counts (B,)."""
    found = entry_at(campaign, setting, exposure)
    if found is None:
        return
    index, entry = found
    folder = campaign_file.parent
    signal, background = published_rates(*published)
    with observed_data.located(index):
        check_data(
            counts,
            templates,
            exposure_at(campaign_file, campaign, setting, exposure),
            signal + background,
            total_spread(published),
            entry,
            campaign.observables,
            lambda name, one: observed_data.counts_in(entry, folder, campaign, name, one),
        )


def systematics_of(
    campaign_file: Path, campaign: Campaign, templates: Templates, exposure: Exposure
) -> SystematicGain | None:
    """Prepare the gain with systematic uncertainties integrated out; None when the campaign wants or has none."""
    wanted = campaign.systematics if campaign.estimator.nuisances == "marginalised" else []
    shapes = shapes_of(campaign_file, campaign, templates.sumw.shape[2])
    return systematic_gain(templates, exposure, wanted, shapes)
