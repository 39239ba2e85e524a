"""What a campaign will cost, from a short probe of its simulator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .campaign import Campaign, EventCount
from .labels import label
from .seeds import branch_generator
from .simulation import build
from .templates import INVERSE_PICOBARN, Exposure

PROBE_EVENTS = 2_000
#: Start-up of a stage's process, measured on a laptop; two processes per branch.
PROCESS_SECONDS = 0.4


@dataclass(frozen=True)
class Probe:
    """Seconds to prepare a branch, seconds and bytes per generated event, and accepted picobarn if known."""

    startup: float
    per_event: float
    bytes_per_event: float
    cross_section: float | None = None


@dataclass(frozen=True)
class Plan:
    """Branches, generated events, bytes of event files and seconds of wall time on some cores.

    `recorded` maps the label of each exposure to the signal events it expects where the probe was, None if unknown.
    """

    settings: int
    samples: int
    recorded: Mapping[str, float | None]
    events: int
    bytes: float
    seconds: float
    cores: int


def probe(campaign: Campaign, clock: Callable[[], float]) -> Probe:
    """Time the simulation of a few events at the first setting and parameter point."""
    setting, parameters = campaign.setting_points[0], campaign.simulated_points[0]
    rng = branch_generator(campaign.seed, setting, parameters, 0, "probe")
    start = clock()
    simulator, points = build(campaign.simulator), campaign.weighted_points
    sampler = (
        simulator.prepare_weighted(setting, parameters, points) if points else simulator.prepare(setting, parameters)
    )
    sampler.sample(1, rng)
    ready = clock()
    block = sampler.sample(PROBE_EVENTS, rng)
    startup, done = ready - start, clock() - ready
    columns = len(block.columns) + (block.weights is not None) + len(points)
    # Blocks are initialised one by one, so the start-up is in the second call too.
    per_event = max(done - startup, 1e-9) / PROBE_EVENTS
    accepted = block.accepted / PROBE_EVENTS
    kept = (block.accepted if block.weights is None else float(block.weights.sum())) / PROBE_EVENTS
    section = None if block.cross_section is None else block.cross_section.value * kept
    return Probe(startup, per_event, 8.0 * columns * accepted, section)


def plan(campaign: Campaign, probed: Probe, cores: int) -> Plan:
    """Add up all branches of a campaign, spread over `cores`."""
    settings, samples = len(campaign.setting_points), len(campaign.samples)
    events = samples * sum(campaign.events_at(label(setting)) for setting in campaign.setting_points)
    overhead = settings * samples * (probed.startup + 2 * PROCESS_SECONDS)
    return Plan(
        settings=settings,
        samples=samples,
        recorded={name: _recorded(exposure, probed) for name, exposure in campaign.exposures.items()},
        events=events,
        bytes=events * probed.bytes_per_event,
        seconds=(overhead + probed.per_event * events) / cores,
        cores=cores,
    )


def _recorded(exposure: Exposure, probed: Probe) -> float | None:
    if isinstance(exposure, EventCount):
        return float(exposure.events)
    section = probed.cross_section
    return None if section is None else section * exposure.luminosity * INVERSE_PICOBARN[exposure.unit]


def _data(exposure: str, count: float | None, branch: str) -> str:
    events = "an unknown number of" if count is None else f"{count:,.6g}"
    return f"exposure    {exposure}: {events} signal events expected at {branch}"


@dataclass(frozen=True)
class PilotError:
    """What a pilot of some events per branch says at one setting and exposure, in nats.

    `half_error` is the error from half of the events, None when there are too few folds to tell; `integration` is the
    part that comes from the integral over data and stays however much is simulated.
    """

    setting: str
    exposure: str
    events: int
    error: float
    half_error: float | None
    integration: float


def exponent(error: float, half_error: float | None) -> float:
    """How fast an error falls with the events N: a in N^−a, from all and from half of them; within [½, 1].

    Statistics alone give ½. Bias that is corrected falls as 1/N, and half of a correction counts as error. Outside
    these limits the pilot is fooled by noise.

    >>> exponent(0.01, 0.018).__round__(3), exponent(0.01, 0.009), exponent(0.01, None)
    (0.848, 0.5, 0.5)
    """
    if half_error is None or not (error > 0 and half_error > 0):
        return 0.5
    return min(max(math.log2(half_error / error), 0.5), 1.0)


def events_needed(pilot: PilotError, target: float) -> int | None:
    """Events per branch for an error of `target` nats, two digits rounded up; None when no simulation is enough.

    N = N_pilot (e/e_target)^(1/a), e being the error without that of the integration: e² = error² − integration².

    >>> events_needed(PilotError("phi=1", "events=1", 1000, 0.02, None, 0.0), 0.01)
    4000
    >>> events_needed(PilotError("phi=1", "events=1", 1000, 0.02, 0.04, 0.0), 0.01)
    2000
    """
    if pilot.integration >= target:
        return None
    simulated, wanted = (math.sqrt(max(e**2 - pilot.integration**2, 0.0)) for e in (pilot.error, target))
    half = pilot.half_error
    half = None if half is None else math.sqrt(max(half**2 - pilot.integration**2, 0.0))
    return _rounded_up(pilot.events * (simulated / wanted) ** (1 / exponent(simulated, half)))


def _rounded_up(events: float) -> int:
    unit = int(10 ** max(math.floor(math.log10(max(events, 1.0))) - 1, 0))
    return max(math.ceil(round(events / unit, 6)) * unit, 1)


def topped_up(pilots: Sequence[PilotError], target: float) -> dict[str, int | None]:
    """Events per branch at each setting that give every exposure the error `target`; never fewer than the pilot's."""
    result: dict[str, int | None] = {}
    for pilot in pilots:
        needed, before = events_needed(pilot, target), result.get(pilot.setting, pilot.events)
        result[pilot.setting] = None if needed is None or before is None else max(needed, before, pilot.events)
    return result


