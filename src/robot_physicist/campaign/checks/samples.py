"""Backgrounds and systematics: names that are taken, simulators that lack something."""

from __future__ import annotations

from collections.abc import Iterator

from ...histfactory.systematics import LumiSystematic
from ...quantities.errors import CampaignError, LabelClashError, ObservableError, UnknownNameError, nearest
from ...simulators import load
from ...simulators.base import Simulator
from ..model import Campaign, SimulatedBackground
from .simulator import emitted, name_problems, option_problems, range_problems


def sample_problems(campaign: Campaign) -> Iterator[CampaignError | ObservableError]:
    """Yield what is wrong with the backgrounds."""
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
    yield from option_problems(background.simulator, simulator, f"{place}.options")
    if not simulator.has_cross_section:
        yield CampaignError(f"{place}.name: {background.simulator.name} gives no cross-section")
    yield from _fed(campaign, background, simulator, section)
    known = emitted(background.simulator, simulator)
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
            yield from name_problems(place, list(values), declared, background.simulator.name)
            yield from range_problems(place, values, declared, background.simulator.name)


def systematic_problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield systematics whose name is taken, or whose samples do not exist."""
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
