"""What computers, file systems and the layout of the results set limits to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...design.results import COLUMNS
from ...quantities import labels
from ...quantities.errors import CampaignError, LabelClashError
from ..model import Campaign

#: Branches that an engine can still keep a list of.
MOST_BRANCHES = 1_000_000
#: Dimensions of the Sobol points, one per bin, that SciPy knows, with some to spare.
MOST_BINS = 20_000
#: Bins of all templates together, which are kept in memory in folds.
MOST_CONTENTS = 5_000_000
#: File systems end at 255 characters, and figures are named after a setting, an exposure and what they show.
LONGEST_LABEL = 160


def size(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield what would need more memory, longer file names or more dimensions than there are."""
    settings, points = (
        math.prod(len(grid.points) for grid in grids.values()) for grids in (campaign.settings, campaign.parameters)
    )
    if settings * points > MOST_BRANCHES:
        yield CampaignError(
            f"settings: {settings} settings × {points} parameter points are too many branches;"
            f" use fewer values, at most {MOST_BRANCHES} branches in all"
        )
    bins = math.prod(observable.bins for observable in campaign.observables.values())
    if bins > MOST_BINS or bins * points > MOST_CONTENTS:
        yield CampaignError(
            f"observables: {bins} joint bins at {points} parameter points are too many; use fewer bins,"
            f" at most {min(MOST_BINS, MOST_CONTENTS // points)}"
        )
    for section, grids in (("settings", campaign.settings), ("parameters", campaign.parameters)):
        label = ",".join(max((labels.label({n: v}) for v in grid.points), key=len) for n, grid in grids.items())
        if len(label) > LONGEST_LABEL:
            yield CampaignError(
                f"{section}: folders would get names of {len(label)} characters, such as {label[:40]}...;"
                f" use shorter names or fewer digits, at most {LONGEST_LABEL} characters"
            )


def reserved_names(campaign: Campaign) -> Iterator[LabelClashError]:
    """Yield names of variables that the results use for something else."""
    for section, names, reserved in (
        ("settings", campaign.settings, ("exposure", "round", *COLUMNS)),
        ("parameters", campaign.parameters, ("background",)),
        ("observables", campaign.observables, ("weight",)),
    ):
        for name in names:
            if name in reserved:
                yield LabelClashError(
                    f"{section}.{name}: the results use this name for something else; choose another"
                )
