"""The design: settings ranked by what they teach, and which of them cannot be told apart."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..campaign.model import Campaign
from ..information.results import InformationGain
from ..quantities.errors import HistogramError, LabelClashError
from ..quantities.labels import label, number, parse
from .results import COLUMNS, Design, ExposureDesign, Ranked


def design(campaign: Campaign, gains: Sequence[InformationGain], digest: str) -> Design:
    """Rank the settings of every exposure by the corrected information gain.

    Raises HistogramError when a setting is missing and LabelClashError when one is given twice.
    """
    found: dict[tuple[str, str], InformationGain] = {}
    for gain in latest(gains) if campaign.search else gains:
        if (gain.setting, gain.exposure) in found:
            raise LabelClashError(f"two results for {gain.setting}, {gain.exposure}; pass each eig.json once")
        found[gain.setting, gain.exposure] = gain
    return Design(
        campaign=campaign.name,
        title=campaign.title or campaign.name,
        digest=digest,
        units={name: grid.unit for name, grid in campaign.settings.items()},
        labels={name: grid.label or name for name, grid in campaign.settings.items()},
        exposures=[_answer(campaign, exposure, found) for exposure in campaign.exposures],
    )


def latest(gains: Sequence[InformationGain]) -> list[InformationGain]:
    """Of the gains that the rounds of a search found at the same setting and exposure, those from most events."""
    most: dict[tuple[str, str], InformationGain] = {}
    for gain in sorted(gains, key=lambda gain: gain.simulated_events):
        most[gain.setting, gain.exposure] = gain
    return list(most.values())


def _points(campaign: Campaign, settings: Iterable[str]) -> dict[str, Mapping[str, float]]:
    """Settings to be ranked, by label: those of the campaign, or the ones that its search has found."""
    if campaign.search is None:
        return {label(point): point for point in campaign.setting_points}
    return {label(point): point for point in sorted(map(parse, set(settings)), key=lambda point: [*point.values()])}


def _answer(campaign: Campaign, exposure: str, found: Mapping[tuple[str, str], InformationGain]) -> ExposureDesign:
    points = _points(campaign, (setting for setting, _ in found))
    for setting in points:
        if (setting, exposure) not in found:
            raise HistogramError(f"no result for {setting}, {exposure}; run the eig stage for it")
    gains = [found[setting, exposure] for setting in points]
    order = sorted(gains, key=lambda gain: -gain.corrected.value)
    best = order[0]
    settings = [
        Ranked(
            setting=gain.setting,
            values=dict(points[gain.setting]),
            rank=order.index(gain) + 1,
            contender=_indistinguishable(best, gain),
            gain=gain,
        )
        for gain in gains
    ]
    return ExposureDesign(exposure, best.setting, _verdict(campaign, best, settings), settings)


def _indistinguishable(best: InformationGain, other: InformationGain) -> bool:
    """Is the difference covered by the sides of the two intervals that face each other?"""
    lower, upper = best.corrected, other.corrected
    sides = math.hypot(lower.value - lower.low, upper.high - upper.value)
    return other is best or lower.value - upper.value < sides


def spell(campaign: Campaign, values: Mapping[str, float]) -> str:
    """Write a setting for people, with labels and units."""
    return ", ".join(
        f"{campaign.settings[name].label or name} = {number(value)} {campaign.settings[name].unit}".strip()
        for name, value in values.items()
    )


def _verdict(campaign: Campaign, best: InformationGain, settings: Sequence[Ranked]) -> str:
    (winner,) = (ranked for ranked in settings if ranked.rank == 1)
    others = [spell(campaign, r.values) for r in settings if r.contender and r.rank > 1]
    close = f"; it cannot be told apart from {' or '.join(others)}" if others else ""
    return (
        f"{spell(campaign, winner.values)} teaches most: {best.corrected.value:.3f} ± "
        f"{best.corrected.error:.3f} of at most {best.prior_entropy:.3f} nats{close}."
    )


def rows(result: Design) -> Iterator[dict[str, Any]]:
    """Flatten a design into one row per exposure and setting."""
    for answer in result.exposures:
        for ranked in answer.settings:
            gain = ranked.gain
            exact = ("", "") if gain.exact is None else (gain.exact.value, gain.exact.error)
            numbers = (
                *(gain.corrected.value, gain.corrected.error, gain.corrected.low, gain.corrected.high),
                *(gain.cross_fitted.value, gain.cross_fitted.error),
                *(gain.plug_in.value, gain.plug_in.error),
                *exact,
                *(gain.prior_entropy, ranked.rank, ranked.contender, gain.simulated_events),
            )
            row = dict(zip(COLUMNS, (*numbers, gain.method, gain.nuisances), strict=True))
            yield {"exposure": answer.exposure, **ranked.values, **row}


def csv_text(result: Design) -> str:
    """Write the rows of a design as comma-separated values, in nats."""
    table = list(rows(result))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
