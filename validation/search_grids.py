"""Grids beside a search: what they name by themselves, and what a search would say that had simulated them first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from robot_physicist.campaign.search_rounds import exposure_of, search_of
from robot_physicist.design.search.bookkeeping import asked, untried
from robot_physicist.design.search.domain import domain_of
from robot_physicist.design.search.rounds import next_round
from robot_physicist.design.search.state import SearchState
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.labels import parse
from validation.script import Result
from validation.search_problems import Problem, Setting, counts, estimated

#: Settings of the finest grid along one variable, of which the others take every second, third ... one.
FINEST = {1: 24, 2: 12}


@dataclass(frozen=True)
class Grid:
    """Events per branch, all settings together, and true regrets in nats.

    `regret` is that of the setting with the highest gain; `known` that of the setting which the process of a search
    would name after the same events, and `expected` the regret which it would expect.
    """

    events: float
    regret: float
    known: float
    expected: float


#: Grids by settings along a variable and events per branch.
Grids = Mapping[tuple[int, int], list[Grid]]


def dimensions(problem: Problem) -> int:
    """Number of variables of a setting."""
    return len(domain_of(problem.campaign(0)).names)


def finest_grid(problem: Problem, events: int, seed: int) -> tuple[list[Setting], list[InformationGain]]:
    """Settings and gains of the finest grid, shifted at random: nobody knows beforehand where the best setting is."""
    domain, rng = domain_of(problem.campaign(0)), np.random.default_rng([seed, events])
    finest = FINEST[len(domain.names)]
    axes = [(np.arange(finest) + shift) / finest for shift in rng.random(len(domain.names))]
    cube = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    settings = [domain.snap(point[None, :])[0] for point in cube]
    return settings, [estimated(problem, one, counts(problem, one, events, rng), seed) for one in settings]


def grids(problem: Problem, events: int, seed: int) -> list[Result]:
    """Grids of 2, 3, 4 ... settings along each variable, parts of the finest one: one simulation serves all."""
    settings, gains = finest_grid(problem, events, seed)
    rng, axes = np.random.default_rng([seed, events, 1]), dimensions(problem)
    finest = FINEST[axes]
    places = np.arange(len(settings)).reshape((finest,) * axes)
    found = []
    for step in (step for step in range(1, finest // 2 + 1) if finest % step == 0):
        part = places[(slice(int(rng.integers(step)), None, step),) * axes].ravel()
        one = grid(problem, seed, [settings[i] for i in part], [gains[i] for i in part], events)
        found.append({"per_variable": finest // step, **one})
    return found


def grid(problem: Problem, seed: int, settings: list[Setting], gains: list[InformationGain], events: int) -> Result:
    """True gains of the setting that a grid names, and of the one that a search after this first round would name."""
    state = after_first_round(problem, seed, settings, gains, events)
    named = settings[int(np.argmax([one.corrected.value for one in gains]))]
    return {
        "events": float(len(settings) * events),
        "named": problem.exact(named),
        "known": problem.exact(parse(state.best)),
        "expected": state.expected_regret,
    }


def after_first_round(
    problem: Problem, seed: int, settings: list[Setting], gains: list[InformationGain], events: int
) -> SearchState:
    """What a search knows that had simulated the grid in its first round."""
    campaign = problem.campaign(seed)
    new = [untried(campaign, one) for one in settings]
    tried = asked([], {one.setting: events for one in new}, new, 1)
    first = SearchState(
        campaign=campaign.name,
        round=1,
        exposure=exposure_of(campaign),
        maximise=search_of(campaign).maximise,
        tried=tried,
        simulated_events=events * len(tried),
        proposed=[one.setting for one in tried],
    )
    return next_round(campaign, first, gains)


def with_regret(recorded: Mapping[str, Any], top: float) -> Grid:
    """A grid from its record and the best gain there is; a search that cannot say its regret expects infinity."""
    expected = math.inf if recorded["expected"] is None else recorded["expected"]
    return Grid(recorded["events"], top - recorded["named"], top - recorded["known"], expected)


def collected(repeats: Iterable[tuple[int, list[Mapping[str, Any]]]], top: float) -> Grids:
    """Grids by settings along a variable and events per branch, from records with their events per branch."""
    found: dict[tuple[int, int], list[Grid]] = {}
    for size, recorded in repeats:
        for one in recorded:
            found.setdefault((one["per_variable"], size), []).append(with_regret(one, top))
    return found


def cheapest(found: Grids, good: Callable[[list[Grid]], bool]) -> tuple[tuple[int, int], float]:
    """The grid with fewest events that is good, and its events; infinity when none is."""
    events = {key: key_grids[0].events for key, key_grids in found.items() if good(key_grids)}
    return min(events.items(), key=lambda item: item[1], default=((0, 0), math.inf))
