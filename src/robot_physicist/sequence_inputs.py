"""What goes into a round of a sequence: its data as the study names them, and the digests of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import files
from .campaign.digests import campaign_digest
from .campaign.model import Campaign
from .campaign.reading import campaign_from
from .campaign.rounds import round_campaign
from .design.sequence.state import Experiments
from .design.sequence.update import beginning
from .quantities import labels
from .quantities.arrays import Values
from .stage_inputs import prior_of

#: Name of the data of a round, beside the campaign of its experiment.
DATA = "data.root"


def is_of(study_file: Path, study: Campaign, known: Experiments, campaign: Campaign) -> bool:
    """Is this the campaign that the study, as it is now, has for the round that begins with what is known?"""
    first = known if known.rounds else beginning(study, known.digest, prior_of(study_file, study))
    return is_same(campaign, round_campaign(study, first))


def is_same(campaign: Campaign, content: Mapping[str, Any]) -> bool:
    """Has a campaign the content of this mapping?"""
    return campaign_digest(campaign) == campaign_digest(campaign_from(content, "a campaign of the sequence"))


def data_of(study: Campaign, number: int, best: str) -> tuple[Values, Mapping[str, Any]]:
    """Setting of the data of a round, and how the campaign of the experiment names them: simulated or observed."""
    if study.sequence and study.sequence.truth:
        setting, observed = labels.parse(best), {}
    else:
        chosen = study.observed[number - 1]
        setting = {name: labels.rounded(chosen.setting[name]) for name in study.settings}
        observed = chosen.model_dump(mode="json", exclude_unset=True)
    return setting, observed | {"file": DATA, "setting": setting}


def made_from(*, previous: Path, campaign: Path, design: Path, measurement: Path, posterior: Path) -> dict[str, str]:
    """SHA-256 of the files of a round from which the next one is made; the data are beside the measurement."""
    paths = {
        "previous": previous,
        "campaign": campaign,
        "design": design,
        "measurement": measurement,
        "data": measurement.parent / DATA,
        "posterior": posterior,
    }
    return {name: files.sha256(path) for name, path in paths.items()}
