"""What a round may simulate, and which of it is worth most per event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...quantities.arrays import FloatArray
from ...templates.options import Simulation
from .acquisition import SMALLEST, Belief, knowledge_gradient
from .options import Search
from .state import Tried

#: Standard deviations within which a place that was never simulated has to stay below the best one.
POSSIBLE = 4.0


@dataclass(frozen=True)
class Action:
    """Simulate so many events per branch at one of the candidates; what the error of the result will be."""

    place: int
    events: int
    error: float


def best_batch(
    size: int, belief: Belief, possible: list[Action], doubted: Sequence[int], left: int | None
) -> Iterator[Action]:
    """Doubted settings, then the best actions one after the other, each as if the results before it were known."""
    for _ in range(size):
        possible = [action for action in possible if left is None or action.events <= left]
        urgent = [action for action in possible if action.place in doubted]
        action = urgent[0] if urgent else _best(belief, possible)
        if action is None:
            return
        yield action
        belief = belief.after(action.place, action.error)
        left = None if left is None else left - action.events
        possible = [other for other in possible if other.place != action.place]


def _best(belief: Belief, possible: Sequence[Action]) -> Action | None:
    """The action that is worth most per event; None when none is worth anything."""
    if not possible:
        return None
    worth = knowledge_gradient(belief, [one.place for one in possible], [one.error for one in possible])
    index = int(np.argmax(worth / np.array([action.events for action in possible])))
    smallest = SMALLEST * belief.covariance.diagonal().max() ** 0.5
    return possible[index] if worth[index] > smallest else None


def possible_actions(
    search: Search, places: Sequence[Tried], tried: Sequence[Tried], errors: FloatArray, simulation: Simulation
) -> Iterator[Action]:
    """Events for new settings and more events for those tried; errors fall with the root of the events.

    One more step of `growth` than anywhere so far is possible at every setting: few events at a time may be worth
    nothing where many are.
    """
    done = np.array([sum(one.batches) for one in tried])
    cost = np.array([one.cost if search.maximise == "gain per cost" else 1.0 for one in places])
    per_event = errors * np.sqrt(done)
    usual = float(np.median(per_event * cost[: len(tried)]))
    most = search.growth * done.max()
    for place in range(len(places)):
        before = int(done[place]) if place < len(tried) else 0
        scale = per_event[place] if place < len(tried) else usual / cost[place]
        for total in _ladder(search.growth * before or simulation.events, search.growth, most):
            # events come in folds, and a step from few events with little growth would have fewer
            more = max(total - before, simulation.folds)
            yield Action(place, more, float(scale / np.sqrt(more)))


def _ladder(first: float, growth: float, most: float) -> Iterator[int]:
    """Numbers of events, each `growth` times the one before."""
    yield round(first)
    while (first := first * growth) <= most:
        yield round(first)


def suspects(
    size: int, belief: Belief, possible: Sequence[Action], margin: float, left: int | None
) -> Iterator[Action]:
    """New places that might exceed the best one by a `margin`, highest first.

    They are less known than few events there would tell. A process is most wrong where the function is highest, so
    that more standard deviations count than a normal distribution has.
    """
    first = {action.place: action for action in reversed(possible) if not belief.known[action.place]}
    least = belief.mean[belief.best] + margin
    for _ in range(size):
        highest = belief.possible(POSSIBLE)
        unsure = [
            action
            for place, action in first.items()
            if highest[place] > least and belief.at(place).error > action.error
        ]
        if not unsure or (left is not None and unsure[0].events > left):
            return
        action = max(unsure, key=lambda one: float(highest[one.place]))
        yield action
        belief = belief.after(action.place, action.error)
        left = None if left is None else left - action.events
