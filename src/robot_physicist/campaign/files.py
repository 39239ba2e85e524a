"""Campaign files, read and written with the files that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..files import yaml as notation
from ..files.documents import read_json
from ..files.whole_files import copy, write_bytes
from ..quantities import labels
from ..quantities.errors import CampaignError, InputFileError
from .checks.named_files import named_paths
from .model import Campaign
from .reading import campaign_from


def write_campaign(path: Path, campaign: Campaign, folder: Path, there: Sequence[str] = ()) -> None:
    """Write a campaign that was made from one in `folder`, with copies of the files that it names beside it.

    Those named in `there` are beside it already.
    """
    for _, named in named_paths(campaign):
        if named not in there:
            copy(folder / named, path.parent / named)
    content = campaign.model_dump(mode="json", exclude_unset=True)
    write_bytes(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())


def read_campaign(path: Path) -> Campaign:
    """Read and validate a campaign file; raises CampaignError naming the place of each problem.

    The paths in the returned campaign are resolved against the folder of the file.
    """
    try:
        raw = notation.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputFileError(f"{path}: no such campaign file; `robot-physicist init` writes one") from None
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror}; give the path of a campaign file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not a YAML file: {error}") from None
    return campaign_from(raw, str(path))


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
