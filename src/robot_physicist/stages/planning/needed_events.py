"""How many events an error of the gain needs, from the errors of a pilot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...campaign.model import Campaign
from ...information.support import rounded_up
from .cost import PROCESS_SECONDS, Probe

#: Share of the wanted error above which the part of the integral over data is worth lowering first.
MOST_INTEGRATION = 0.7
#: What a campaign may ask for.
MOST_EVENTS = 1_000_000_000
MOST_DRAWS = 1_000_000


@dataclass(frozen=True)
class PilotError:
    """What a pilot of some events per branch says at one setting and exposure, in nats.

    `integration` is the part of the error that comes from the integral over data and stays however much is simulated.
    An interval that is `open`, because the simulation is too small, says nothing about how its error falls; it closes
    with `enough` events per branch.
    """

    setting: str
    exposure: str
    events: int
    error: float
    integration: float
    enough: int | None = None


def events_needed(pilot: PilotError, target: float) -> int | None:
    """Events per branch for an error of `target` nats, two digits rounded up; None when no simulation is enough.

    N = N_pilot (e/e_target)², e being the error without that of the integration: e² = error² − integration². The
    error may fall faster for a while, but halves of a pilot are too noisy to tell: advice that believed them left
    errors of up to twice the wanted one.

    >>> events_needed(PilotError("phi=1", "events=1", 1000, 0.02, 0.0), 0.01)
    4000
    """
    if pilot.error <= target:
        return pilot.events
    if pilot.enough is not None:
        return pilot.enough
    if pilot.integration > MOST_INTEGRATION * target:
        return None
    simulated, wanted = (e**2 - pilot.integration**2 for e in (pilot.error, target))
    needed = rounded_up(pilot.events * max(simulated, 0.0) / wanted)
    return needed if needed <= MOST_EVENTS else None


def draws_needed(pilot: PilotError, target: float, draws: int) -> int | None:
    """Draws with which the integral over data is half of the wanted error, a power of two; None for too many.

    Quasi-Monte Carlo errors fall at least as 1/√draws.

    >>> draws_needed(PilotError("phi=1", "events=1", 1000, 0.02, 0.01), 0.01, 4096)
    16384
    """
    needed = 2 ** math.ceil(math.log2(draws * (2 * pilot.integration / target) ** 2))
    return needed if needed <= MOST_DRAWS else None


def topped_up(pilots: Sequence[PilotError], target: float) -> dict[str, int]:
    """Events per branch at each setting that give every exposure the error `target`; never fewer than the pilot's."""
    result: dict[str, int] = {}
    for pilot in pilots:
        needed = events_needed(pilot, target) or 0
        result[pilot.setting] = max(needed, pilot.events, result.get(pilot.setting, 0))
    return result


def advice(pilot: PilotError, target: float, draws: int) -> str:
    """What an error of `target` nats needs at one setting and exposure, for people."""
    if pilot.error <= target:
        return "reached"
    if (needed := events_needed(pilot, target)) is not None:
        again = "" if pilot.enough is None else " at least: the interval is open; then ask again"
        return f"{needed:,}{again}"
    if pilot.integration <= MOST_INTEGRATION * target:
        return f"out of reach: more than {MOST_EVENTS:,} events"
    part = f"the integral over data alone has an error of {pilot.integration:.2g}"
    if (more := draws_needed(pilot, target, draws)) is None:
        return f"out of reach: {part}, and needs more than {MOST_DRAWS:,} draws"
    return f"{part}: set estimator.draws to {more} (now {draws}), then ask again"


def render(pilots: Sequence[PilotError], target: float, campaign: Campaign, probed: Probe, cores: int) -> str:
    """Write what an error of `target` nats needs at each setting, and the lines for the campaign file."""
    several = len(campaign.exposures) > 1
    names = [f"{one.setting}, {one.exposure}" if several else one.setting for one in pilots]
    width = max(map(len, [*names, "setting"]))
    lines = [f"{'setting':{width}}  error now  events now  events for {target:g} nats"]
    for name, one in zip(names, pilots, strict=True):
        shown = advice(one, target, campaign.estimator.draws)
        lines.append(f"{name:{width}}  {one.error:9.4f}  {one.events:10,}  {shown}")
    now = {one.setting: one.events for one in pilots}
    more = {setting: needed for setting, needed in topped_up(pilots, target).items() if needed > now[setting]}
    if not more:
        return "\n".join([*lines, "", "nothing to simulate again"])
    samples = len(campaign.samples)
    events = samples * sum(more.values())
    seconds = (events * probed.per_event + len(more) * samples * (probed.startup + 2 * PROCESS_SECONDS)) / cores
    return "\n".join(
        [
            *lines,
            "",
            f"{len(more) * samples} branches to simulate again: {events:,} events, "
            f"{seconds:,.0f} s on {cores} core(s), with this in the campaign:",
            "",
            "simulation:",
            "  events_at:",
            # Numbers of events that the campaign has by setting already stay, but for these.
            *(f"    {setting}: {needed}" for setting, needed in {**campaign.simulation.events_at, **more}.items()),
        ]
    )
