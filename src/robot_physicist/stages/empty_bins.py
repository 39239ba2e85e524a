"""Warnings of empty bins."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ..campaign.model import Campaign
from ..quantities.errors import RegularisedBinWarning

#: Empty bins named one by one before the rest is only counted.
MOST_WARNED = 5


def warn_of_empty_bins(messages: Sequence[str], campaign: Campaign) -> None:
    """Warn of bins that no simulated event has reached, and say what they are filled with."""
    fill = (
        f"filled with {campaign.simulation.regularisation:g} pseudo-events"
        if campaign.simulation.smoothing == "none"
        else "filled by the polynomial through the other parameter points, or with "
        f"{campaign.simulation.regularisation:g} pseudo-events where there is none"
    ) + "; simulate more or use fewer bins"
    for message in messages[:MOST_WARNED]:
        warnings.warn(f"{message}: {fill}", RegularisedBinWarning, stacklevel=2)
    if len(messages) > MOST_WARNED:
        more = f"{len(messages) - MOST_WARNED} more empty bins: {fill}"
        warnings.warn(more, RegularisedBinWarning, stacklevel=2)
