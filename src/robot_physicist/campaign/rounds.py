"""The campaigns of a round of a sequence: the one that designs it, and that of its experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..design.sequence.state import Experiments
from ..quantities import labels
from ..quantities.arrays import Values
from ..quantities.seeds import derived_seed
from .model import Campaign


def round_campaign(study: Campaign, known: Experiments) -> dict[str, Any]:
    """The campaign that designs the next round: the study on the grid and with the prior of what is known."""
    number = len(known.rounds) + 1
    content = study.model_dump(mode="json", exclude_unset=True, exclude={"sequence", "observed"})
    content |= {"title": f"{known.title}, round {number}", "seed": derived_seed(study.seed, f"design {number}")}
    content["parameters"] = {
        name: _without(content["parameters"][name], "values", "linspace", "prior") | {"values": values}
        for name, values in known.axes.items()
    }
    return content | {"prior": {"weights": known.prior.tolist()}}


def measurement_campaign(
    study: Campaign, campaign: Campaign, number: int, setting: Values, observed: Mapping[str, Any]
) -> dict[str, Any]:
    """The campaign of the experiment itself: one setting, and what was observed there.

    It simulates anew, so that templates that look good by chance, and are chosen for it, do not make the posterior.
    """
    content = campaign.model_dump(mode="json", exclude_unset=True)
    content |= {"title": f"{study.title or study.name}, experiment {number}"}
    content |= {"seed": derived_seed(study.seed, f"measurement {number}"), "observed": [dict(observed)]}
    content["settings"] = {
        name: _without(grid, "values", "linspace", "range") | {"values": [setting[name]]}
        for name, grid in content["settings"].items()
    }
    simulation = dict(content.get("simulation", {}))
    if "events_at" in simulation:
        here = labels.label(setting)
        simulation["events_at"] = {at: events for at, events in simulation["events_at"].items() if at == here}
        content["simulation"] = simulation
    return content


def _without(content: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}
