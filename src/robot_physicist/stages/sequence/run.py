"""A sequence of experiments in one process: the stages in the order, and with the files, of the workflow engines."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from ... import files, stages
from ...campaign.files import read_campaign
from ...campaign.model import Campaign
from ...design.sequence.state import Experiments
from ...quantities.errors import CampaignError, DigestMismatchError, SequenceWarning
from ...reports.sequence_summary import summary
from .finished import finished
from .whole_campaign import whole_campaign


def run_sequence(study: Path, results: Path) -> Iterator[str]:
    """Run all rounds of a sequence into a folder; yields what to print.

    Finished rounds are not run again, and what a killed run has simulated is not simulated again. Raises
    DataNeededError when a round has no data.
    """
    campaign = read_campaign(study)
    if stranger := files.origin.stranger(results, study, campaign.name):
        raise DigestMismatchError(stranger)
    yield from _rounds(study, campaign, results)


def _rounds(study: Path, whole: Campaign, results: Path) -> Iterator[str]:
    section = whole.sequence
    if section is None:
        raise CampaignError(f"{study}: sequence: is missing; say how many rounds, with `rounds: 4` below `sequence:`")
    files.origin.claim(results, study, whole.name)
    if finished(study, results, 1) is None:
        yield stages.begin(study, results / "round=1/campaign.yaml", results / "round=1/sequence.json")
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
        yield stages.observe(study, campaign, known, design, measurement, data)
        posterior = whole_campaign(measurement)
        news = after / "campaign.yaml", after / "sequence.json", after / "sequence"
        yield stages.update(study, campaign, known, design, measurement, posterior, *news)


def _found(study: Path, known: Experiments) -> Iterator[str]:
    """What a finished sequence has found, its warnings first."""
    for message in dict.fromkeys(message for one in known.rounds for message in one.warnings):
        warnings.warn(message, SequenceWarning, stacklevel=2)
    yield summary(read_campaign(study), known, len(known.rounds))
