"""An ordinary campaign in one process: the stages in the order, and with the files, of the workflow engines."""

from __future__ import annotations

from pathlib import Path

from ... import stages
from ...campaign.files import read_campaign
from ...quantities import labels


def whole_campaign(file: Path) -> Path:
    """Run an ordinary campaign into the folder of its file; the posterior of its first setting and exposure."""
    campaign, folder = read_campaign(file), file.parent
    stages.branches(file, folder / "branches.json")
    settings = [labels.label(point) for point in campaign.setting_points]
    for setting in settings:
        _setting(file, setting, campaign.samples, list(campaign.exposures))
    branches = [folder / setting / exposure for setting in settings for exposure in campaign.exposures]
    gains, posteriors = ([branch / f"{name}.json" for branch in branches] for name in ("eig", "posterior"))
    histograms = [folder / s / sample / "histogram.json" for s in settings for sample in campaign.samples]
    outputs = folder / "design.json", folder / "design.csv", folder / "figures"
    stages.design(file, gains, posteriors, histograms, *outputs)
    return posteriors[0]


def _setting(file: Path, setting: str, samples: list[str], exposures: list[str]) -> None:
    folder = file.parent / setting
    for sample in samples:
        events = folder / sample / "events.root"
        stages.simulate(file, setting, sample, events)
        stages.histogram(file, setting, sample, events, folder / sample / "histogram.json")
    histograms = [folder / sample / "histogram.json" for sample in samples]
    for exposure in exposures:
        out = folder / exposure
        published = out / "workspace.json", out / "patchset.json"
        stages.likelihood(file, setting, exposure, histograms, *published)
        stages.posterior(file, setting, exposure, *published, out / "posterior.json")
        stages.eig(file, setting, exposure, histograms, out / "eig.json")
