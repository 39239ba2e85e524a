"""The stages of a round of a sequence: begin, observe and update."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import files, reports
from ...campaign.branches import exposure_label
from ...campaign.digests import campaign_digest, digest
from ...campaign.files import read_campaign, write_campaign
from ...campaign.model import Campaign
from ...campaign.reading import campaign_from
from ...campaign.rounds import measurement_campaign, round_campaign
from ...design.ranking import spell
from ...design.results import Design, ExposureDesign
from ...design.sequence.options import Sequence
from ...design.sequence.state import Experiments
from ...design.sequence.update import beginning, updated
from ...files import root_events
from ...inference.results import Posteriors
from ...quantities import labels
from ...quantities.arrays import Values
from ...quantities.errors import CampaignError, DataNeededError, DigestMismatchError, InputFileError, SequenceWarning
from ...reports.sequence_summary import summary
from ..reading import observed_data
from ..reading.inputs import exposure_named, prior_of
from .pseudo_data import pseudo_data

#: Name of the data of a round, beside the campaign of its experiment.
DATA = "data.root"


def is_of(study_file: Path, study: Campaign, known: Experiments, campaign: Campaign) -> bool:
    """Is this the campaign that the study, as it is now, has for the round that begins with what is known?"""
    first = known if known.rounds else beginning(study, known.digest, prior_of(study_file, study))
    return is_same(campaign, round_campaign(study, first))


def is_same(campaign: Campaign, content: Mapping[str, Any]) -> bool:
    """Has a campaign the content of this mapping?"""
    return campaign_digest(campaign) == campaign_digest(campaign_from(content, "a campaign of the sequence"))


def data_of(study: Campaign, number: int, best: str) -> tuple[Values, Mapping[str, Any]]:
    """Setting of the data of a round, and how the campaign of the experiment names them: simulated or observed."""
    if study.sequence and study.sequence.truth:
        setting, observed = labels.parse(best), {}
    else:
        chosen = study.observed[number - 1]
        setting = {name: labels.rounded(chosen.setting[name]) for name in study.settings}
        observed = chosen.model_dump(mode="json", exclude_unset=True)
    return setting, observed | {"file": DATA, "setting": setting}


def made_from(*, previous: Path, campaign: Path, design: Path, measurement: Path, posterior: Path) -> dict[str, str]:
    """SHA-256 of the files of a round from which the next one is made; the data are beside the measurement."""
    paths = {
        "previous": previous,
        "campaign": campaign,
        "design": design,
        "measurement": measurement,
        "data": measurement.parent / DATA,
        "posterior": posterior,
    }
    return {name: files.sha256(path) for name, path in paths.items()}


def begin(study: Path, campaign: Path, sequence: Path) -> str:
    """Write the campaign of the first round of a sequence."""
    whole, _ = _study(study)
    known = beginning(whole, campaign_digest(whole), prior_of(study, whole))
    _write_next(study, whole, known, campaign, sequence)
    return f"round 1 of {whole.name}: {campaign}"


def observe(study: Path, campaign: Path, sequence: Path, design: Path, measurement: Path, data: Path) -> str:
    """Provide the data of a round, at the best setting of its design, and the campaign of this experiment."""
    whole, section = _study(study)
    content, known = read_campaign(campaign), files.read_document(Experiments, sequence)
    _check_study(study, whole, known, content, campaign)
    answer, number = _answer(content, design), len(known.rounds) + 1
    if not section.truth and len(whole.observed) < number:
        raise DataNeededError(_needed(study, content, answer, number))
    setting, entry = data_of(whole, number, answer.best)
    if section.truth:
        events = _simulate(whole, section.truth, setting, answer.exposure, number, data)
        said = f"{events} events at {answer.best}, {labels.label(section.truth)}"
    else:
        _take(study, whole, number, data)
        said = f"{whole.observed[number - 1].file} at {labels.label(setting)}"
    made = measurement_campaign(whole, content, number, setting, entry)
    write_campaign(measurement, campaign_from(made, str(measurement)), study.parent, there=[DATA])
    return f"round {number} of {whole.name}: {said}: {measurement}"


def update(
    study: Path,
    campaign: Path,
    previous: Path,
    design: Path,
    measurement: Path,
    posterior: Path,
    next: Path,
    sequence: Path,
    figures: Path,
) -> str:
    """Update what is known by the data of a round; write the campaign of the next one, and figures."""
    whole, section = _study(study)
    before, found = files.read_document(Experiments, previous), files.read_document(Posteriors, posterior)
    files.check_digest(campaign, files.sha256(campaign), before.next)
    _check_posterior(posterior, found, read_campaign(measurement))
    read = {"previous": previous, "campaign": campaign, "design": design, "measurement": measurement}
    content = read_campaign(campaign)
    _check_study(study, whole, before, content, campaign)
    answer = _answer(content, design)
    after = updated(whole, before, answer, found, made_from(**read, posterior=posterior))
    for message in after.rounds[-1].warnings:
        warnings.warn(message, SequenceWarning, stacklevel=2)
    for name, drawn in reports.figures.sequence.draw(whole, after).items():
        files.write_bytes(figures / name, drawn)
    _write_next(study, whole, after, next, sequence)
    return summary(whole, after, section.rounds)


def _study(path: Path) -> tuple[Campaign, Sequence]:
    study = read_campaign(path)
    if study.sequence is None:
        raise CampaignError(f"{path}: sequence: is missing; say how many rounds, with `rounds: 4` below `sequence:`")
    return study, study.sequence


def _check_study(study_file: Path, study: Campaign, known: Experiments, content: Campaign, campaign: Path) -> None:
    if not is_of(study_file, study, known, content):
        raise DigestMismatchError(
            f"{study_file}: has changed since {campaign} was made of it; undo the change, or begin anew"
        )


def _answer(campaign: Campaign, path: Path) -> ExposureDesign:
    """The design of a round; titles number the rounds, and a digest of the campaign changes with our version."""
    found = files.read_document(Design, path)
    settings = [ranked.setting for ranked in found.exposures[0].settings]
    if (found.title, settings) != (campaign.title, [labels.label(point) for point in campaign.setting_points]):
        raise DigestMismatchError(
            f"{path}: is the design of '{found.title}', not of '{campaign.title}'; run the design stage of this round"
        )
    return found.exposures[0]


def _simulate(study: Campaign, truth: Values, setting: Values, exposure: str, number: int, data: Path) -> int:
    """Simulate the data of a round; their seed depends on the study's, the round and the values of φ and θ."""
    ordered = {name: labels.rounded(truth[name]) for name in study.parameters}
    events = pseudo_data(study, exposure_named(study, exposure), setting, ordered, f"data {number}")
    metadata: dict[str, Any] = {
        "campaign": study.name,
        "setting": labels.label(setting),
        "truth": labels.label(ordered),
        "round": number,
        "seed": study.seed,
    }
    simulator = study.simulator.model_dump(mode="json")
    root_events.write_events(data, [events], metadata | {"digest": digest(metadata | {"simulator": simulator})})
    return events.accepted


