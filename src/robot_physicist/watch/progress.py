"""How far a campaign is, from the files that its stages have made and the times at which they were finished."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..campaign.layout import Job
from ..campaign.model import Campaign
from ..design.ranking import spell
from ..information.results import InformationGain
from ..quantities.estimates import Interval
from ..quantities.labels import parse

#: A stage's rate is that of its latest files, so many of them.
LATEST = 50
#: Nothing finished for so many usual gaps, and for so many seconds, means that nobody was at work.
PAUSE_GAPS, PAUSE_SECONDS = 20.0, 60.0


@dataclass(frozen=True)
class Stage:
    """Files of one stage that are there, of all that will be."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Best:
    """The setting of the highest gain so far, in nats with its 95% interval, among `known` of `total` settings."""

    exposure: str
    setting: str
    gain: Interval
    known: int
    total: int


def finished(wanted: Sequence[Job], times: Mapping[str, float]) -> dict[str, float]:
    """Files that need not be made again, with their times: those that are there and not older than their inputs.

    Events may have been removed once their histogram is there.

    >>> wanted = [Job("simulate", "e"), Job("histogram", "h", ("e",)), Job("eig", "g", ("h",))]
    >>> finished(wanted, {"e": 3.0, "h": 2.0, "g": 4.0}), finished(wanted, {"h": 2.0, "g": 4.0})
    ({'e': 3.0}, {'e': 2.0, 'h': 2.0, 'g': 4.0})
    """
    removed = {job.inputs[0]: times[job.output] for job in wanted if job.stage == "histogram" and job.output in times}
    result: dict[str, float] = {}
    for job in wanted:
        made = times.get(job.output, removed.get(job.output) if job.stage == "simulate" else None)
        if made is not None and all(result.get(path, float("inf")) <= made for path in job.inputs):
            result[job.output] = made
    return result


def stages(wanted: Sequence[Job], done: Mapping[str, float]) -> tuple[Stage, ...]:
    """Files of every stage that are done, of all."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for job in wanted:
        counts[job.stage][0] += job.output in done
        counts[job.stage][1] += 1
    return tuple(Stage(name, *count) for name, count in counts.items())


def usual_gap(times: Sequence[float]) -> float:
    """Mean length Σg²/Σg of the gap between two files in which a moment falls, also where files come in bunches.

    The longest gap is left out: it may be a night between two runs.

    >>> usual_gap([0, 2, 4, 1000, 1002])
    2.0
    """
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(times))
    kept = gaps[:-1] if len(gaps) > 1 else gaps
    return sum(gap**2 for gap in kept) / (sum(kept) or 1.0)


def is_pause(gap: float, usual: float) -> bool:
    """Is this too long for a gap between two files of one run?"""
    return gap > max(PAUSE_SECONDS, PAUSE_GAPS * usual)


def seconds_each(times: Sequence[float], now: float) -> float | None:
    """Seconds from one file to the next, in the run that goes on now; None when fewer than three are there to tell.

    (now − t_1) / (n − 1) over the latest n files without a pause between them.

    >>> seconds_each([0, 5000, 5002, 5004], now=5006)
    3.0
    """
    times = sorted(times)[-LATEST:]
    usual = usual_gap(times)
    run = times[-1:]
    for earlier in reversed(times[:-1]):
        if is_pause(run[0] - earlier, usual):
            break
        run.insert(0, earlier)
    elapsed = max(now, run[-1]) - run[0] if run else 0.0
    return elapsed / (len(run) - 1) if len(run) > 2 and elapsed > 0 else None


def seconds_left(wanted: Sequence[Job], done: Mapping[str, float], now: float) -> float | None:
    """Time until all stages are through, each at the rate of its latest files; None when too few are there to tell.

    Stages run side by side, so of those that have a rate the slowest counts. A stage that has none yet comes after
    them, and each of its files takes as long as a file took on average.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for job in wanted:
        if job.output in done:
            times[job.stage].append(done[job.output])
    anything = seconds_each([time for of_stage in times.values() for time in of_stage], now)
    if anything is None:
        return None
    side_by_side = afterwards = 0.0
    for stage in stages(wanted, done):
        each, files = seconds_each(times[stage.name], now), stage.total - stage.done
        if each is None:
            afterwards += anything * files
        else:
            side_by_side = max(side_by_side, each * files)
    return side_by_side + afterwards


def best(campaign: Campaign, gains: Sequence[InformationGain], settings: int) -> tuple[Best, ...]:
    """The best of so many settings at each exposure that has gains, in the order of the campaign."""
    by_exposure: dict[str, list[InformationGain]] = {exposure: [] for exposure in campaign.exposures}
    for gain in gains:
        if gain.exposure in by_exposure:
            by_exposure[gain.exposure].append(gain)
    return tuple(
        Best(exposure, spell(campaign, parse(top.setting)), top.corrected, len(found), settings)
        for exposure, found in by_exposure.items()
        for top in sorted(found, key=lambda gain: -gain.corrected.value)[:1]
    )


@dataclass(frozen=True)
class Round:
    """One round of a search or a sequence: its settings, branches done of total, best so far, and what came of it.

    A setting is the values of its variables.
    """

    number: int
    settings: tuple[tuple[float, ...], ...]
    done: int
    total: int
    best: Best | None
    note: str = ""


@dataclass(frozen=True)
class Progress:
    """A campaign at one moment.

    `left` is in seconds, None when there is no rate to tell it from or nobody seems to be at work; `quiet` are the
    seconds since the latest file, None when there is none. `folder` is where the files are looked for.
    """

    title: str
    stages: tuple[Stage, ...]
    left: float | None
    quiet: float | None
    best: tuple[Best, ...]
    rounds: tuple[Round, ...]
    finished: bool
    folder: str = ""


def progress(
    title: str,
    wanted: Sequence[Job],
    times: Mapping[str, float],
    now: float,
    found: Sequence[Best],
    rounds: Sequence[Round] = (),
    is_last: bool = True,
) -> Progress:
    """Sum up a campaign: the files that it wants, the times of those that are there, and what has been found.

    It is finished when all files are there and no further round follows.
    """
    done = finished(wanted, times)
    stamps = sorted(done.values())
    quiet = max(now - stamps[-1], 0.0) if stamps else None
    paused = quiet is not None and is_pause(quiet, usual_gap(stamps[-LATEST:]))
    return Progress(
        title=title,
        stages=stages(wanted, done),
        left=None if paused or len(done) == len(wanted) else seconds_left(wanted, done, now),
        quiet=quiet,
        best=tuple(found),
        rounds=tuple(rounds),
        finished=is_last and len(done) == len(wanted),
    )
