"""The stage eig: the expected information gain of one setting and exposure."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import files
from ..campaign.files import read_campaign
from ..campaign.model import Campaign
from ..information.exact import exact_gain
from ..information.finite_simulation import information_gain
from ..information.results import InformationGain
from ..information.systematics import SystematicGain, nuisances_text
from ..quantities import labels
from ..quantities.arrays import FloatArray
from ..quantities.errors import GainWarning, MarginalisationWarning
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount, Exposure
from ..quantities.seeds import branch_generator
from ..templates.odd_points import odd_points
from ..templates.reweighting import effective_events, few_events
from ..templates.templates import Templates
from .reading.inputs import exposure_at, prior_of, systematics_of, templates_from


def eig(campaign_file: Path, setting: str, exposure: str, histograms: Sequence[Path], output: Path) -> str:
    """Estimate the expected information gain of one setting and exposure."""
    campaign = read_campaign(campaign_file)
    chosen = exposure_at(campaign_file, campaign, setting, exposure)
    prior = prior_of(campaign_file, campaign)
    templates = templates_from(campaign_file, campaign, setting, chosen, histograms)
    systematics = systematics_of(campaign_file, campaign, templates, chosen)
    rng = branch_generator(campaign.seed, {}, {}, 0, f"exact {exposure}")
    exact, untrusted = exact_gain(campaign, labels.parse(setting), chosen, prior, rng, systematics)
    result = gain_of(campaign, setting, exposure, chosen, templates, prior, systematics, exact)
    result = replace(result, warnings=[*result.warnings, *untrusted])
    files.write_document(output, result)
    return f"{spelt_gain(result)} at {setting}, {exposure}: {output}"


def spelt_gain(gain: InformationGain) -> str:
    """Write a gain for people; its warnings are issued."""
    integrated = gain.marginalisation.warnings if gain.marginalisation else []
    for message in gain.warnings:
        warnings.warn(message, MarginalisationWarning if message in integrated else GainWarning, stacklevel=2)
    return f"{gain.corrected.value:.4f} ± {gain.corrected.error:.4f} nats"


def gain_of(
    campaign: Campaign,
    setting: str,
    exposure: str,
    chosen: Exposure,
    templates: Templates,
    prior: FloatArray,
    systematics: SystematicGain | None,
    exact: Estimate | None,
) -> InformationGain:
    """Estimate the gain of templates; with systematics, nuisance parameters are integrated out."""
    effective = effective_events(*templates.sums())
    # The generator does not depend on the setting: the same data points make EIG(φ) a smooth function.
    rng = branch_generator(campaign.seed, {}, {}, 0, f"eig {exposure}")
    gain = information_gain(templates, chosen, prior, campaign.estimator, campaign.simulation, rng, systematics)
    # An open interval says how many events are missing already.
    few = [] if gain.lacking else few_events(templates.points, effective)
    odd = odd_points(templates, campaign.simulation.max_degree)
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
        warnings=[*gain.warnings, *few, *odd, *templates.warnings],
        unseen=gain.unseen,
        marginalisation=gain.marginalisation,
        recorded_events=chosen.events if isinstance(chosen, EventCount) else None,
    )
