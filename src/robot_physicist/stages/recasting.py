"""Recast: published data and backgrounds, with another signal in place of the published one.

What is published is a workspace and a patchset, as HEPData holds them. The samples that its patches add are the
published signal; without them the workspace holds data and backgrounds, to which the new signal is patched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lazy_loader as lazy
import numpy as np

from .. import files
from ..campaign.files import read_campaign, read_published
from ..campaign.model import Campaign
from ..design.recast_results import Recast
from ..histfactory.published import Specification, background_only, signal_names, totals
from ..inference.results import UpperLimit
from ..inference.upper_limits import LEVEL, upper_limits
from ..information.results import InformationGain
from ..information.systematics import SystematicGain
from ..likelihood import workspace as build
from ..likelihood.workspace import Shapes
from ..quantities.arrays import FloatArray
from ..quantities.exposure import Exposure
from ..templates.templates import Background, Templates, expected
from .empty_bins import warn_of_empty_bins
from .gain import gain_of, spelt_gain
from .inference import template_statement
from .reading.inputs import exposure_at, prior_of, shapes_of, templates_from
from .reading.published import agreement

pyhf = lazy.load("pyhf")


#: Below as many events, of data or of background, the asymptotic formulae are not to be trusted.
FEW = 10


def backgrounds(base: Specification, exposure: Exposure) -> dict[str, Background]:
    """The published backgrounds."""
    one = expected(np.zeros((1, 1)), np.zeros(1), exposure, np.ones(1))[0, 0]
    return {
        sample["name"]: Background(np.array(sample["data"]) / one, _staterror(sample) / one)
        for sample in base["channels"][0]["samples"]
    }


def _staterror(sample: Specification) -> FloatArray:
    errors = [np.array(entry["data"]) for entry in sample["modifiers"] if entry["type"] == "staterror"]
    return np.sqrt(np.sum(np.square(errors), axis=0)) if errors else np.zeros(len(sample["data"]))


def published_gain(
    base: Specification, templates: Templates, exposure: Exposure, campaign: Campaign, shapes: Shapes
) -> SystematicGain | None:
    """Prepare the gain with the nuisance parameters of published backgrounds and new signal integrated out.

    None when there are none, or the campaign wants them fixed.
    """
    modifiers = (entry for sample in base["channels"][0]["samples"] for entry in sample["modifiers"])
    acting = bool(campaign.systematics) or any(entry["type"] != "staterror" for entry in modifiers)
    if campaign.estimator.nuisances != "marginalised" or not acting:
        return None
    rates = {sample["name"]: np.array(sample["data"]) for sample in base["channels"][0]["samples"]}
    return SystematicGain(rates, exposure, tuple(campaign.systematics), shapes, base)


def collect(
    published: tuple[Specification, Specification],
    base: Specification,
    *,
    limits: list[UpperLimit],
    gain: InformationGain,
    doubts: Sequence[str],
) -> Recast:
    """Collect what the recast onto a published workspace and patchset has given; `base` is without signal."""
    _, patches = published
    data, background = totals(base)
    return Recast(
        setting=gain.setting,
        exposure=gain.exposure,
        published=patches["metadata"]["digests"]["sha256"],
        removed=signal_names(patches),
        background=background,
        data=data,
        level=LEVEL,
        limits=limits,
        gain=gain,
        warnings=[*doubts, *few_events(data, background)],
    )


def few_events(data: float, background: float) -> list[str]:
    """Say so when the asymptotic formulae have too few events to hold.

    >>> few_events(20, 15)
    []
    """
    if min(data, background) >= FEW:
        return []
    return [
        f"{data:g} events of data and {background:.3g} of background are few for the asymptotic formulae of CLs; "
        "check the limits with pseudo-experiments"
    ]


def recast(
    campaign_file: Path,
    setting: str,
    exposure: str,
    histograms: Sequence[Path],
    workspace: Path,
    patchset: Path,
    output: Path,
) -> str:
    """Put the campaign's signal in place of the published one: new likelihood, upper limits, information gain."""
    campaign = read_campaign(campaign_file)
    chosen = exposure_at(campaign_file, campaign, setting, exposure)
    published = read_published(campaign, campaign_file.parent, setting, exposure)
    doubts = agreement(*published, campaign, setting, exposure)
    base = background_only(*published)
    signal = templates_from(campaign_file, campaign, setting, chosen, histograms)
    templates = replace(signal, background=backgrounds(base, chosen))
    warn_of_empty_bins(build.empty_bins(templates), campaign)
    shapes = shapes_of(campaign_file, campaign, templates.sumw.shape[2])
    arguments: dict[str, Any] = {"simulation": campaign.simulation, "name": campaign.name, "shapes": shapes}
    patches = build.patchset(templates, chosen, campaign.systematics, base=base, **arguments)
    patches["metadata"] |= build.conditions(setting, chosen, templates.axes)
    prior = prior_of(campaign_file, campaign)
    patches["metadata"] |= template_statement(campaign, setting, exposure, chosen, templates, prior)
    build.check(base, patches)
    systematics = published_gain(base, templates, chosen, campaign, shapes)
    result = collect(
        published,
        base,
        limits=list(upper_limits(base, patches, templates.points)),
        gain=gain_of(campaign, setting, exposure, chosen, templates, prior, systematics, None),
        doubts=doubts,
    )
    for path, content in ((workspace, base), (patchset, patches)):
        files.write_json(path, content)
    files.write_document(output, result)
    return f"{spelt_gain(result.gain)}, {len(result.limits)} limits at {setting}, {exposure}: {output}"
