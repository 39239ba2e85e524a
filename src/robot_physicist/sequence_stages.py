"""The stages of a sequence of experiments; all others are those of an ordinary campaign.

A round is two campaigns: one that looks for the best setting, and one that has data at that setting.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import files, labels
from .campaign import Campaign
from .design import spell
from .documents import Design, ExposureDesign, Posteriors
from .errors import CampaignError, DataNeededError, DigestMismatchError, InputFileError, SequenceWarning
from .experiments import beginning, measurement_campaign, round_campaign, updated
from .labels import number as spelt
from .provenance import campaign_digest, digest
from .sequence_campaign import Sequence
from .sequence_documents import Experiments
from .simulators.base import Values
from .stage_inputs import exposure_named, prior_of
from .validation import campaign_from


def begin(study: Path, campaign: Path, sequence: Path) -> str:
    """Write the campaign of the first round of a sequence."""
    whole, _ = _study(study)
    known = beginning(whole, campaign_digest(whole), prior_of(study, whole))
    _write_next(study, whole, known, campaign, sequence)
    return f"round 1 of {whole.name}: {campaign}"


def observe(study: Path, campaign: Path, sequence: Path, design: Path, measurement: Path, data: Path) -> str:
    """Provide the data of a round, at the best setting of its design, and the campaign of this experiment."""
    whole, section = _study(study)
    content, known = files.read_campaign(campaign), files.read_document(Experiments, sequence)
    answer, number = _answer(content, design), len(known.rounds) + 1
    if section.truth:
        setting, observed = labels.parse(answer.best), {"file": data.name}
        events = _simulate(whole, section.truth, setting, answer.exposure, number, data)
        said = f"{events} events at {answer.best}, {labels.label(section.truth)}"
    else:
        if len(whole.observed) < number:
            raise DataNeededError(_needed(study, content, answer, number))
        chosen = whole.observed[number - 1]
        setting = {name: labels.rounded(chosen.setting[name]) for name in whole.settings}
        observed = chosen.model_dump(mode="json", exclude_unset=True) | {"file": data.name}
        files.copy(study.parent / chosen.file, data)
        said = f"{chosen.file} at {labels.label(setting)}"
    made = measurement_campaign(whole, content, number, setting, observed | {"setting": setting})
    files.write_campaign(measurement, campaign_from(made, str(measurement)), study.parent, there=[data.name])
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
    from .sequence_plots import draw

    whole, _ = _study(study)
    before, found = files.read_document(Experiments, previous), files.read_document(Posteriors, posterior)
    files.check_digest(campaign, files.sha256(campaign), before.next)
    experiment = files.read_campaign(measurement)
    _check_posterior(posterior, found, experiment)
    data = measurement.parent / experiment.observed[0].file
    read = {"previous": previous, "campaign": campaign, "design": design, "measurement": measurement}
    made_from = {name: files.sha256(path) for name, path in (read | {"data": data, "posterior": posterior}).items()}
    answer = _answer(files.read_campaign(campaign), design)
    after = updated(whole, before, answer, found, made_from)
    for message in after.rounds[-1].warnings:
        warnings.warn(message, SequenceWarning, stacklevel=2)
    for name, content in draw(whole, after).items():
        files.write_bytes(figures / name, content)
    _write_next(study, whole, after, next, sequence)
    return _summary(whole, after)


def _study(path: Path) -> tuple[Campaign, Sequence]:
    study = files.read_campaign(path)
    if study.sequence is None:
        raise CampaignError(f"{path}: sequence: is missing; say how many rounds, with `rounds: 4` below `sequence:`")
    return study, study.sequence


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
    from .pseudo_data import pseudo_data

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
    files.write_events(data, [events], metadata | {"digest": digest(metadata | {"simulator": simulator})})
    return events.accepted


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
    files.write_campaign(campaign, made, study_file.parent)
    files.write_document(sequence, replace(known, next=files.sha256(campaign)))


def _summary(study: Campaign, after: Experiments) -> str:
    lines = [f"{study.name}: {len(after.rounds)} of {study.sequence.rounds if study.sequence else 0} rounds"]
    for index, one in enumerate(after.rounds, 1):
        lines.append(f"  round {index}: {one.setting}, {one.information:.3f} nats; {_known(study, one.known)}")
    return "\n".join(lines)


def _known(study: Campaign, known: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{study.parameters[name].label or name} = {spelt(float(f'{one.mean:.4g}'))} ± {one.sd:.2g}"
        for name, one in known.items()
    )
