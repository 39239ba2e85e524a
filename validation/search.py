"""Adaptive search against grids: simulated events until the setting that is named is within 0.01 nats of the best."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measure import report, report_least
from robot_physicist.documents import InformationGain
from robot_physicist.labels import parse
from robot_physicist.plots import BLUE, GREEN, GREY, ORANGE, render_bytes, styled
from robot_physicist.search import next_round
from robot_physicist.search_documents import SearchState
from robot_physicist.search_domain import domain_of
from robot_physicist.search_plots import search_figure
from robot_physicist.search_rounds import asked, exposure_of, search_of, untried
from validation.search_problems import (
    PROBLEMS,
    WANTED,
    Problem,
    Setting,
    counts,
    estimated,
    highest,
    searched,
)

SEEDS = 20
#: Settings of the finest grid along one variable, of which the others take every second, third ... one.
FINEST = {1: 24, 2: 12}
GRID_SEEDS = {1: 8, 2: 3}
#: Share of searches, or of grids, that have to be as good as wanted.
MOST = 0.9
FIGURES = Path(__file__).parent.parent / "results/validation"


@dataclass(frozen=True)
class Searched:
    """True regret in nats of the setting named after so many events per branch, all settings together; both (R,)."""

    events: tuple[float, ...]
    regret: tuple[float, ...]


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


Grids = Mapping[tuple[int, int], list[Grid]]


def search_path(problem: Problem, seed: int, top: float) -> Searched:
    """The regret after every round of a search."""
    states = searched(problem, seed)
    # the gains that a state knows are those of the events asked for by the state before it
    events = [before.simulated_events / len(problem.points) for before in states[:-1]]
    return Searched(tuple(events), tuple(top - problem.exact(parse(state.best)) for state in states[1:]))


def finest_grid(problem: Problem, events: int, seed: int) -> tuple[list[Setting], list[InformationGain]]:
    """Settings and gains of the finest grid, shifted at random: nobody knows beforehand where the best setting is."""
    domain, rng = domain_of(problem.campaign(0)), np.random.default_rng([seed, events])
    finest = FINEST[len(domain.names)]
    axes = [(np.arange(finest) + shift) / finest for shift in rng.random(len(domain.names))]
    cube = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    settings = [domain.snap(point[None, :])[0] for point in cube]
    return settings, [estimated(problem, one, counts(problem, one, events, rng), seed) for one in settings]


def grids(problem: Problem, events: int, seed: int, top: float) -> dict[int, Grid]:
    """Grids of 2, 3, 4 ... settings along each variable, parts of the finest one: one simulation serves all."""
    settings, gains = finest_grid(problem, events, seed)
    rng, dimensions = np.random.default_rng([seed, events, 1]), len(domain_of(problem.campaign(0)).names)
    finest = FINEST[dimensions]
    places = np.arange(len(settings)).reshape((finest,) * dimensions)
    found = {}
    for step in (step for step in range(1, finest // 2 + 1) if finest % step == 0):
        part = places[(slice(int(rng.integers(step)), None, step),) * dimensions].ravel()
        found[finest // step] = grid(
            problem, seed, [settings[i] for i in part], [gains[i] for i in part], events, top
        )
    return found


def grid(
    problem: Problem, seed: int, settings: list[Setting], gains: list[InformationGain], events: int, top: float
) -> Grid:
    """What a grid names by itself, and what a search would say that had simulated the grid in its first round."""
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
    state = next_round(campaign, first, gains)
    named = settings[int(np.argmax([one.corrected.value for one in gains]))]
    expected = state.expected_regret
    known = top - problem.exact(parse(state.best))
    return Grid(
        float(len(settings) * events),
        top - problem.exact(named),
        known,
        math.inf if expected is None else expected,
    )


def measure(name: str) -> tuple[list[Searched], Grids]:
    """Searches of all seeds, and grids by settings along a variable and events per branch."""
    problem = PROBLEMS[name]
    top = highest(problem)
    searches = [search_path(problem, seed, top) for seed in range(SEEDS)]
    found: dict[tuple[int, int], list[Grid]] = {}
    dimensions = len(domain_of(problem.campaign(0)).names)
    for size in problem.sizes:
        for seed in range(GRID_SEEDS[dimensions]):
            for number, one in grids(problem, size, seed, top).items():
                found.setdefault((number, size), []).append(one)
    return searches, found


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


def cheapest(found: Grids, good: Callable[[list[Grid]], bool]) -> tuple[tuple[int, int], float]:
    """The grid with fewest events that is good, and its events; infinity when none is."""
    events = {key: key_grids[0].events for key, key_grids in found.items() if good(key_grids)}
    return min(events.items(), key=lambda item: item[1], default=((0, 0), math.inf))


def right(found: list[Grid]) -> bool:
    """Is the regret of such grids as small as wanted on average?"""
    return float(np.mean([one.regret for one in found])) <= WANTED


def known(found: list[Grid]) -> bool:
    """Does the process of a search expect a regret as small as wanted, in most cases, and is it on average?"""
    expected = float(np.mean([one.expected <= WANTED for one in found]))
    return expected >= MOST and float(np.mean([one.known for one in found])) <= WANTED


def main() -> None:
    print(f"Adaptive search, {SEEDS} seeds each; events are per branch, all settings together")
    with ProcessPoolExecutor(2) as pool:
        measured = dict(zip(PROBLEMS, pool.map(measure, PROBLEMS), strict=True))
    for name, (searches, found) in measured.items():
        tell(name, searches, found)
    FIGURES.mkdir(parents=True, exist_ok=True)
    raw = {name: [s, [[*key, g] for key, g in found.items()]] for name, (s, found) in measured.items()}
    (FIGURES / "search.json").write_text(json.dumps(raw, default=asdict))
    (FIGURES / "search_regret.png").write_bytes(render_bytes(regret_figure(measured), "png"))
    for name in ("weinberg_born", "two_valleys"):
        problem = PROBLEMS[name]
        figure = search_figure(problem.campaign(1), searched(problem, 1)[-1])
        (FIGURES / f"search_{name}.png").write_bytes(render_bytes(figure, "png"))


def tell(name: str, searches: list[Searched], found: Grids) -> None:
    """Print what searches need, and what the cheapest grids need that are as good."""
    ends, regrets = [one.events[-1] for one in searches], [one.regret[-1] for one in searches]
    print(f"{name}: a search ends after {np.mean(ends):,.0f} events (median {np.median(ends):,.0f})", end=", ")
    print(f"regret {np.mean(regrets):.4f} on average, {max(regrets):.4f} at most", end="; ")
    print(f"the mean regret is within {WANTED} from {enough(searches):,.0f} events on")
    report(f"{name}: mean regret", float(np.mean(regrets)), "nats", WANTED)
    share = float(np.mean([regret <= WANTED for regret in regrets]))
    report_least(f"{name}: share of searches within {WANTED} nats", share, "", MOST)
    comparisons = (
        ("a grid that is right on average", right, enough(searches)),
        ("a grid that knows it is right", known, float(np.mean(ends))),
    )
    for what, good, events in comparisons:
        (number, size), needed = cheapest(found, good)
        if math.isinf(needed):
            most = max(one[0].events for one in found.values())
            print(f"{name}: {what}: none up to {most:,.0f} events, {most / events:.3g} times those of a search")
            continue
        print(f"{name}: {what}: {number} settings per variable × {size} events = {needed:,.0f} events")
        report_least(f"{name}: times fewer events than {what}", needed / events, "×", 5)


@styled
def regret_figure(measured: Mapping[str, tuple[list[Searched], Grids]]) -> Figure:
    """Regret against events: searches round by round, their mean, and the mean of every grid."""
    figure = Figure(figsize=(11.0, 9.0), layout="constrained")
    for axis, (name, (searches, found)) in zip(figure.subplots(2, 2).ravel(), measured.items(), strict=True):
        _draw(axis, searches, found)
        axis.set_title(name, loc="right")
    axis.legend(frameon=False, loc="best", fontsize=13)
    figure.supxlabel("Simulated events per branch, all settings", fontsize=17)
    figure.supylabel("Regret [nats]", fontsize=17)
    return figure


def _draw(axis: Axes, searches: Sequence[Searched], found: Grids) -> None:
    least = 1e-4
    for search in searches:
        axis.plot(search.events, np.maximum(search.regret, least), color=BLUE, alpha=0.15, linewidth=1)
    ends = [one.events[-1] for one in searches], np.maximum([one.regret[-1] for one in searches], least)
    axis.plot(*ends, "o", color=BLUE, markersize=4, alpha=0.5, label="searches and their ends")
    events, regrets = mean_regret(searches)
    axis.plot(events, np.maximum(regrets, least), color=ORANGE, linewidth=2.5, label="their mean")
    means = [(key_grids[0].events, np.mean([one.regret for one in key_grids])) for key_grids in found.values()]
    axis.plot(*np.maximum(np.transpose(means), least), "s", color=GREY, markersize=4, label="grids, mean")
    axis.axhline(WANTED, color=GREEN, linestyle=":")
    axis.set(xscale="log", yscale="log", ylim=(least / 2, 2))


if __name__ == "__main__":
    main()
