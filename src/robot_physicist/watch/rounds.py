"""Watching a search or a sequence, whose campaigns are written round by round."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from .. import files
from ..campaign.files import read_campaign
from ..campaign.layout import Job, design_of, jobs
from ..campaign.model import Campaign
from ..information.results import InformationGain
from ..quantities.labels import label
from .files import WatchedFiles
from .progress import Best, Progress, Round, best, finished, progress


def kind(campaign: Campaign) -> str:
    """Is this a `search`, a `sequence`, or neither? The campaign says so; rounds may be left from earlier."""
    for name in ("search", "sequence"):
        if getattr(campaign, name) is not None:
            return name
    return ""


def look(campaign: Campaign, sort: str, results: WatchedFiles, now: float) -> Progress:
    """The state of all rounds so far, as one campaign that grows."""
    most = int(getattr(getattr(campaign, sort, None), "rounds", 0))
    campaigns = _campaigns(results)
    if sort == "sequence" and most:
        campaigns = campaigns[:most]  # the last update writes one more, which nobody runs
    wanted = [_jobs(one, sort, number, results) for number, one in enumerate(campaigns, 1)]
    rounds = _rounds(campaigns, wanted, sort, results)
    together = [job for jobs_of_round in wanted for job in jobs_of_round]
    stopped = bool(_state(results, len(campaigns), "search").get("stopped"))
    if stopped:
        together.append(design_of(together))
    return progress(
        campaign.title or campaign.name,
        together,
        results.times(together),
        now,
        [one.best for one in rounds[-1:] if one.best],
        rounds,
        is_last=stopped if sort == "search" else 0 < most == len(campaigns),
    )


def _campaigns(results: WatchedFiles) -> list[Campaign]:
    found: list[Campaign] = []
    for number in count(1):
        campaign = results.read(f"round={number}/campaign.yaml", read_campaign)
        if campaign is None:
            break
        found.append(campaign)
    return found


def _state(results: WatchedFiles, number: int, name: str) -> dict[str, Any]:
    """What a search or a sequence wrote before a round; empty when it is not there."""
    state = results.read(f"round={number}/{name}.json", files.read_json)
    return state if isinstance(state, dict) else {}


def _jobs(campaign: Campaign, sort: str, number: int, results: WatchedFiles) -> list[Job]:
    folder = f"round={number}/"
    if sort == "search":
        return jobs(campaign, folder, last="eig")
    experiment = results.read(f"{folder}measurement/campaign.yaml", read_campaign)
    taken = jobs(experiment, f"{folder}measurement/", last="posterior") if experiment else []
    posteriors = tuple(job.output for job in taken if job.stage == "posterior")
    return [*jobs(campaign, folder), *taken, Job("update", f"round={number + 1}/sequence.json", posteriors)]


def _rounds(
    campaigns: Sequence[Campaign], wanted: Sequence[Sequence[Job]], sort: str, results: WatchedFiles
) -> list[Round]:
    gains: dict[tuple[str, str], InformationGain] = {}
    found = []
    for number, (campaign, of_round) in enumerate(zip(campaigns, wanted, strict=True), 1):
        if sort == "sequence":
            gains = {}  # every experiment has another prior
        done = finished(of_round, results.times(of_round))
        gains |= {(gain.setting, gain.exposure): gain for gain in results.gains(of_round, done)}
        branches = [job.output in done for job in of_round if job.stage == "histogram"]
        exposure = _state(results, number, "search").get("exposure") or next(iter(campaign.exposures))
        top = _best(campaign, str(exposure), list(gains.values()))
        settings = tuple(tuple(point.values()) for point in campaign.setting_points)
        found.append(Round(number, settings, sum(branches), len(branches), top, _note(results, number, sort)))
    return found


def _best(campaign: Campaign, exposure: str, gains: Sequence[InformationGain]) -> Best | None:
    """The best of all settings that are tried, in a search's earlier rounds too."""
    tried = {gain.setting for gain in gains} | {label(point) for point in campaign.setting_points}
    answers = best(campaign, [gain for gain in gains if gain.exposure == exposure], len(tried))
    return answers[0] if answers else None


def _note(results: WatchedFiles, number: int, sort: str) -> str:
    """What came of a round: why the search stopped, or what the experiments so far say."""
    if sort == "search":
        return str(_state(results, number, "search").get("stopped") or "")
    try:
        experiment = _state(results, number + 1, "sequence")["rounds"][number - 1]
        known = [f"{name} = {one['mean']:.3g} ± {one['sd']:.2g}" for name, one in experiment["known"].items()]
        return f"at {experiment['setting']}: {', '.join(known)}"
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return ""  # the round goes on
