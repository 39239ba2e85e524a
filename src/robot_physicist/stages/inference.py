"""The stages likelihood and posterior of one setting and exposure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .. import files
from ..campaign.branches import check_setting
from ..campaign.files import read_campaign
from ..campaign.model import Campaign
from ..inference import posterior as infer
from ..inference.observed_fit import fitter, with_fit
from ..inference.results import Posteriors
from ..likelihood import workspace as build
from ..likelihood.results import TemplateErrors
from ..likelihood.template_errors import template_errors, too_narrow
from ..quantities import labels
from ..quantities.arrays import FloatArray
from ..quantities.errors import MarginalisationWarning, NarrowPosteriorWarning
from ..quantities.exposure import Exposure
from ..quantities.seeds import branch_generator
from ..reports.words import spelt
from ..templates.filling import axes
from ..templates.templates import Templates
from .empty_bins import warn_of_empty_bins
from .reading.inputs import (
    check_observed,
    exposure_at,
    observed_at,
    observed_in,
    prior_of,
    read_likelihood,
    shapes_of,
    templates_from,
)

#: In the metadata of a patchset: what the errors of its templates do to posteriors.
TEMPLATE_ERRORS = "template_errors"


def likelihood(
    campaign_file: Path,
    setting: str,
    exposure: str,
    histograms: Sequence[Path],
    workspace: Path,
    patchset: Path,
) -> str:
    """Build the pyhf workspace and patchset of one setting and exposure."""
    campaign = read_campaign(campaign_file)
    chosen = exposure_at(campaign_file, campaign, setting, exposure)
    templates = templates_from(campaign_file, campaign, setting, chosen, histograms)
    warn_of_empty_bins(build.empty_bins(templates), campaign)
    observed = observed_at(campaign_file, campaign, setting, exposure)
    arguments: dict[str, Any] = {
        "simulation": campaign.simulation,
        "name": campaign.name,
        "shapes": shapes_of(campaign_file, campaign, templates.sumw.shape[2]),
    }
    base = build.workspace(templates, chosen, campaign.systematics, observed=observed, **arguments)
    patches = build.patchset(templates, chosen, campaign.systematics, base=base, **arguments)
    patches["metadata"] |= build.conditions(setting, chosen, templates.axes)
    prior = prior_of(campaign_file, campaign)
    patches["metadata"] |= template_statement(campaign, setting, exposure, chosen, templates, prior)
    if observed is not None:
        patches["metadata"]["data"] = build.OBSERVED
        check_observed(campaign_file, campaign, setting, exposure, observed, templates, (base, patches))
    build.check(base, patches)
    files.write_json(workspace, base)
    files.write_json(patchset, patches)
    return f"{len(templates.points)} patches at {setting}, {exposure}: {workspace} {patchset}"


def template_statement(
    campaign: Campaign, setting: str, exposure: str, chosen: Exposure, templates: Templates, prior: FloatArray
) -> dict[str, Any]:
    """What the errors of templates do to posteriors, as the metadata of a patchset say it."""
    rng = branch_generator(campaign.seed, labels.parse(setting), {}, 0, f"template errors {exposure}")
    return {TEMPLATE_ERRORS: asdict(template_errors(templates, chosen, prior, campaign.simulation, rng))}


def posterior(
    campaign_file: Path,
    setting: str,
    exposure: str,
    workspace: Path,
    patchset: Path,
    output: Path,
) -> str:
    """Compute the posteriors of pseudo-experiments, and of observed data if the campaign has some."""
    campaign = read_campaign(campaign_file)
    check_setting(campaign, setting)
    published = read_likelihood(campaign, workspace, patchset)
    observed, prior = observed_in(published, campaign, setting, exposure), prior_of(campaign_file, campaign)
    chosen = exposure_at(campaign_file, campaign, setting, exposure)
    result = infer.collect(
        published,
        chosen,
        prior,
        campaign.parameter_points,
        campaign.estimator,
        setting=setting,
        exposure_label=exposure,
        observed=observed,
        rng=branch_generator(campaign.seed, labels.parse(setting), {}, 0, f"posterior {exposure}"),
    )
    if observed is not None:
        fit = fitter(published, prior, chosen, campaign.estimator.nuisances == "fixed")
        rng = branch_generator(campaign.seed, labels.parse(setting), {}, 0, f"observed fit {exposure}")
        result = with_fit(result, fit, observed, axes(campaign.observables), rng)
    for message in result.warnings:
        warnings.warn(message, MarginalisationWarning, stacklevel=2)
    result = with_template_errors(result, published[1]["metadata"])
    for message in too_narrow(result.templates) if result.templates else ():
        warnings.warn(message, NarrowPosteriorWarning, stacklevel=2)
    files.write_document(output, result)
    fitted = "" if result.observed_fit is None else f", observed data: {spelt(result.observed_fit.goodness)}"
    return f"{result.pseudo_experiments} pseudo-experiments at {setting}, {exposure}{fitted}: {output}"


def with_template_errors(result: Posteriors, metadata: Mapping[str, Any]) -> Posteriors:
    """Add what a published likelihood says of the errors of its templates, and the warning if there is one."""
    if TEMPLATE_ERRORS not in metadata:
        return result
    errors = TemplateErrors(**metadata[TEMPLATE_ERRORS])
    return replace(result, templates=errors, warnings=[*result.warnings, *too_narrow(errors)])
