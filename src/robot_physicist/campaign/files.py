"""Campaign files, read and written with the files that they name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..files import yaml as notation
from ..files.documents import read_json
from ..files.whole_files import copy, write_bytes
from ..quantities import labels
from ..quantities.errors import CampaignError, InputFileError
from ..simulators.choice import SimulatorChoice
from .checks.named_files import named_paths
from .model import Campaign, SimulatedBackground
from .reading import campaign_from

#: First line of a campaign that was made from one in another folder, and says where that is.
PROGRAMS = "# programs are relative to:"


def write_campaign(path: Path, campaign: Campaign, folder: Path, there: Sequence[str] = ()) -> None:
    """Write a campaign that was made from one in `folder`, with copies of the files that it names beside it.

    Those named in `there` are beside it already.
    """
    for _, named in named_paths(campaign):
        if named not in there:
            copy(folder / named, path.parent / named)
    content = campaign.model_dump(mode="json", exclude_unset=True, by_alias=True)
    beside = f"{PROGRAMS} {os.path.relpath(folder, path.parent)}\n" if _programs_in(campaign, folder) else ""
    write_bytes(path, (beside + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)).encode())


def choices(campaign: Campaign) -> dict[str, SimulatorChoice]:
    """Every simulator that a campaign names, by its place in the file."""
    backgrounds = enumerate(campaign.backgrounds)
    return {"simulator": campaign.simulator} | {
        f"backgrounds[{index}].simulator": entry.simulator
        for index, entry in backgrounds
        if isinstance(entry, SimulatedBackground)
    }


def _programs_in(campaign: Campaign, folder: Path) -> bool:
    """Is a file in this folder part of how a program is called?"""
    words = [word for choice in choices(campaign).values() for word in choice.options.get("executable", [])]
    return any((folder / word).is_file() for word in map(str, words))


def read_campaign(path: Path) -> Campaign:
    """Read and validate a campaign file; raises CampaignError naming the place of each problem.

    Programs are looked for relative to the folder of the file, or to that of the campaign that it was made from.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        raw = notation.parse(text)
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such campaign file; `robot-physicist init` writes one") from None
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror}; give the path of a campaign file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not a YAML file: {notation.explained(error, text)}") from None
    campaign = campaign_from(raw, str(path))
    first = text.partition("\n")[0]
    folder = path.parent / first.removeprefix(PROGRAMS).strip() if first.startswith(PROGRAMS) else path.parent
    for choice in choices(campaign).values():
        choice.named_in(folder)
    return campaign


def read_published(
    campaign: Campaign, folder: Path, setting: str, exposure: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the published workspace and patchset that a campaign in `folder` names for a setting and exposure."""
    if campaign.published is None:
        raise CampaignError(
            "published: is missing; name the workspace and the patchset onto which the signal is to be recast"
        )
    found = []
    for key, pattern in campaign.published.model_dump().items():
        path = folder / labels.published_file(pattern, setting, exposure)
        if not path.is_file():
            raise InputFileError(
                f"{path}: no such file; published.{key} promises it for {setting}, {exposure}: put the file there, "
                "or remove the setting or exposure from the campaign"
            )
        found.append(read_json(path))
    workspace, patchset = found
    return workspace, patchset