def render_needs(pilots: Sequence[PilotError], target: float, campaign: Campaign, probed: Probe, cores: int) -> str:
    """Write what an error of `target` nats needs at each setting, and the lines for the campaign file."""
    needs, samples = topped_up(pilots, target), len(campaign.samples)
    worst = {one.setting: one for one in sorted(pilots, key=lambda one: one.error)}
    width = max(map(len, [*needs, "setting"]))
    lines = [f"{'setting':{width}}  error now  events now  events for {target:g} nats"]
    for setting, needed in needs.items():
        text = "out of reach: the integral over data alone is less exact; raise estimator.draws"
        shown = text if needed is None else f"{needed:,}"
        lines.append(f"{setting:{width}}  {worst[setting].error:9.4f}  {worst[setting].events:10,}  {shown}")
    more = {one.setting: needs[one.setting] for one in pilots if (needs[one.setting] or 0) > one.events}
    events = samples * sum(needed for needed in more.values() if needed is not None)
    seconds = (events * probed.per_event + len(more) * samples * (probed.startup + 2 * PROCESS_SECONDS)) / cores
    if not more:
        return "\n".join([*lines, "", "nothing to simulate again"])
    return "\n".join(
        [
            *lines,
            "",
            f"{len(more) * samples} branches to simulate again: {events:,} events, "
            f"{seconds:,.0f} s on {cores} core(s),"
            " with this in the campaign:",
            "",
            "simulation:",
            "  events_at:",
            *(f"    {setting}: {needed}" for setting, needed in kept_and(more, campaign).items()),
        ]
    )


def kept_and(more: Mapping[str, int | None], campaign: Campaign) -> dict[str, int | None]:
    """Numbers of events that the campaign has by setting already, and these in their place or after them."""
    return {**campaign.simulation.events_at, **more}


def render(planned: Plan, campaign: Campaign) -> str:
    """Write a plan for people, with the first and last branches."""
    branches = [f"{label(setting)} / {sample}" for setting in campaign.setting_points for sample in campaign.samples]
    shown = branches if len(branches) <= 8 else [*branches[:4], "...", *branches[-3:]]
    jobs = 2 * len(branches) + 3 * planned.settings * len(planned.recorded) + 2 + len(campaign.allocate)
    return "\n".join(
        [
            f"branches    {len(branches)} = {planned.settings} settings × {planned.samples} samples; {jobs} jobs",
            *(f"              {branch}" for branch in shown),
            f"events      {planned.events:,} generated, {_per_branch(campaign)} per branch",
            *(_data(name, count, branches[0]) for name, count in planned.recorded.items()),
            f"disk        {planned.bytes / 1e6:,.0f} MB of event files",
            f"time        {planned.seconds:,.0f} s for simulation and histograms on {planned.cores} core(s)",
        ]
    )


def _per_branch(campaign: Campaign) -> str:
    numbers = [campaign.events_at(label(setting)) for setting in campaign.setting_points]
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
