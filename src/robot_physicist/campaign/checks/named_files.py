"""The files that a campaign names: observed data, published likelihoods, and where all of them may lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ...quantities import labels
from ...quantities.errors import CampaignError, LabelClashError, UnknownNameError, nearest, nearest_point
from ...quantities.exposure import Luminosity
from ..model import Campaign


def observed_problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield what is wrong with the observed data that a campaign names."""
    settings = [labels.label(point) for point in campaign.setting_points]
    taken: set[tuple[str, str]] = set()
    for index, observed in enumerate(campaign.observed):
        place = f"observed[{index}]"
        if set(observed.setting) != set(campaign.settings):
            yield CampaignError(f"{place}.setting: name each of {', '.join(campaign.settings)}")
            continue
        at = labels.label({name: observed.setting[name] for name in campaign.settings})
        exposure = observed.exposure or next(iter(campaign.exposures))
        if at not in settings:
            yield UnknownNameError(f"{place}.setting: '{at}' is not a setting; {nearest_point(at, settings)}")
        if exposure not in campaign.exposures:
            advice = nearest_point(exposure, campaign.exposures)
            yield UnknownNameError(f"{place}.exposure: no exposure '{exposure}'; {advice}")
        for name in observed.branches:
            if name not in campaign.observables:
                advice = nearest(name, campaign.observables)
                yield UnknownNameError(f"{place}.branches.{name}: no such observable; {advice}")
        if (at, exposure) in taken and campaign.sequence is None:
            yield LabelClashError(f"{place}: there are data for {at}, {exposure} already; merge the files")
        taken.add((at, exposure))


def published_problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield what cannot stand beside a published likelihood."""
    if campaign.published is None:
        return
    for key in ("backgrounds", "observed"):
        if getattr(campaign, key):
            yield CampaignError(f"{key}: the published workspace holds them already; remove the key")
    for index, entry in enumerate(campaign.exposure):
        if not isinstance(entry, Luminosity):
            yield CampaignError(f"exposure[{index}].events: a recast needs the luminosity of the published data")


def named_paths(campaign: Campaign) -> list[tuple[str, str]]:
    """Every file that a campaign names: its place in the campaign, and its path relative to it."""
    sections = {key.split(".")[0].removesuffix("[]") for key in labels.FILES}
    return labels.named_files(campaign.model_dump(include=sections))


def files_to_have(campaign: Campaign) -> list[tuple[str, str]]:
    """The same, where SETTING and EXPOSURE in the path of a published file stand for each of the campaign's."""
    settings = [labels.label(point) for point in campaign.setting_points]
    return labels.files_to_have(named_paths(campaign), settings, list(campaign.exposures))


def path_problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield the paths of named files that are not relative to the campaign file, or leave its folder."""
    for place, path in named_paths(campaign):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            yield CampaignError(f"{place}: '{path}' leaves the campaign's folder; put the file beside the campaign")
