"""What a campaign will cost, from a short probe of its simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...campaign.branches import check_units
from ...campaign.model import Campaign
from ...quantities.exposure import INVERSE_PICOBARN, EventCount, Exposure, ObservedCount
from ...quantities.labels import label
from ...quantities.seeds import branch_generator
from ...simulators.choice import build

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
    check_units(sampler.sample(1, rng), campaign)
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


def _recorded(exposure: Exposure | ObservedCount, probed: Probe) -> float | None:
    if isinstance(exposure, ObservedCount):
        return None if exposure.else_ is None else float(exposure.else_)
    if isinstance(exposure, EventCount):
        return float(exposure.events)
    section = probed.cross_section
    return None if section is None else section * exposure.luminosity * INVERSE_PICOBARN[exposure.unit]


def _data(exposure: str, count: float | None, branch: str) -> str:
    events = "an unknown number of" if count is None else f"{count:,.6g}"
    return f"exposure    {exposure}: {events} signal events expected at {branch}"


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
