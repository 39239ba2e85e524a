"""The command validate."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from ..campaign.files import choices, read_campaign
from ..campaign.model import Campaign
from ..campaign.variables import Normal
from ..quantities.errors import BadInputError, CampaignError, PlanWarning
from ..simulators.choice import build
from .reading import named_files

#: Engines paste the name of the campaign file into command lines, and name the folder of the results after it.
UNFIT_FOR_A_FILE = re.compile(r"[^\w.,+=-]")

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


def validate(file: Path) -> str:
    """Check a campaign file, the files it names included, and say what it describes."""
    if unfit := UNFIT_FOR_A_FILE.search(file.name):
        raise BadInputError(f"{file}: the character {unfit.group()!r} may not be in the name of the file; rename it")
    campaign = read_campaign(file)
    named_files.check(campaign, file.parent)
    look_outside(campaign)
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
