"""Searches round by round: the gain of the setting that is named, and the regret against simulated events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robot_physicist.quantities.labels import parse
from validation.script import Repeats, Result
from validation.search_problems import WANTED, Problem, searched


@dataclass(frozen=True)
class Searched:
    """True regret in nats of the setting named after so many events per branch, all settings together; both (R,)."""

    events: tuple[float, ...]
    regret: tuple[float, ...]


def search_path(problem: Problem, seed: int) -> Result:
    """True gain of the setting that is named after every round of a search, and the events until then."""
    states = searched(problem, seed)
    # the gains that a state knows are those of the events asked for by the state before it
    events = [before.simulated_events / len(problem.points) for before in states[:-1]]
    return {"events": events, "named": [problem.exact(parse(state.best)) for state in states[1:]]}


def with_regret(repeats: Repeats, top: float) -> list[Searched]:
    """Searches from their records and the best gain there is."""
    return [Searched(tuple(one["events"]), tuple(top - named for named in one["named"])) for one in repeats.values()]


def mean_regret(searches: Sequence[Searched]) -> tuple[list[float], list[float]]:
    """Numbers of events from where all searches name a setting, and their mean regret if they were stopped there.

    A search that ended earlier keeps its answer.
    """
    events = sorted(
        {one for search in searches for one in search.events if one >= max(s.events[0] for s in searches)}
    )
    regrets = [
        float(
            np.mean(
                [search.regret[int(np.searchsorted(search.events, one, side="right")) - 1] for search in searches]
            )
        )
        for one in events
    ]
    return events, regrets


def enough(searches: Sequence[Searched]) -> float:
    """Events from which on the mean regret of searches is as small as wanted; infinity if it never is."""
    events, regrets = mean_regret(searches)
    bad = [index for index, regret in enumerate(regrets) if regret > WANTED]
    following = bad[-1] + 1 if bad else 0
    return events[following] if following < len(events) else math.inf
