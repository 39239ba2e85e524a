"""The jobs of a campaign, and the files that each writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..quantities.labels import label
from .model import Campaign


@dataclass(frozen=True)
class Job:
    """A stage's file, relative to the folder of the results, and the files that must not be newer."""

    stage: str
    output: str
    inputs: tuple[str, ...] = ()


def jobs(campaign: Campaign, folder: str = "", last: str = "design") -> list[Job]:
    """All files that a campaign is going to make below a folder, in an order in which each comes after its inputs.

    `last` is the stage that ends it: design, eig for a round of a search, posterior for a measurement.
    """
    samples, exposures = campaign.samples, list(campaign.exposures)
    result: list[Job] = []
    for setting in (f"{folder}{label(point)}" for point in campaign.setting_points):
        branches = [f"{setting}/{sample}" for sample in samples]
        result += [Job("simulate", f"{branch}/events.root") for branch in branches]
        result += [Job("histogram", f"{branch}/histogram.json", (f"{branch}/events.root",)) for branch in branches]
        histograms = tuple(f"{branch}/histogram.json" for branch in branches)
        for exposure in exposures:
            result += _inference(f"{setting}/{exposure}", histograms, "recast" if campaign.published else last)
    if last == "design" and campaign.published is None:
        result.append(design_of(result, folder))
        result += [_shares(exposure, result) for exposure in campaign.allocate]
    return result


def _inference(branch: str, histograms: tuple[str, ...], last: str) -> list[Job]:
    if last == "recast":
        return [Job("recast", f"{branch}/recast/recast.json", histograms)]
    workspace = f"{branch}/workspace.json"
    found = [
        Job("likelihood", workspace, histograms),
        Job("posterior", f"{branch}/posterior.json", (workspace,)),
        Job("eig", f"{branch}/eig.json", histograms),
    ]
    return found[:2] if last == "posterior" else found


def design_of(wanted: Sequence[Job], folder: str = "") -> Job:
    """The design of all that the other jobs find."""
    return Job("design", f"{folder}design.json", tuple(j.output for j in wanted if j.stage in ("eig", "posterior")))


def _shares(exposure: str, wanted: Sequence[Job]) -> Job:
    """The shares of a luminosity, for which all histograms are read."""
    return Job("allocate", f"{exposure}/allocation.json", tuple(j.output for j in wanted if j.stage == "histogram"))
