"""What the keys of a campaign have to agree on with each other and with the simulator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from . import allocation_consistency, search_consistency, sequence_consistency
from .campaign import Campaign, HistogramBackground, SimulatedBackground
from .histfactory.systematics import LumiSystematic, ShapeSystematic
from .limits import reserved_names, size
from .quantities import labels
from .quantities.errors import CampaignError, LabelClashError, ObservableError, UnknownNameError, nearest
from .quantities.exposure import Luminosity
from .simulators import load
from .simulators.base import Simulator, Variable
from .simulators.choice import SimulatorChoice
from .variables import Normal, PosteriorFile, Weights


def problems(campaign: Campaign) -> Iterator[CampaignError | ObservableError]:
    """Yield every disagreement, the most basic first; each names its place in the file."""
    try:
        simulator = load(campaign.simulator.name)
    except UnknownNameError as error:
        yield error
        return
    yield from search_consistency.problems(campaign)
    yield from size(campaign)
    yield from _options(campaign.simulator, simulator, "simulator.options")
    yield from reserved_names(campaign)
    yield from _variables(campaign, simulator)
    yield from _observables(campaign, simulator)
    yield from _exposures(campaign, simulator)
    yield from _priors(campaign)
    yield from _samples(campaign)
    yield from _systematics(campaign)
    yield from _observed(campaign)
    yield from _published(campaign)
    yield from _paths(campaign)
    yield from _simulation(campaign)
    yield from _references(campaign, simulator)
    yield from sequence_consistency.problems(campaign, simulator)
    yield from allocation_consistency.problems(campaign)


def _simulation(campaign: Campaign) -> Iterator[CampaignError]:
    settings = [labels.label(point) for point in campaign.setting_points]
    numbers = {"events": campaign.simulation.events}
    batches = {setting: min(events, default=0) for setting, events in campaign.simulation.batches.items()}
    for key, by_setting in (("events_at", campaign.simulation.events_at), ("batches", batches)):
        for setting, events in by_setting.items():
            numbers[f"{key}.{setting}"] = events
            if setting not in settings:
                yield UnknownNameError(
                    f"simulation.{key}: there is no setting '{setting}'; {nearest(setting, settings)}"
                )
    for name, events in numbers.items():
        if events < campaign.simulation.folds:
            yield CampaignError(f"simulation.{name}: fewer events than folds; simulate more or use fewer folds")


def _references(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    references = campaign.simulation.references
    if references and not simulator.has_ratios:
        yield CampaignError(
            f"simulation.references: {campaign.simulator.name} gives its events no weights to other parameter points;"
            " remove the references, so that each point is simulated by itself"
        )
    for index, reference in enumerate(references):
        place = f"simulation.references[{index}]"
        yield from _names(place, list(reference), dict.fromkeys(campaign.parameters, Variable()), "this campaign")
        for name in reference.keys() & (simulator.parameters or {}).keys():
            variable = (simulator.parameters or {})[name]
            if not variable.low <= reference[name] <= variable.high:
                yield CampaignError(
                    f"{place}.{name}: {reference[name]:g} is outside [{variable.low:g}, {variable.high:g}], the range"
                    f" of {campaign.simulator.name}; choose another"
                )
        if reference in references[:index]:
            yield LabelClashError(f"{place}: is there already; remove it")


def _options(choice: SimulatorChoice, simulator: type[Simulator], path: str) -> Iterator[CampaignError]:
    try:
        simulator.Options.model_validate(choice.options)
    except ValidationError as error:
        for entry in error.errors():
            name = "".join(f".{part}" for part in entry["loc"])
            if entry["type"] == "extra_forbidden":
                advice = nearest(name[1:], simulator.Options.model_fields)
                yield UnknownNameError(f"{path}{name}: {choice.name} has no such option; {advice}")
            else:
                yield CampaignError(f"{path}{name}: {entry['msg'].removeprefix('Value error, ')}")


def _variables(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    for section, grids, declared in (
        ("settings", campaign.settings, simulator.settings),
        ("parameters", campaign.parameters, simulator.parameters),
    ):
        if declared is None:
            continue
        yield from _names(section, list(grids), declared, campaign.simulator.name)
        for name, grid in grids.items():
            unit = declared[name].unit if name in declared else grid.unit
            if grid.unit and grid.unit != unit:
                yield CampaignError(
                    f"{section}.{name}.unit: {campaign.simulator.name} takes '{unit}', not '{grid.unit}'"
                )
        points = {name: grid.points for name, grid in grids.items()}
        yield from _ranges(section, points, declared, campaign.simulator.name)


def _ranges(
    section: str, points: Mapping[str, Sequence[float]], declared: Mapping[str, Variable], simulator: str
) -> Iterator[CampaignError]:
    for name, values in points.items():
        variable = declared.get(name, Variable())
        bad = [value for value in values if not variable.low <= value <= variable.high]
        if bad:
            yield CampaignError(
                f"{section}.{name}: {bad[0]:g} is outside [{variable.low:g}, {variable.high:g}], the range"
                f" of {simulator}; remove it"
            )


def _names(
    section: str, given: Sequence[str], declared: Mapping[str, Variable], simulator: str
) -> Iterator[CampaignError]:
    for name in given:
        if name not in declared:
            yield UnknownNameError(f"{section}.{name}: {simulator} has no such name; {nearest(name, declared)}")
    for name in declared:
        if name not in given:
            yield CampaignError(f"{section}.{name}: {simulator} needs it; add it")


def _observables(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError | ObservableError]:
    declared = simulator.observables
    known = _emitted(campaign.simulator, simulator)
    for name, observable in campaign.observables.items():
        if name not in known:
            yield UnknownNameError(
                f"observables.{name}: {campaign.simulator.name} does not emit it; {nearest(name, known)}"
            )
        elif declared is not None and observable.unit not in ("", declared[name].unit):
            yield CampaignError(
                f"observables.{name}.unit: {campaign.simulator.name} emits '{declared[name].unit}',"
                f" not '{observable.unit}'"
            )


def _exposures(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    if len(campaign.exposures) < len(campaign.exposure):
        yield LabelClashError("exposure: two entries are the same; remove one")
    for index, entry in enumerate(campaign.exposure):
        if isinstance(entry, Luminosity) and not simulator.has_cross_section:
            yield CampaignError(
                f"exposure[{index}].luminosity: {campaign.simulator.name} gives no cross-section; use 'events'"
            )
        if not isinstance(entry, Luminosity) and campaign.backgrounds:
            yield CampaignError(
                f"exposure[{index}].events: backgrounds need a luminosity, which says how many they are"
            )


def _priors(campaign: Campaign) -> Iterator[CampaignError]:
    for name, parameter in campaign.parameters.items():
        place, prior = f"parameters.{name}.prior", parameter.prior
        if isinstance(prior, Weights):
            yield from _weights(place, prior.weights, len(parameter.points))
        if isinstance(prior, Normal):
            pulls = [abs(value - prior.mean) / prior.sd for value in parameter.points]
            if min(pulls) > 30:
                yield CampaignError(
                    f"{place}: cannot be normalised, the grid is {min(pulls):.3g} standard deviations away from"
                    " its mean; move the mean or the grid"
                )
    if isinstance(campaign.prior, Weights):
        yield from _weights("prior", campaign.prior.weights, len(campaign.parameter_points))


def _weights(place: str, weights: Sequence[float], points: int) -> Iterator[CampaignError]:
    if len(weights) != points:
        yield CampaignError(f"{place}.weights: {len(weights)} weights for {points} points; give one per point")
    elif not 0 < sum(weights) < math.inf:
        what = "all are zero; make one positive" if sum(weights) == 0 else "their sum is infinite; make them smaller"
        yield CampaignError(f"{place}.weights: cannot be normalised, {what}")


def _samples(campaign: Campaign) -> Iterator[CampaignError | ObservableError]:
    names = [background.name for background in campaign.backgrounds]
    for index, background in enumerate(campaign.backgrounds):
        if background.name == "signal" or names.index(background.name) < index:
            yield LabelClashError(f"backgrounds[{index}].name: '{background.name}' is taken; choose another")
        if isinstance(background, SimulatedBackground):
            yield from _simulated(campaign, background, f"backgrounds[{index}]")


def _simulated(
    campaign: Campaign, background: SimulatedBackground, section: str
) -> Iterator[CampaignError | ObservableError]:
    place = f"{section}.simulator"
    try:
        simulator = load(background.simulator.name)
    except UnknownNameError as error:
        yield UnknownNameError(str(error).replace("simulator.name", f"{place}.name"))
        return
    yield from _options(background.simulator, simulator, f"{place}.options")
    if not simulator.has_cross_section:
        yield CampaignError(f"{place}.name: {background.simulator.name} gives no cross-section")
    yield from _fed(campaign, background, simulator, section)
    known = _emitted(background.simulator, simulator)
    for name in campaign.observables:
        if name not in known:
            advice = nearest(name, known)
            yield UnknownNameError(f"{place}.name: {background.simulator.name} does not emit '{name}'; {advice}")


def _fed(
    campaign: Campaign, background: SimulatedBackground, simulator: type[Simulator], section: str
) -> Iterator[CampaignError]:
    """What the simulator of a background is given; settings that it does not know are not its business."""
    fixed = {name: [value] for name, value in background.parameters.items()}
    grids = {name: grid.points for name, grid in campaign.settings.items() if name in (simulator.settings or ())}
    for place, values, declared in (
        (f"{section}.parameters", fixed, simulator.parameters),
        ("settings", grids, simulator.settings),
    ):
        if declared is not None:
            yield from _names(place, list(values), declared, background.simulator.name)
            yield from _ranges(place, values, declared, background.simulator.name)


def _emitted(choice: SimulatorChoice, simulator: type[Simulator]) -> list[str]:
    """Names of the observables of a simulator; those of a black box are one of its options."""
    return list(choice.options.get("observables", []) if simulator.observables is None else simulator.observables)


def _systematics(campaign: Campaign) -> Iterator[CampaignError]:
    samples = ["signal", *(background.name for background in campaign.backgrounds)]
    seen: set[str] = set()
    for index, systematic in enumerate(campaign.systematics):
        place = f"systematics[{index}]"
        reserved = systematic.name == "mu" or systematic.name.startswith("staterror_")
        if systematic.name in seen or reserved or (systematic.name == "lumi") != (systematic.type == "lumi"):
            yield LabelClashError(f"{place}.name: '{systematic.name}' is taken; choose another")
        seen.add(systematic.name)
        for sample in () if isinstance(systematic, LumiSystematic) else systematic.samples:
            if sample not in samples:
                yield UnknownNameError(f"{place}.samples: no sample '{sample}'; {nearest(sample, samples)}")


def _observed(campaign: Campaign) -> Iterator[CampaignError]:
    settings = [labels.label(point) for point in campaign.setting_points]
    taken: set[tuple[str, str]] = set()
    for index, observed in enumerate(campaign.observed):
        place = f"observed[{index}]"
        if set(observed.setting) != set(campaign.settings):
            yield CampaignError(f"{place}.setting: name each of {', '.join(campaign.settings)}")
            continue
        at = labels.label({name: observed.setting[name] for name in campaign.settings})
        exposure = observed.exposure or next(iter(campaign.exposures))
        if at not in settings:
            yield UnknownNameError(f"{place}.setting: '{at}' is not a setting; {nearest(at, settings)}")
        if exposure not in campaign.exposures:
            advice = nearest(exposure, campaign.exposures)
            yield UnknownNameError(f"{place}.exposure: no exposure '{exposure}'; {advice}")
        for name in observed.branches:
            if name not in campaign.observables:
                advice = nearest(name, campaign.observables)
                yield UnknownNameError(f"{place}.branches.{name}: no such observable; {advice}")
        if (at, exposure) in taken and campaign.sequence is None:
            yield LabelClashError(f"{place}: there are data for {at}, {exposure} already; merge the files")
        taken.add((at, exposure))


def _published(campaign: Campaign) -> Iterator[CampaignError]:
    if campaign.published is None:
        return
    for key in ("backgrounds", "observed"):
        if getattr(campaign, key):
            yield CampaignError(f"{key}: the published workspace holds them already; remove the key")
    for index, entry in enumerate(campaign.exposure):
        if not isinstance(entry, Luminosity):
            yield CampaignError(f"exposure[{index}].events: a recast needs the luminosity of the published data")


def named_paths(campaign: Campaign) -> list[tuple[str, str]]:
    """Every file that a campaign names: its place in the campaign, and its path relative to it."""
    named: list[tuple[str, Any]] = [
        *((f"observed[{i}].file", entry.file) for i, entry in enumerate(campaign.observed)),
        *(
            (f"backgrounds[{i}].file", entry.file)
            for i, entry in enumerate(campaign.backgrounds)
            if isinstance(entry, HistogramBackground)
        ),
        *(
            (f"systematics[{i}].file", entry.file)
            for i, entry in enumerate(campaign.systematics)
            if isinstance(entry, ShapeSystematic)
        ),
    ]
    if isinstance(campaign.prior, PosteriorFile):
        named.append(("prior.posterior", campaign.prior.posterior))
    if campaign.published is not None:
        named += [(f"published.{key}", path) for key, path in campaign.published.model_dump().items()]
    return named


def _paths(campaign: Campaign) -> Iterator[CampaignError]:
    for place, path in named_paths(campaign):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            yield CampaignError(f"{place}: '{path}' leaves the campaign's folder; put the file beside the campaign")
