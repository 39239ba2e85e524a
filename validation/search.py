"""Adaptive search against grids: simulated events until the setting that is named is within 0.01 nats of the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from robot_physicist.reports.figures.search import search_figure
from robot_physicist.reports.figures.style import render_bytes
from validation.goals import at_least, at_most
from validation.script import Found, Repeats, Result, Script
from validation.search_figure import regret_figure
from validation.search_grids import Grid, Grids, cheapest, collected, dimensions, grids
from validation.search_paths import Searched, enough, search_path, with_regret
from validation.search_problems import PROBLEMS, WANTED, Problem, highest, searched
from validation.search_surfaces import SURFACES, statement, surfaces_table
from validation.search_surfaces import case as surface_case

SEEDS = 20
GRID_SEEDS = {1: 8, 2: 3}
#: Share of searches, or of grids, that have to be as good as wanted.
MOST = 0.9
#: Problems of which one search is drawn.
DRAWN = ("weinberg_born", "two_valleys")
HIGHEST, SEARCHES = "highest gain", "searches"
Measured = Mapping[str, tuple[list[Searched], Grids]]


def grid_case(problem: Problem, size: int) -> str:
    """Name of the case of grids with so many events per branch."""
    return f"{problem.name}: grids of {size} events"


def cases(problem: Problem) -> list[str]:
    """Cases of one problem: all regrets are against its highest gain."""
    own = [f"{problem.name}: {what}" for what in (HIGHEST, SEARCHES)]
    return [*own, *(grid_case(problem, size) for size in problem.sizes)]


def planned(repeats: int | None) -> dict[str, int]:
    """There is one highest gain, and no more grids than usual, which take longest."""
    found: dict[str, int] = {}
    for problem in PROBLEMS.values():
        usual = GRID_SEEDS[dimensions(problem)]
        first, second, *rest = cases(problem)
        found |= {first: 1, second: repeats or SEEDS, **dict.fromkeys(rest, min(repeats or usual, usual))}
    return found | dict.fromkeys(map(surface_case, SURFACES), repeats or SEEDS)


def repeat(name: str, seed: int) -> Result:
    """One search, one set of grids, the highest gain of a problem, or what a search on a surface states."""
    if name in map(surface_case, SURFACES):
        return statement(SURFACES[name.partition(", ")[2]], seed)
    title, _, what = name.partition(": ")
    problem = PROBLEMS[title]
    if what == HIGHEST:
        return {"gain": highest(problem)}
    if what == SEARCHES:
        return search_path(problem, seed)
    size = next(size for size in problem.sizes if grid_case(problem, size) == name)
    return {"grids": grids(problem, size, seed)}


def tally(name: str, repeats: Repeats) -> str:
    """The highest gain; regrets are against it and in the table."""
    return f"{repeats[0]['gain']:.5f} nats" if name.endswith(HIGHEST) else ""


def measured(found: Found) -> Measured:
    """Searches and grids of the problems whose highest gain and some of whose searches are known."""
    known = {}
    for name, problem in PROBLEMS.items():
        highest_gain, searches, *rest = cases(problem)
        if highest_gain in found and searches in found:
            top = found[highest_gain][0]["gain"]
            sizes = zip(problem.sizes, rest, strict=True)
            each = ((size, one["grids"]) for size, case in sizes for one in found.get(case, {}).values())
            known[name] = with_regret(found[searches], top), collected(each, top)
    return known


def table(found: Found) -> Iterator[str]:
    """Lines of every problem whose regrets are known."""
    known = measured(found)
    if known:
        seeds = max(len(searches) for searches, _ in known.values())
        yield f"Adaptive search, {seeds} seeds each; events are per branch, all settings together"
    for name, (searches, grids_found) in known.items():
        yield from lines(name, searches, grids_found)
    yield from surfaces_table(found)


def lines(name: str, searches: list[Searched], found: Grids) -> Iterator[str]:
    """What searches need, and what the cheapest grids need that are as good."""
    ends, regrets = [one.events[-1] for one in searches], [one.regret[-1] for one in searches]
    yield (
        f"{name}: a search ends after {np.mean(ends):,.0f} events (median {np.median(ends):,.0f}), "
        f"regret {np.mean(regrets):.4f} on average, {max(regrets):.4f} at most; "
        f"the mean regret is within {WANTED} from {enough(searches):,.0f} events on"
    )
    yield at_most(f"{name}: mean regret", float(np.mean(regrets)), "nats", WANTED)
    share = float(np.mean([regret <= WANTED for regret in regrets]))
    yield at_least(f"{name}: share of searches within {WANTED} nats", share, "", MOST)
    if found:
        yield from comparisons(name, found, enough(searches), float(np.mean(ends)))


def comparisons(name: str, found: Grids, until_right: float, until_known: float) -> Iterator[str]:
    """The cheapest grids that are as good as searches, by either standard."""
    standards = (
        ("a grid that is right on average", right, until_right),
        ("a grid that knows it is right", known, until_known),
    )
    for what, good, events in standards:
        (number, size), needed = cheapest(found, good)
        if math.isinf(needed):
            most = max(one[0].events for one in found.values())
            yield f"{name}: {what}: none up to {most:,.0f} events, {most / events:.3g} times those of a search"
            continue
        yield f"{name}: {what}: {number} settings per variable × {size} events = {needed:,.0f} events"
        yield at_least(f"{name}: times fewer events than {what}", needed / events, "×", 5)


def right(found: list[Grid]) -> bool:
    """Is the regret of such grids as small as wanted on average?"""
    return float(np.mean([one.regret for one in found])) <= WANTED


def known(found: list[Grid]) -> bool:
    """Does the process of a search expect a regret as small as wanted, in most cases, and is it on average?"""
    expected = float(np.mean([one.expected <= WANTED for one in found]))
    return expected >= MOST and float(np.mean([one.known for one in found])) <= WANTED


def draw(found: Found, folder: Path) -> Iterator[Path]:
    """Draw regrets when all is finished, and one search of two problems, which is run again."""
    if not found.keys() >= planned(None).keys():
        return
    path = folder / "search_regret.png"
    path.write_bytes(render_bytes(regret_figure(measured(found)), "png"))
    yield path
    for name in DRAWN:
        problem, path = PROBLEMS[name], folder / f"search_{name}.png"
        figure = search_figure(problem.campaign(1), searched(problem, 1)[-1])
        path.write_bytes(render_bytes(figure, "png"))
        yield path


SCRIPT = Script(planned, repeat, tally, table, draw)
