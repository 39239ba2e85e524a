"""Search for the setting with the highest information gain, round by round.

A Gaussian process is fitted to the gains found so far with their standard errors. The next round simulates where one
more result adds most to the best known gain, per simulated event: at a new setting with few events, or at a contender
with more of them. The search stops when nothing better is to be expected, or nothing is left to spend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...campaign.model import Campaign
from ...campaign.search_rounds import exposure_of, round_campaign, search_of
from ...information.results import InformationGain
from ...quantities.arrays import FloatArray
from ...quantities.estimates import Estimate
from ...quantities.labels import parse, rounded
from ...quantities.seeds import branch_generator
from ...statistics.gaussian_process import Fit, fit
from ...templates.options import Simulation
from .acquisition import SMALLEST, Belief, expected_regret, knowledge_gradient
from .bookkeeping import asked, simulated, told, unit, untried
from .domain import PLACES, Domain, candidates, corners, domain_of, pictured, spread, unique
from .options import Search
from .state import Process, ProcessBand, SearchState, Tried

#: Settings among which affordable ones are looked for when there are few of them.
MANY = 64 * PLACES
#: Standard errors by which a gain may lie above what is believed.
DOUBT = 3.0


@dataclass(frozen=True)
class Action:
    """Simulate so many events per branch at one of the candidates; what the error of the result will be."""

    place: int
    events: int
    error: float


def next_round(campaign: Campaign, before: SearchState | None, gains: Sequence[InformationGain]) -> SearchState:
    """What to simulate next, from the state of the search so far and the gains of its last round."""
    domain, number = domain_of(campaign), 1 if before is None else before.round + 1
    rng = branch_generator(campaign.seed, {}, {}, number, "search")
    if before is None:
        return _first_round(campaign, domain, rng)
    if before.stopped:
        return replace(before, round=number)
    return _later_round(campaign, domain, told(before.tried, gains, exposure_of(campaign)), number, rng)


def first_campaign(campaign: Campaign) -> Campaign:
    """The campaign of the first round of a search."""
    return round_campaign(campaign, next_round(campaign, None, []))


def _affordable(campaign: Campaign, settings: Sequence[dict[str, float]]) -> list[Tried]:
    search = search_of(campaign)
    found = [untried(campaign, setting) for setting in settings]
    return [one for one in found if search.affordable is None or one.cost <= search.affordable]


def _first_round(campaign: Campaign, domain: Domain, rng: np.random.Generator) -> SearchState:
    search, events = search_of(campaign), campaign.simulation.events
    wanted = min(search.initial, domain.size)
    new = _affordable(campaign, spread(domain, search.initial, rng))
    for number in (PLACES, MANY):
        if len(new) < wanted:
            others = _affordable(campaign, spread(domain, number, rng))
            spaced = np.linspace(0, len(others) - 1, min(wanted, len(others))).round().astype(int)
            new = [others[index] for index in spaced]
    if len(new) < wanted:
        # what is cheapest is at a corner, or is named in the campaign
        named = [parse(label) for label in search.cost.at]
        known = unique([*(one.values for one in new), *corners(domain), *named])
        new = sorted(_affordable(campaign, known), key=lambda one: one.cost)[:wanted]
    tried = asked([], {one.setting: events for one in new}, new, 1)
    return _state(campaign, tried, 1, proposed=[one.setting for one in tried])


def _state(campaign: Campaign, tried: Sequence[Tried], number: int, **more: object) -> SearchState:
    return SearchState(
        campaign=campaign.name,
        round=number,
        exposure=exposure_of(campaign),
        maximise=search_of(campaign).maximise,
        tried=list(tried),
        simulated_events=simulated(tried, len(campaign.samples)),
        **more,  # type: ignore[arg-type]
    )


def objective(search: Search, tried: Sequence[Tried]) -> tuple[FloatArray, FloatArray]:
    """What is maximised at the settings tried, and its standard errors, both (N,)."""
    cost = np.array([one.cost if search.maximise == "gain per cost" else 1.0 for one in tried])
    known = [one.gain or Estimate(0.0, 1.0) for one in tried]
    return np.array([gain.value for gain in known]) / cost, np.array([gain.error for gain in known]) / cost


def believed(errors: FloatArray, events: FloatArray, first: int) -> FloatArray:
    """Errors (N,) of gains from so many `events` (N,), each averaged with the usual one for its events.

    A quoted error has an error too, and one that is too small by chance would pin the process to a wrong gain. The
    usual one counts as much as the `first` events of a setting.

    >>> believed(np.array([0.1, 0.2, 0.1]), np.array([100, 100, 400]), 100).round(3)
    array([0.158, 0.2  , 0.1  ])
    """
    usual = np.median(errors * np.sqrt(events)) / np.sqrt(events)
    own = events / first
    result: FloatArray = np.sqrt((own * errors**2 + usual**2) / (own + 1))
    return result


def _later_round(
    campaign: Campaign, domain: Domain, tried: list[Tried], number: int, rng: np.random.Generator
) -> SearchState:
    search = search_of(campaign)
    y, quoted = objective(search, tried)
    errors = believed(quoted, np.array([sum(one.batches) for one in tried]), campaign.simulation.events)
    highest = tried[int(np.argmax(y - errors))].values
    places = _affordable(campaign, candidates(domain, [one.values for one in tried], highest, rng))
    shown = pictured(domain, highest)
    cube = domain.cube([*(one.values for one in places), *shown])
    fitted = fit(domain.cube([one.values for one in tried]), y, errors, cube, int(rng.integers(2**31)))
    belief = _belief(fitted, len(places), len(tried))
    regret = expected_regret(belief, rng)
    spent = simulated(tried, len(campaign.samples))
    left = None if search.budget is None else (search.budget - spent) // len(campaign.samples)
    possible = list(_actions(search, places, tried, errors, campaign.simulation))
    doubted = _doubted(belief, y, errors, [len(one.batches) for one in tried])
    chosen = list(_batch(search.batch, belief, possible, doubted, left))
    known = regret <= search.tolerance and not doubted
    spent_all = left is not None and all(action.events > left for action in possible)
    stopped = _stopped(search, number, regret, known, bool(chosen), spent_all)
    new = [places[action.place] for action in chosen if not stopped]
    events = {} if stopped else {places[action.place].setting: action.events for action in chosen}
    return _state(
        campaign,
        asked(tried, events, new, number),
        number,
        proposed=list(events),
        process=_process(fitted, domain),
        band=_band(fitted, shown),
        best=tried[belief.best].setting,
        best_gain=belief.at(belief.best),
        expected_regret=regret,
        stopped=stopped,
    )


def _doubted(belief: Belief, y: FloatArray, errors: FloatArray, rounds: Sequence[int]) -> list[int]:
    """Settings with a gain so far above what the process believes that it would be the best one: luck, or a peak.

    They are simulated again, once, before the search may stop.
    """
    lucky = (y - DOUBT * errors > belief.mean[: len(y)]) & (y > belief.mean[belief.best])
    return [place for place in range(len(y)) if lucky[place] and rounds[place] == 1]


def _stopped(search: Search, number: int, regret: float, known: bool, more: bool, spent: bool) -> str:
    if known:
        return f"expected regret of {regret:.2g} {unit(search.maximise)} is within the tolerance"
    if number > search.rounds:
        return f"{search.rounds} rounds"
    return "" if more else "the budget is spent" if spent else "nothing is left to simulate"


def _belief(fitted: Fit, places: int, tried: int) -> Belief:
    mean, covariance = fitted.mean[:places], fitted.covariance[:places, :places]
    return Belief(mean, covariance, np.arange(places) < tried)


def _batch(
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


def _actions(
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


def _process(fitted: Fit, domain: Domain) -> Process:
    widths = [axis[-1] - axis[0] for axis in domain.axes]
    lengths = zip(domain.names, fitted.length_scales, widths, strict=True)
    scales = {name: rounded(float(length * width)) for name, length, width in lengths}
    return Process(fitted.level, fitted.sd, scales, fitted.log_likelihood)


def _band(fitted: Fit, shown: list[dict[str, float]]) -> ProcessBand:
    mean, variance = fitted.mean[-len(shown) :], fitted.covariance.diagonal()[-len(shown) :]
    sd = np.sqrt(variance.clip(0.0))
    return ProcessBand(shown, [round(float(one), 6) for one in mean], [round(float(one), 6) for one in sd])
