"""What a campaign asks of its simulator: options, variables, ranges, observables, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from ...quantities.complaints import complaint
from ...quantities.errors import CampaignError, LabelClashError, ObservableError, UnknownNameError, nearest
from ...simulators.base import Simulator, Variable
from ...simulators.choice import SimulatorChoice
from ..model import Campaign


def reference_problems(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    """Yield what is wrong with the points whose weighted events serve all others."""
    references = campaign.simulation.references
    if references and not simulator.has_ratios:
        yield CampaignError(
            f"simulation.references: {campaign.simulator.name} gives its events no weights to other parameter points;"
            " remove the references, so that each point is simulated by itself"
        )
    for index, reference in enumerate(references):
        place = f"simulation.references[{index}]"
        yield from name_problems(
            place, list(reference), dict.fromkeys(campaign.parameters, Variable()), "this campaign"
        )
        for name in reference.keys() & (simulator.parameters or {}).keys():
            variable = (simulator.parameters or {})[name]
            if not variable.low <= reference[name] <= variable.high:
                yield CampaignError(
                    f"{place}.{name}: {reference[name]:g} is outside [{variable.low:g}, {variable.high:g}], the range"
                    f" of {campaign.simulator.name}; choose another"
                )
        if reference in references[:index]:
            yield LabelClashError(f"{place}: is there already; remove it")


def option_problems(choice: SimulatorChoice, simulator: type[Simulator], path: str) -> Iterator[CampaignError]:
    """Yield what a simulator refuses of its options; `path` is their place in the file."""
    try:
        simulator.Options.model_validate(choice.options)
    except ValidationError as error:
        # a name that is unknown explains one that is missing
        for entry in sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden"):
            name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in entry["loc"])
            if entry["type"] == "extra_forbidden":
                advice = nearest(name[1:], simulator.Options.model_fields)
                yield UnknownNameError(f"{path}{name}: {choice.name} has no such option; {advice}")
            else:
                yield CampaignError(f"{path}{name}: {complaint(entry)}")


def variable_problems(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    """Yield settings and parameters that the simulator does not take as they are."""
    for section, grids, declared in (
        ("settings", campaign.settings, simulator.settings),
        ("parameters", campaign.parameters, simulator.parameters),
    ):
        if declared is None:
            continue
        yield from name_problems(section, list(grids), declared, campaign.simulator.name)
        for name, grid in grids.items():
            unit = declared[name].unit if name in declared else grid.unit
            if grid.unit and grid.unit != unit:
                yield CampaignError(
                    f"{section}.{name}.unit: {campaign.simulator.name} takes '{unit}', not '{grid.unit}'"
                )
        points = {name: grid.points for name, grid in grids.items()}
        yield from range_problems(section, points, declared, campaign.simulator.name)


def range_problems(
    section: str, points: Mapping[str, Sequence[float]], declared: Mapping[str, Variable], simulator: str
) -> Iterator[CampaignError]:
    """Yield values outside the range of a variable."""
    for name, values in points.items():
        variable = declared.get(name, Variable())
        bad = [value for value in values if not variable.low <= value <= variable.high]
        if bad:
            yield CampaignError(
                f"{section}.{name}: {bad[0]:g} is outside [{variable.low:g}, {variable.high:g}], the range"
                f" of {simulator}; remove it"
            )


def name_problems(
    section: str, given: Sequence[str], declared: Mapping[str, Variable], simulator: str
) -> Iterator[CampaignError]:
    """Yield names that the simulator does not know, and those that it misses."""
    for name in given:
        if name not in declared:
            yield UnknownNameError(f"{section}.{name}: {simulator} has no such name; {nearest(name, declared)}")
    for name in declared:
        if name not in given:
            yield CampaignError(f"{section}.{name}: {simulator} needs it; add it")


def observable_problems(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError | ObservableError]:
    """Yield observables that the simulator does not emit, or emits in another unit."""
    declared = simulator.observables
    known = emitted(campaign.simulator, simulator)
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


def emitted(choice: SimulatorChoice, simulator: type[Simulator]) -> list[str]:
    """Names of the observables of a simulator; those of a black box are one of its options."""
    return list(choice.options.get("observables", []) if simulator.observables is None else simulator.observables)
