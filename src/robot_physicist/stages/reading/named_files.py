"""The files that a campaign names, read once before any job runs: each error says which key named the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ... import files
from ...campaign.branches import exposure_label
from ...campaign.checks.named_files import files_to_have
from ...campaign.files import read_published
from ...campaign.model import Campaign, HistogramBackground
from ...campaign.priors import prior_weights
from ...campaign.variables import PosteriorFile
from ...files.root_histograms import read_contents
from ...histfactory.systematics import ShapeSystematic
from ...inference.results import Posteriors
from ...quantities.errors import BadInputError, InputFileError
from ...quantities.labels import label
from .. import reading
from . import observed_data


def check(campaign: Campaign, folder: Path) -> None:
    """Read every file that a campaign in `folder` names, as the stages will.

    Raises InputFileError, ObservableError or CampaignError for the first that is missing, damaged, without what is
    asked of it, or not of this campaign's bins or grid.
    """
    for place, path in files_to_have(campaign):
        if not (folder / path).is_file():
            found = ", but a folder" if (folder / path).is_dir() else ""
            raise InputFileError(f"{place}: {folder / path}: no such file{found}; put it there, or correct the path")
    for place, read in _readers(campaign, folder):
        try:
            read()
        except BadInputError as error:
            raise type(error)(f"{place}: {error}") from None


def _readers(campaign: Campaign, folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    bins = math.prod(observable.bins for observable in campaign.observables.values())
    for index, entry in enumerate(campaign.observed):
        exposure = exposure_label(campaign, entry)
        yield f"observed[{index}]", partial(observed_data.counts, entry, folder, campaign, exposure)
    for index, background in enumerate(campaign.backgrounds):
        if isinstance(background, HistogramBackground):
            yield f"backgrounds[{index}]", _contents(folder / background.file, background.histogram, bins)
    for index, systematic in enumerate(campaign.systematics):
        if isinstance(systematic, ShapeSystematic):
            for name in (systematic.up, systematic.down):
                yield f"systematics[{index}]", _contents(folder / systematic.file, name, bins)
    if campaign.published is not None:
        yield "published", lambda: _check_published(campaign, folder)
    if isinstance(campaign.prior, PosteriorFile):
        path = folder / campaign.prior.posterior
        yield "prior", lambda: prior_weights(campaign, files.read_document(Posteriors, path))


def _contents(path: Path, name: str, bins: int) -> Callable[[], object]:
    return lambda: read_contents(path, name, bins)


def _check_published(campaign: Campaign, folder: Path) -> None:
    for setting in map(label, campaign.setting_points):
        for exposure in campaign.exposures:
            reading.published.agreement(
                *read_published(campaign, folder, setting, exposure), campaign, setting, exposure
            )
