"""Search for the setting with the highest information gain, round by round.

Gaussian processes go through the gains found so far with their standard errors. The next round simulates where one
more result adds most to the best known gain, per simulated event: at a new setting with few events, or at a contender
with more of them. The search stops when nothing better is to be expected, and the length scale of what
is expected was seen, or nothing is left to spend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...campaign.model import Campaign
from ...campaign.search_rounds import exposure_of, initial_of, round_campaign, search_of
from ...information.results import InformationGain
from ...quantities.arrays import FloatArray
from ...quantities.estimates import Estimate
from ...quantities.labels import parse
from ...quantities.seeds import branch_generator
from ...statistics.gaussian_process import Points, Processes, learn, mixed
from .acquisition import Belief, regrets
from .actions import POSSIBLE, Action, best_batch, possible_actions, suspects
from .bookkeeping import asked, simulated, told, untried
from .domain import PLACES, Domain, candidates, corners, domain_of, pictured, spread, unique
from .options import Search
from .resolution import Resolution, holes, resolution
from .state import SearchState, Tried
from .statement import band, named, process_of, reason, said, six

#: Settings among which affordable ones are looked for when there are few of them.
MANY = 64 * PLACES
#: Standard errors by which a gain may lie above what is believed.
DOUBT = 3.0
#: Antithetic pairs of draws from each process.
DRAWS = 64


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
    initial = initial_of(campaign)
    wanted = min(initial, domain.size)
    new = _affordable(campaign, spread(domain, initial, rng))
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


@dataclass(frozen=True)
class Knowledge:
    """What is known before a round: gains, places that matter, and what the processes say of them.

    `y` and `errors` (N,) are of the settings tried, which are the first of `places`; `regret` holds draws.
    """

    y: FloatArray
    errors: FloatArray
    places: list[Tried]
    cube: FloatArray
    processes: Processes
    resolved: Resolution
    belief: Belief
    regret: FloatArray


def _later_round(
    campaign: Campaign, domain: Domain, tried: list[Tried], number: int, rng: np.random.Generator
) -> SearchState:
    search, known = search_of(campaign), _knowledge(campaign, domain, tried, rng)
    possible = list(possible_actions(search, known.places, tried, known.errors, campaign.simulation))
    doubted = _doubted(known.belief, known.y, known.errors, [len(one.batches) for one in tried])
    near, left = known.regret.mean() <= search.tolerance and not doubted, _left(campaign, tried)
    chosen = _chosen(search, known, possible, None if near else doubted, left)
    spent = left is not None and all(action.events > left for action in possible)
    suspected = any(suspects(1, known.belief, possible, search.tolerance, None))
    sure = near and not known.resolved.problem and not suspected
    found = named(tried[known.belief.best].setting, known.belief, known.regret)
    stopped = "" if chosen and not sure and number <= search.rounds else reason(search, number, found, sure, spent)
    chosen = [] if stopped else chosen
    asked_for = {known.places[action.place].setting: action.events for action in chosen}
    return _state(
        campaign,
        asked(tried, asked_for, [known.places[action.place] for action in chosen], number),
        number,
        proposed=list(asked_for),
        process=process_of(known.processes, domain),
        band=band(known.processes, domain, pictured(domain, _highest(tried, known.y, known.errors))),
        unexplored=six(known.resolved.unexplored),
        **found,
        **said(stopped, known.resolved, suspected),
    )


def _highest(tried: Sequence[Tried], y: FloatArray, errors: FloatArray) -> dict[str, float]:
    return tried[int(np.argmax(y - errors))].values


def _knowledge(campaign: Campaign, domain: Domain, tried: list[Tried], rng: np.random.Generator) -> Knowledge:
    y, quoted = objective(search_of(campaign), tried)
    errors = believed(quoted, np.array([sum(one.batches) for one in tried]), campaign.simulation.events)
    values = [one.values for one in tried]
    places = _affordable(campaign, candidates(domain, values, _highest(tried, y, errors), rng))
    processes = learn(Points(domain.cube(values), y, errors))
    resolved = _resolution(campaign, domain, processes, rng)
    if not resolved.problem:
        places = _contenders(processes, domain, places, len(tried))
    cube = domain.cube([one.values for one in places])
    belief, regret = _belief(processes, cube, len(tried), rng)
    return Knowledge(y, errors, places, cube, processes, resolved, belief, regret)


def _chosen(
    search: Search, known: Knowledge, possible: list[Action], doubted: list[int] | None, left: int | None
) -> list[Action]:
    """The actions of a round; `doubted` is None when the regret is within the tolerance.

    Then, or when nothing is worth its events, places come that may be better than is believed, and holes between the
    settings while the length scale is not resolved.
    """
    chosen = [] if doubted is None else list(best_batch(search.batch, known.belief, possible, doubted, left))
    chosen = chosen or list(suspects(search.batch, known.belief, possible, search.tolerance, left))
    if not chosen and known.resolved.problem:
        chosen = list(_explored(search.batch, known.processes, known.cube, possible, left))
    return chosen


def _contenders(processes: Processes, domain: Domain, places: list[Tried], tried: int) -> list[Tried]:
    """Places without those that are far from being the best one, of which nothing has to be known."""
    mean, sd = processes.marginal(domain.cube([one.values for one in places]))
    possible = mean + (POSSIBLE + 1) * sd > mean[:tried].max()
    return [one for index, one in enumerate(places) if index < tried or possible[index]]


def _belief(
    processes: Processes, cube: FloatArray, tried: int, rng: np.random.Generator
) -> tuple[Belief, FloatArray]:
    """What all processes say together, and draws of the regret of the setting that is named, as many from each."""
    means, covariances = processes.predict(cube)
    known = np.arange(len(cube)) < tried
    belief = Belief(*mixed(means, covariances), known)
    each = [Belief(mean, covariance, known) for mean, covariance in zip(means, covariances, strict=True)]
    return belief, np.concatenate([regrets(one, belief.best, rng, DRAWS) for one in each])


def _resolution(campaign: Campaign, domain: Domain, processes: Processes, rng: np.random.Generator) -> Resolution:
    """How much of the affordable domain is more than a length scale away from all settings tried."""
    tried = processes.points.x
    everywhere = _affordable(campaign, spread(domain, PLACES, rng))
    cube = np.vstack([tried, domain.cube([one.values for one in everywhere])])[len(tried) if everywhere else 0 :]
    whole = domain.size <= PLACES
    return resolution(processes.length_scales, processes.learnt, tried, cube, whole)


def _left(campaign: Campaign, tried: Sequence[Tried]) -> int | None:
    """Events per branch that the budget has left; None without a budget."""
    budget, samples = search_of(campaign).budget, len(campaign.samples)
    return None if budget is None else (budget - simulated(tried, samples)) // samples


def _explored(
    size: int, processes: Processes, cube: FloatArray, possible: Sequence[Action], left: int | None
) -> Iterator[Action]:
    """New settings in the largest holes between those tried, with few events each."""
    first = {action.place: action for action in reversed(possible)}
    for place in holes(processes.length_scales, processes.points.x, cube, size):
        if left is not None and first[place].events > left:
            return
        yield first[place]
        left = None if left is None else left - first[place].events


def _doubted(belief: Belief, y: FloatArray, errors: FloatArray, rounds: Sequence[int]) -> list[int]:
    """Settings with a gain so far above what the process believes that it would be the best one: luck, or a peak.

    They are simulated again, once, before the search may stop.
    """
    lucky = (y - DOUBT * errors > belief.mean[: len(y)]) & (y > belief.mean[belief.best])
    return [place for place in range(len(y)) if lucky[place] and rounds[place] == 1]
