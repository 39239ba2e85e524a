"""What goes into a round of a sequence: its data as the study names them, and the digests of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import files, labels
from .campaign import Campaign
from .simulators.base import Values

#: Name of the data of a round, beside the campaign of its experiment.
DATA = "data.root"


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
