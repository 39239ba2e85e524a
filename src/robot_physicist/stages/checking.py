"""The command validate."""

from __future__ import annotations

import re
from pathlib import Path

from ..campaign.files import read_campaign
from ..quantities.errors import BadInputError
from .reading import named_files

#: Engines paste the name of the campaign file into command lines, and name the folder of the results after it.
UNFIT_FOR_A_FILE = re.compile(r"[^\w.,+=-]")


def validate(file: Path) -> str:
    """Check a campaign file, the files it names included, and say what it describes."""
    if unfit := UNFIT_FOR_A_FILE.search(file.name):
        raise BadInputError(f"{file}: the character {unfit.group()!r} may not be in the name of the file; rename it")
    campaign = read_campaign(file)
    named_files.check(campaign, file.parent)
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