def _take(study_file: Path, study: Campaign, number: int, data: Path) -> None:
    """Copy the data of a round, once they are known to be what the study says."""
    chosen = study.observed[number - 1]
    with observed_data.located(number - 1):
        observed_data.counts(chosen, study_file.parent, study, exposure_label(study, chosen))
    files.copy(study_file.parent / chosen.file, data)


def _needed(study_file: Path, campaign: Campaign, answer: ExposureDesign, number: int) -> str:
    best = next(ranked for ranked in answer.settings if ranked.rank == 1)
    gain = best.gain.corrected
    return (
        f"{study_file}: observed: round {number} has no data yet: take data at {spell(campaign, best.values)}"
        f" ({answer.exposure}, which promises {gain.value:.3f} ± {gain.error:.3f} nats), put the file beside the"
        f" campaign and name it as entry {number} of `observed`, then run again"
    )


def _check_posterior(path: Path, found: Posteriors, experiment: Campaign) -> None:
    points = [labels.label(point) for point in experiment.parameter_points]
    setting = labels.label(experiment.setting_points[0])
    if found.observed is None or (found.setting, found.points) != (setting, points):
        raise InputFileError(f"{path}: not the posterior of the data at {setting}; run the posterior stage again")


def _write_next(study_file: Path, study: Campaign, known: Experiments, campaign: Path, sequence: Path) -> None:
    made = campaign_from(round_campaign(study, known), str(campaign))
    write_campaign(campaign, made, study_file.parent)
    files.write_document(sequence, replace(known, next=files.sha256(campaign)))
