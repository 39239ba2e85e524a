"""The stage design: the settings ranked, with the figures of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import files, reports
from ..campaign.digests import campaign_digest
from ..campaign.files import read_campaign
from ..design import ranking as rank
from ..inference.observed_fit import summaries
from ..inference.results import Posteriors
from ..information.results import InformationGain
from ..quantities import labels
from ..templates.histogram import Histogram, one_per_sample
from ..templates.reweighting import per_point


def design(
    campaign_file: Path,
    gains: Sequence[Path],
    posteriors: Sequence[Path],
    histograms: Sequence[Path],
    output: Path,
    table: Path,
    figures: Path,
) -> str:
    """Rank the settings and draw the figures of the report."""
    campaign = read_campaign(campaign_file)
    found = [files.read_document(InformationGain, path) for path in gains]
    result = rank.design(campaign, found, campaign_digest(campaign))
    # Every file is read before any is written, so that a bad one leaves nothing behind.
    known_posteriors = [files.read_document(Posteriors, path) for path in posteriors]
    result = replace(result, observed=list(summaries(known_posteriors)))
    best = {exposure.best for exposure in result.exposures}
    read = (files.read_document(Histogram, path) for path in histograms)
    # Only the best settings' templates are drawn.
    chosen = [one for one in read if one.setting in best]
    points = [labels.label(point) for point in campaign.parameter_points]
    if campaign.search:
        chosen = one_per_sample(chosen)
    by_setting = ([one for one in chosen if one.setting == setting] for setting in sorted(best))
    known_histograms = [one for group in by_setting for one in per_point(group, points)]
    drawings = reports.figures.of_a_design.draw(campaign, result, known_posteriors, known_histograms)
    for name, content in drawings.items():
        files.write_bytes(figures / name, content)
    files.write_bytes(table, rank.csv_text(result).encode())
    files.write_document(output, result)
    return reports.design_table.render(result, colour=False)
