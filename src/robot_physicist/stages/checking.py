"""The command validate."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..campaign.branches import check_units, resolve
from ..campaign.files import choices, read_campaign
from ..campaign.model import Campaign
from ..campaign.variables import Normal
from ..quantities.errors import BadInputError, CampaignError, PlanWarning
from ..quantities.events import Events
from ..quantities.labels import label
from ..quantities.seeds import branch_generator
from ..simulators.choice import build
from .reading import named_files

#: Engines paste the name of the campaign file into command lines, and name the folder of the results after it.
UNFIT_FOR_A_FILE = re.compile(r"[^\w.,+=-]")

#: Events for which `validate --try` asks a simulator.
FEW = 10
#: Probability of a prior outside its grid that is worth a warning.
WORTH_SAYING = 0.01


def look_outside(campaign: Campaign) -> None:
    """Warn of a prior that reaches beyond its grid; raises CampaignError for a program that cannot be started."""
    for place, choice in choices(campaign).items():
        simulator = build(choice)
        if lacking := simulator.lacks():
            raise CampaignError(f"{place}.options.{lacking}")
        if note := simulator.note():
            warnings.warn(f"{place}.options.{note}", PlanWarning, stacklevel=2)
    for name, parameter in campaign.parameters.items():
        outside = parameter.prior.outside(parameter.points) if isinstance(parameter.prior, Normal) else 0.0
        if outside > WORTH_SAYING:
            warnings.warn(
                f"parameters.{name}.prior: {outside:.1%} of it lies outside the grid and is cut off; widen it if"
                " that is not meant",
                PlanWarning,
                stacklevel=2,
            )


def validate(file: Path, attempt: bool = False) -> str:
    """Check a campaign file, the files it names included, and say what it describes.

    With `attempt` every simulator makes a few events, and the text says what they are; raises SimulationError when
    it makes none, CampaignError when they come in another unit.
    """
    campaign = _checked(file)
    return "\n".join([_described(file, campaign), *(_attempts(campaign) if attempt else ())])


def _attempts(campaign: Campaign) -> Iterator[str]:
    setting = label(campaign.setting_points[0])
    backgrounds = [sample for sample in campaign.samples if sample.startswith("background=")]
    for sample in (label(campaign.simulated_points[0]), *backgrounds):
        choice, phi, theta = resolve(campaign, setting, sample)
        simulator, points = build(choice), campaign.weighted_points if sample not in backgrounds else []
        sampler = simulator.prepare_weighted(phi, theta, points) if points else simulator.prepare(phi, theta)
        block = sampler.sample(FEW, branch_generator(campaign.seed, phi, theta, 0, "try"))
        check_units(block, campaign)
        yield f"{choice.name} at {setting}, {sample}: {_found(block, campaign)}"


def _found(block: Events, campaign: Campaign) -> str:
    """What a few events are: how many, their values, weights and cross-section."""
    parts = [f"{block.accepted} of {block.generated} events"]
    for name in campaign.observables:
        values, unit = block.columns[name], block.units.get(name) or campaign.observables[name].unit
        parts += [f"{name} from {values.min():.4g} to {values.max():.4g} {unit}".rstrip()] if len(values) else []
    if block.weights is not None:
        parts.append(f"sum of weights {block.weights.sum():.4g}")
    if block.cross_section is not None:
        parts.append(f"cross-section {block.cross_section.value:.4g} ± {block.cross_section.error:.2g} pb")
    return ", ".join(parts)


def _checked(file: Path) -> Campaign:
    if unfit := UNFIT_FOR_A_FILE.search(file.name):
        raise BadInputError(f"{file}: the character {unfit.group()!r} may not be in the name of the file; rename it")
    campaign = read_campaign(file)
    named_files.check(campaign, file.parent)
    look_outside(campaign)
    return campaign


def _described(file: Path, campaign: Campaign) -> str:
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
