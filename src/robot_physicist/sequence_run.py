"""A sequence of experiments in one process: the stages in the order, and with the files, of the workflow engines."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from . import sequence_stages, stages
from .campaign.files import read_campaign
from .design.sequence.state import Experiments
from .quantities import labels
from .quantities.errors import CampaignError, SequenceWarning
from .reports.sequence_summary import summary
from .sequence_finished import finished


def run(study: Path, results: Path) -> Iterator[str]:
    """Run all rounds of a sequence into a folder; yields what to print.

    Finished rounds are not run again, and what a killed run has simulated is not simulated again. Raises
    DataNeededError when a round has no data.
    """
    section = read_campaign(study).sequence
    if section is None:
        raise CampaignError(f"{study}: sequence: is missing; say how many rounds, with `rounds: 4` below `sequence:`")
    if finished(study, results, 1) is None:
        yield sequence_stages.begin(study, results / "round=1/campaign.yaml", results / "round=1/sequence.json")
    for number in range(1, section.rounds + 1):
        if (after_it := finished(study, results, number)) is not None:
            yield f"round {number} of {after_it.campaign}: finished before"
            if number == section.rounds:
                yield from _found(study, after_it)
            continue
        here, after = results / f"round={number}", results / f"round={number + 1}"
        campaign, known, design = here / "campaign.yaml", here / "sequence.json", here / "design.json"
        whole_campaign(campaign)
        measurement = here / "measurement/campaign.yaml"
        data = measurement.parent / "data.root"
        yield sequence_stages.observe(study, campaign, known, design, measurement, data)
        posterior = whole_campaign(measurement)
        news = after / "campaign.yaml", after / "sequence.json", after / "sequence"
        yield sequence_stages.update(study, campaign, known, design, measurement, posterior, *news)


def _found(study: Path, known: Experiments) -> Iterator[str]:
    """What a finished sequence has found, its warnings first."""
    for message in dict.fromkeys(message for one in known.rounds for message in one.warnings):
        warnings.warn(message, SequenceWarning, stacklevel=2)
    yield summary(read_campaign(study), known, len(known.rounds))


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
