"""The stages of a campaign: read files, call one pure function, write files.

Each function is one stage and takes what its step in steps/ passes; the command line adds nothing to them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__, files
from .campaign.branches import Branches
from .campaign.digests import branch_digest, campaign_digest
from .campaign.files import read_campaign, read_published
from .campaign.model import Campaign
from .files import root_events
from .inference.results import Posteriors
from .information.results import InformationGain
from .quantities import labels
from .quantities.arrays import FloatArray
from .quantities.errors import CampaignError, GainWarning, MarginalisationWarning, RegularisedBinWarning
from .quantities.estimates import Estimate
from .quantities.events import Events
from .quantities.seeds import branch_generator
from .reports.words import spelt
from .stage_inputs import (
    check_observed,
    exposure_named,
    observed_at,
    observed_in,
    prior_of,
    read_likelihood,
    shapes_of,
    systematics_of,
    templates_from,
)
from .templates.filling import axes
from .templates.histogram import Histogram
from .templates.merging import one_per_sample
from .templates.reweighting import Reweighting, effective_events, few_events, least_effective, per_point
from .templates.templates import Templates

if TYPE_CHECKING:
    from .information.systematics import SystematicGain


#: Empty bins named one by one before the rest is only counted.
MOST_WARNED = 5


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
    from .campaign.branches import blocks, resolve
    from .simulators import choice as simulation

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
    from .templates.filling import fill

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
    from .quantities.events import CrossSection

    known = None if section is None else CrossSection(section, metadata["cross_section_error_pb"])
    for index, chunk in enumerate(chunks):
        generated = metadata["generated"] if index == 0 else 0
        yield Events(chunk.columns, generated, chunk.weights, known, chunk.ratios)


def likelihood(
    campaign_file: Path,
    setting: str,
    exposure: str,
    histograms: Sequence[Path],
    workspace: Path,
    patchset: Path,
) -> str:
    """Build the pyhf workspace and patchset of one setting and exposure."""
    from .likelihood import workspace as build

    campaign = read_campaign(campaign_file)
    chosen = exposure_named(campaign, exposure)
    templates = templates_from(campaign_file, campaign, setting, chosen, histograms)
    _warn(build.empty_bins(templates), campaign)
    observed = observed_at(campaign_file, campaign, setting, exposure)
    arguments: dict[str, Any] = {
        "simulation": campaign.simulation,
        "name": campaign.name,
        "shapes": shapes_of(campaign_file, campaign, templates.sumw.shape[2]),
    }
    base = build.workspace(templates, chosen, campaign.systematics, observed=observed, **arguments)
    patches = build.patchset(templates, chosen, campaign.systematics, base=base, **arguments)
    patches["metadata"] |= build.conditions(setting, chosen, templates.axes)
    if observed is not None:
        patches["metadata"]["data"] = build.OBSERVED
        check_observed(campaign_file, campaign, setting, exposure, observed, templates, (base, patches))
    build.check(base, patches)
    files.write_json(workspace, base)
    files.write_json(patchset, patches)
    return f"{len(templates.points)} patches at {setting}, {exposure}: {workspace} {patchset}"


def posterior(
    campaign_file: Path,
    setting: str,
    exposure: str,
    workspace: Path,
    patchset: Path,
    output: Path,
) -> str:
    """Compute the posteriors of pseudo-experiments, and of observed data if the campaign has some."""
    from .inference import posterior as infer

    campaign = read_campaign(campaign_file)
    published = read_likelihood(campaign, workspace, patchset)
    observed, prior = observed_in(published, campaign, setting, exposure), prior_of(campaign_file, campaign)
    chosen = exposure_named(campaign, exposure)
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
        from .inference.observed_fit import fitter, with_fit

        fit = fitter(published, prior, chosen, campaign.estimator.nuisances == "fixed")
        rng = branch_generator(campaign.seed, labels.parse(setting), {}, 0, f"observed fit {exposure}")
        result = with_fit(result, fit, observed, axes(campaign.observables), rng)
    files.write_document(output, result)
    for message in result.warnings:
        warnings.warn(message, MarginalisationWarning, stacklevel=2)
    fitted = "" if result.observed_fit is None else f", observed data: {spelt(result.observed_fit.goodness)}"
    return f"{result.pseudo_experiments} pseudo-experiments at {setting}, {exposure}{fitted}: {output}"


def eig(campaign_file: Path, setting: str, exposure: str, histograms: Sequence[Path], output: Path) -> str:
    """Estimate the expected information gain of one setting and exposure."""
    from .information.exact import exact_gain

    campaign = read_campaign(campaign_file)
    chosen = exposure_named(campaign, exposure)
    prior = prior_of(campaign_file, campaign)
    templates = templates_from(campaign_file, campaign, setting, chosen, histograms)
    systematics = systematics_of(campaign_file, campaign, templates, chosen)
    rng = branch_generator(campaign.seed, {}, {}, 0, f"exact {exposure}")
    exact = exact_gain(campaign, labels.parse(setting), chosen, prior, rng, systematics)
    result = _gain(campaign, setting, exposure, templates, prior, systematics, exact)
    files.write_document(output, result)
    return f"{_spelt(result)} at {setting}, {exposure}: {output}"


def _spelt(gain: InformationGain) -> str:
    integrated = gain.marginalisation.warnings if gain.marginalisation else []
    for message in gain.warnings:
        warnings.warn(message, MarginalisationWarning if message in integrated else GainWarning, stacklevel=2)
    return f"{gain.corrected.value:.4f} ± {gain.corrected.error:.4f} nats"


def _gain(
    campaign: Campaign,
    setting: str,
    exposure: str,
    templates: Templates,
    prior: FloatArray,
    systematics: SystematicGain | None,
    exact: Estimate | None,
) -> InformationGain:
    from .information.finite_simulation import information_gain
    from .information.systematics import nuisances_text

    effective = effective_events(*templates.sums())
    chosen = exposure_named(campaign, exposure)
    # The generator does not depend on the setting: the same data points make EIG(φ) a smooth function.
    rng = branch_generator(campaign.seed, {}, {}, 0, f"eig {exposure}")
    gain = information_gain(templates, chosen, prior, campaign.estimator, campaign.simulation, rng, systematics)
    # An open interval says how many events are missing already.
    few = [] if gain.lacking else few_events(templates.points, effective)
    return InformationGain(
        setting=setting,
        exposure=exposure,
        prior_entropy=gain.prior_entropy,
        corrected=gain.corrected,
        plug_in=gain.plug_in,
        cross_fitted=gain.cross_fitted,
        exact=exact,
        functions=gain.functions,
        method=gain.method,
        nuisances=nuisances_text(campaign, systematics is not None),
        simulated_events=int(templates.generated[0] if templates.shared else templates.generated.sum()),
        effective_events=float(effective.min()),
        warnings=[*gain.warnings, *few, *templates.warnings],
        marginalisation=gain.marginalisation,
    )


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
    from . import recast as reuse
    from .histfactory.published import background_only
    from .inference.upper_limits import upper_limits
    from .likelihood import workspace as build

    campaign = read_campaign(campaign_file)
    chosen = exposure_named(campaign, exposure)
    published = read_published(campaign, campaign_file.parent, setting, exposure)
    doubts = reuse.agreement(*published, campaign, setting, exposure)
    base = background_only(*published)
    signal = templates_from(campaign_file, campaign, setting, chosen, histograms)
    templates = replace(signal, background=reuse.backgrounds(base, chosen))
    _warn(build.empty_bins(templates), campaign)
    shapes = shapes_of(campaign_file, campaign, templates.sumw.shape[2])
    arguments: dict[str, Any] = {"simulation": campaign.simulation, "name": campaign.name, "shapes": shapes}
    patches = build.patchset(templates, chosen, campaign.systematics, base=base, **arguments)
    patches["metadata"] |= build.conditions(setting, chosen, templates.axes)
    build.check(base, patches)
    systematics = reuse.published_gain(base, templates, chosen, campaign, shapes)
    prior = prior_of(campaign_file, campaign)
    result = reuse.collect(
        published,
        base,
        limits=list(upper_limits(base, patches, templates.points)),
        gain=_gain(campaign, setting, exposure, templates, prior, systematics, None),
        doubts=doubts,
    )
    for path, content in ((workspace, base), (patchset, patches)):
        files.write_json(path, content)
    files.write_document(output, result)
    return f"{_spelt(result.gain)}, {len(result.limits)} limits at {setting}, {exposure}: {output}"


def design(
    campaign_file: Path,
    gains: Sequence[Path],
    posteriors: Sequence[Path],
    histograms: Sequence[Path],
    output: Path,
    table: Path,
    figures: Path,
) -> str:
    """Rank the settings and draw the figures of the report."""
    from .design import ranking as rank
    from .inference.observed_fit import summaries
    from .reports.figures.of_a_design import draw

    campaign = read_campaign(campaign_file)
    found = [files.read_document(InformationGain, path) for path in gains]
    result = rank.design(campaign, found, campaign_digest(campaign))
    # Every file is read before any is written, so that a bad one leaves nothing behind.
    known_posteriors = [files.read_document(Posteriors, path) for path in posteriors]
    result = replace(result, observed=list(summaries(known_posteriors)))
    best = {exposure.best for exposure in result.exposures}
    read = (files.read_document(Histogram, path) for path in histograms)
    # Only the best settings' templates are drawn.
    chosen = [one for one in read if one.setting in best]
    points = [labels.label(point) for point in campaign.parameter_points]
    if campaign.search:
        chosen = one_per_sample(chosen)
    by_setting = ([one for one in chosen if one.setting == setting] for setting in sorted(best))
    known_histograms = [one for group in by_setting for one in per_point(group, points)]
    drawings = draw(campaign, result, known_posteriors, known_histograms)
    for name, content in drawings.items():
        files.write_bytes(figures / name, content)
    files.write_bytes(table, rank.csv_text(result).encode())
    files.write_document(output, result)
    from .reports.design_table import render

    return render(result, colour=False)


def _warn(messages: Sequence[str], campaign: Campaign) -> None:
    fill = (
        f"filled with {campaign.simulation.regularisation:g} pseudo-events"
        if campaign.simulation.smoothing == "none"
        else "filled by the polynomial through the other parameter points, or with "
        f"{campaign.simulation.regularisation:g} pseudo-events where there is none"
    ) + "; simulate more or use fewer bins"
    for message in messages[:MOST_WARNED]:
        warnings.warn(f"{message}: {fill}", RegularisedBinWarning, stacklevel=2)
    if len(messages) > MOST_WARNED:
        more = f"{len(messages) - MOST_WARNED} more empty bins: {fill}"
        warnings.warn(more, RegularisedBinWarning, stacklevel=2)
