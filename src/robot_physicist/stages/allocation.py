"""The command `allocate`: read the histograms of all settings, share a luminosity, write what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import files, reports
from ..campaign.checks import allocation as allocation_consistency
from ..campaign.files import read_campaign
from ..design.allocation import plan
from ..quantities.seeds import branch_generator
from .reading.inputs import exposure_named, prior_of, templates_by_setting


def allocate(campaign_file: Path, exposure: str, histograms: Sequence[Path], output: Path, figures: Path) -> str:
    """Share the luminosity of an exposure among the settings so that it teaches most."""
    campaign = read_campaign(campaign_file)
    chosen = exposure_named(campaign, exposure)
    for problem in allocation_consistency.unfit(campaign):
        raise type(problem)(f"{campaign_file}: {problem}")
    templates = templates_by_setting(campaign_file, campaign, chosen, histograms)
    result = plan.allocate(
        templates,
        chosen,
        prior_of(campaign_file, campaign),
        campaign.estimator,
        campaign.simulation,
        branch_generator(campaign.seed, {}, {}, 0, f"allocate {exposure}"),
        exposure_label=exposure,
        systematics=bool(campaign.systematics),
    )
    for name, content in reports.figures.allocation.draw(result, campaign.title or campaign.name).items():
        files.write_bytes(figures / name, content)
    files.write_document(output, result)
    return f"{result.verdict}: {output}"
