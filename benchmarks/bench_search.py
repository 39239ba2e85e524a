"""Adaptive search against grids: simulated events until the setting that is named is within 0.01 nats of the best."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measure import report, report_least
from robot_physicist.campaign import Campaign, Estimator
from robot_physicist.documents import InformationGain
from robot_physicist.finite_simulation import information_gain
from robot_physicist.information import gain
from robot_physicist.labels import label, parse
from robot_physicist.plots import BLUE, GREEN, GREY, ORANGE, render_bytes, styled
from robot_physicist.search import next_round
from robot_physicist.search_documents import SearchState
from robot_physicist.search_domain import domain_of
from robot_physicist.search_plots import search_figure
from robot_physicist.seeds import branch_generator
from robot_physicist.simulators import forward_backward
from robot_physicist.simulators.base import FloatArray
from robot_physicist.simulators.gaussian_cosine import sd
from robot_physicist.templates import Templates
from robot_physicist.validation import campaign_from, prior_weights

WANTED = 0.01
SEEDS = 20
FOLDS = 10
#: Cheaper than the defaults, the same for searches and grids.
ESTIMATOR = Estimator(draws=1024, replicas=16)
Setting = Mapping[str, float]


@dataclass(frozen=True)
class Problem:
    """A campaign without a simulator: bin probabilities (K, B) are known at every setting, and counts are drawn."""

    name: str
    raw: dict[str, Any]
    shape: Callable[[Setting, FloatArray], FloatArray]

    def campaign(self, seed: int) -> Campaign:
        """Its campaign with a seed."""
        return _campaign(self.name, seed)

    @property
    def points(self) -> FloatArray:
        """Values of θ, (K,)."""
        campaign = self.campaign(0)
        return np.array([list(point.values()) for point in campaign.parameter_points])[:, 0]

    def exact(self, setting: Setting) -> float:
        """Information gain in nats, from the probabilities themselves."""
        return _exact(self.name, label(setting))


@cache
def _campaign(name: str, seed: int) -> Campaign:
    return campaign_from({**PROBLEMS[name].raw, "seed": seed}, name)


@cache
def _exact(name: str, text: str) -> float:
    problem, setting = PROBLEMS[name], parse(text)
    campaign = problem.campaign(0)
    exposure = campaign.exposure[0]
    rates = exposure.events * problem.shape(setting, problem.points)
    return gain(rates, exposure, prior_weights(campaign), 1 << 14, np.random.default_rng(0)).value


def counts(problem: Problem, setting: Setting, events: int, rng: np.random.Generator) -> FloatArray:
    """Histograms of a fresh simulation, (K, F, B)."""
    shape = problem.shape(setting, problem.points)
    per_fold = [events // FOLDS + (fold < events % FOLDS) for fold in range(FOLDS)]
    return rng.multinomial(np.array(per_fold)[None, :], shape[:, None, :]).astype(float)


def estimated(problem: Problem, setting: Setting, found: FloatArray, seed: int) -> InformationGain:
    """The gain from histograms, as the stage `eig` computes it."""
    campaign = problem.campaign(seed)
    made = found.sum(axis=(1, 2))
    unknown = np.full(len(found), np.nan)
    labels = tuple(map(label, campaign.parameter_points))
    templates = Templates(labels, (), found, found, made, unknown, unknown, {})
    exposure, rng = campaign.exposure[0], branch_generator(seed, {}, {}, 0, "eig")
    result = information_gain(templates, exposure, prior_weights(campaign), ESTIMATOR, campaign.simulation, rng)
    return InformationGain(
        setting=label(setting),
        exposure=next(iter(campaign.exposures)),
        prior_entropy=result.prior_entropy,
        corrected=result.corrected,
        plug_in=result.plug_in,
        cross_fitted=result.cross_fitted,
        exact=None,
        functions=result.functions,
        method=result.method,
        nuisances="none",
        simulated_events=int(made.sum()),
        effective_events=float(made.min()),
        warnings=[],
    )


def searched(problem: Problem, seed: int) -> list[SearchState]:
    """All states of one search; events of earlier rounds are kept, as the workflow does."""
    campaign, found = problem.campaign(seed), {}
    states = [next_round(campaign, None, [])]
    while not states[-1].stopped:
        gains = []
        for one in (one for one in states[-1].tried if one.setting in states[-1].proposed):
            rng = branch_generator(seed, one.values, {}, len(one.batches), "bench")
            found[one.setting] = found.get(one.setting, 0.0) + counts(problem, one.values, one.batches[-1], rng)
            gains.append(estimated(problem, one.values, found[one.setting], seed))
        states.append(next_round(campaign, states[-1], gains))
    return states


def gaussian_shape(width: float, points: FloatArray, edges: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    cumulative = ndtr((edges[None, :] - points[:, None]) / width)
    cumulative[:, 0], cumulative[:, -1] = 0.0, 1.0
    return np.diff(cumulative, axis=1)


def cosine_shape(setting: Setting, points: FloatArray) -> FloatArray:
    return gaussian_shape(sd(setting["phi"]), points, np.linspace(-8, 8, 33))


def valleys_sd(a: float, b: float) -> float:
    """Two valleys of the width: the deeper one at (0.7, 0.3), a decoy at (0.2, 0.8)."""
    first = math.exp(-((a - 0.7) ** 2 + (b - 0.3) ** 2) / (2 * 0.15**2))
    second = math.exp(-((a - 0.2) ** 2 + (b - 0.8) ** 2) / (2 * 0.15**2))
    return 3.0 - 2.0 * first - 1.7 * second


def valleys_shape(setting: Setting, points: FloatArray) -> FloatArray:
    return gaussian_shape(valleys_sd(setting["a"], setting["b"]), points, np.linspace(-8, 8, 33))


def forward_backward_shape(setting: Setting, points: FloatArray) -> FloatArray:
    edges = np.linspace(-1, 1, 21)
    rows = []
    for theta in points:
        sampler = forward_backward.ForwardBackwardSampler(
            forward_backward.slope(setting["beam_energy"], float(theta))
        )
        rows.append(np.diff(np.interp(edges, sampler.edges, sampler.cumulative / sampler.cumulative[-1])))
    return np.array(rows)


def weinberg_shape(setting: Setting, points: FloatArray) -> FloatArray:
    from robot_physicist.simulators.weinberg_born import asymmetry

    edges = np.linspace(-1, 1, 21)
    slope = np.array([asymmetry(setting["sqrt_s"], float(angle), "fixed") for angle in points])
    return np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)


def _raw(
    name: str, settings: Any, parameters: Any, observable: Any, recorded: int, events: int, **search: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "simulator": {"name": "command", "options": {"executable": ["none"], "observables": list(observable)}},
        "settings": settings,
        "parameters": parameters,
        "observables": observable,
        "exposure": {"events": recorded},
        "simulation": {"events": events},
        # half of what is wanted: the true regret is larger now and then than the expected one
        "search": {"tolerance": WANTED / 2, "rounds": 50, **search},
    }


COS, X = {"cos_theta": {"range": [-1, 1], "bins": 20}}, {"x": {"range": [-8, 8], "bins": 32}}
ANGLES = {"sin2theta_w": {"linspace": [0.20, 0.26, 13]}}
THETA, POSITIVE = {"theta": {"linspace": [-2, 2, 11]}}, {"theta": {"linspace": [0, 2, 11]}}
ENERGY, BEAM, PHI = (
    {"sqrt_s": {"range": [70, 110]}},
    {"beam_energy": {"range": [40, 50]}},
    {"phi": {"range": [0, 6.28]}},
)
SQUARE = {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}
PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("weinberg_born", _raw("weinberg_born", ENERGY, ANGLES, COS, 1000, 1000), weinberg_shape),
        Problem("forward_backward", _raw("forward_backward", BEAM, POSITIVE, COS, 20, 200), forward_backward_shape),
        Problem("gaussian_cosine", _raw("gaussian_cosine", PHI, THETA, X, 20, 200), cosine_shape),
        Problem("two_valleys", _raw("two_valleys", SQUARE, THETA, X, 20, 200, initial=16), valleys_shape),
    )
}
#: Settings of the finest grid along one variable, of which the others take every second, third ... one.
FINEST = {1: 24, 2: 12}
#: Events per branch of grids, in units of a search's first events.
SIZES = {1: (1, 4, 16, 64), 2: (1, 4, 16)}
GRID_SEEDS = {1: 20, 2: 5}
#: Share of searches, or of grids, that have to be as good as wanted.
MOST = 0.9
FIGURES = Path(__file__).parent.parent / "results/benchmarks"


@dataclass(frozen=True)
class Outcome:
    """One search or grid: events generated per branch, all settings together, and the true regret in nats.

    `found` are the events after which a search named settings as good as wanted, and no others any more.
    """

    events: float
    regret: float
    found: float = float("nan")


def highest(problem: Problem) -> float:
    """The best gain of the domain, from a fine scan and a refinement around its maximum."""
    domain = domain_of(problem.campaign(0))
    centre, width = np.full(len(domain.names), 0.5), 0.5
    for _ in range(3):
        axes = [np.linspace(max(0, c - width), min(1, c + width), 13 if len(centre) == 2 else 41) for c in centre]
        places = domain.snap(np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1))
        best = max(places, key=problem.exact)
        centre, width = domain.cube([best])[0], width / 8
    return problem.exact(best)


def search_outcome(problem: Problem, seed: int, top: float) -> Outcome:
    states = searched(problem, seed)
    events = [state.simulated_events / len(problem.points) for state in states]
    regrets = [top - problem.exact(parse(state.best)) if state.best else math.inf for state in states]
    # the gains that a state knows are those of the events asked for by the state before it
    bad = [index for index, regret in enumerate(regrets) if regret > WANTED]
    found = events[bad[-1]] if bad[-1] < len(states) - 1 else math.inf
    return Outcome(events[-1], regrets[-1], found)


def grid_outcomes(problem: Problem, events: int, seed: int, top: float) -> dict[int, Outcome]:
    """Grids of 2, 3, 4 ... settings along each variable with these events per branch, shifted by a random offset.

    All are parts of the finest one, so that one simulation serves them; an offset is drawn since nobody knows
    beforehand where the best setting is.
    """
    domain, rng = domain_of(problem.campaign(0)), np.random.default_rng([seed, events])
    dimensions = len(domain.names)
    finest = FINEST[dimensions]
    offset = rng.random(dimensions)
    axes = [(np.arange(finest) + shift) / finest for shift in offset]
    cube = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    settings = [domain.snap(point[None, :])[0] for point in cube]
    values = [estimated(problem, one, counts(problem, one, events, rng), seed).corrected.value for one in settings]
    table = np.array(values).reshape((finest,) * dimensions)
    found = {}
    for step in (step for step in range(1, finest // 2 + 1) if finest % step == 0):
        first = int(rng.integers(step))
        part = table[(slice(first, None, step),) * dimensions]
        index = np.array(np.unravel_index(int(part.argmax()), part.shape)) * step + first
        named = settings[int(np.ravel_multi_index(tuple(index), table.shape))]
        found[finest // step] = Outcome(float(part.size * events), top - problem.exact(named))
    return found


def measure(name: str) -> tuple[list[Outcome], dict[tuple[int, int], list[Outcome]]]:
    """Searches of all seeds, and grids by settings along a variable and events per branch."""
    problem = PROBLEMS[name]
    top, first = highest(problem), problem.campaign(0).simulation.events
    searches = [search_outcome(problem, seed, top) for seed in range(SEEDS)]
    grids: dict[tuple[int, int], list[Outcome]] = {}
    dimensions = len(domain_of(problem.campaign(0)).names)
    for size in SIZES[dimensions]:
        for seed in range(GRID_SEEDS[dimensions]):
            for number, outcome in grid_outcomes(problem, size * first, seed, top).items():
                grids.setdefault((number, size * first), []).append(outcome)
    return searches, grids


def cheapest(
    grids: Mapping[tuple[int, int], list[Outcome]], good: Callable[[list[Outcome]], bool]
) -> tuple[tuple[int, int], Outcome] | None:
    """The grid with fewest events that is good; None when none is."""
    means = {key: _mean(outcomes) for key, outcomes in grids.items() if good(outcomes)}
    return min(means.items(), key=lambda item: item[1].events, default=None)


def within(outcomes: Sequence[Outcome]) -> float:
    """Share of outcomes whose regret is as small as wanted."""
    return float(np.mean([one.regret <= WANTED for one in outcomes]))


def _mean(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(float(np.mean([o.events for o in outcomes])), float(np.mean([o.regret for o in outcomes])))


def main() -> None:
    print(f"Adaptive search, {SEEDS} seeds each; events are per branch, all settings together")
    with ProcessPoolExecutor(len(PROBLEMS)) as pool:
        measured = dict(zip(PROBLEMS, pool.map(measure, PROBLEMS), strict=True))
    for name, (searches, grids) in measured.items():
        tell(name, searches, grids)
    FIGURES.mkdir(parents=True, exist_ok=True)
    raw = {name: [s, [[*key, o] for key, o in g.items()]] for name, (s, g) in measured.items()}
    (FIGURES / "search.json").write_text(json.dumps(raw, default=asdict))
    (FIGURES / "search.png").write_bytes(render_bytes(outcomes_figure(measured), "png"))
    for name in ("weinberg_born", "two_valleys"):
        problem = PROBLEMS[name]
        figure = search_figure(problem.campaign(1), searched(problem, 1)[-1])
        (FIGURES / f"search_{name}.png").write_bytes(render_bytes(figure, "png"))


def tell(name: str, searches: list[Outcome], grids: Mapping[tuple[int, int], list[Outcome]]) -> None:
    """Print what searches need, and what the cheapest grids need that are as good."""
    mean, regrets, found = _mean(searches), [one.regret for one in searches], [one.found for one in searches]
    print(f"{name}: {mean.events:,.0f} events (median {np.median([one.events for one in searches]):,.0f})", end=" ")
    print(f"until the search ends, {np.median(found):,.0f} (median) until the setting is found", end=" ")
    print(f"that is within {WANTED} nats; regret {mean.regret:.4f} on average, {max(regrets):.4f} at most")
    report(f"{name}: mean regret", mean.regret, "nats", WANTED)
    report_least(f"{name}: share of searches within {WANTED} nats", within(searches), "", MOST)
    criteria: dict[str, Callable[[list[Outcome]], bool]] = {
        "right in 90% of cases": lambda outcomes: within(outcomes) >= MOST,
        "right on average": lambda outcomes: _mean(outcomes).regret <= WANTED,
    }
    for what, good in criteria.items():
        best = cheapest(grids, good)
        if best is None:
            most = max(_mean(outcomes).events for outcomes in grids.values())
            print(f"{name}: no grid is {what}, up to {most / mean.events:.3g} times the events of a search")
            continue
        (number, events), grid = best
        print(f"{name}: a grid {what}, {number} settings per variable × {events} events: {grid.events:,.0f} events")
        report_least(f"{name}: times fewer events than that grid", grid.events / mean.events, "×", 5)


@styled
def outcomes_figure(measured: Mapping[str, tuple[list[Outcome], dict[tuple[int, int], list[Outcome]]]]) -> Figure:
    """Regret against events: every search, and the mean of every grid."""
    figure = Figure(figsize=(11.0, 9.0), layout="constrained")
    for axis, (name, (searches, grids)) in zip(figure.subplots(2, 2).ravel(), measured.items(), strict=True):
        means = [_mean(outcomes) for outcomes in grids.values()]
        axis.plot(*_clipped(means), "s", color=GREY, markersize=5, label="grids, mean")
        axis.plot(*_clipped(searches), "o", color=BLUE, markersize=5, alpha=0.5, label="searches")
        axis.plot(*_clipped([_mean(searches)]), "*", color=ORANGE, markersize=18, label="their mean")
        axis.axhline(WANTED, color=GREEN, linestyle=":")
        axis.set(xscale="log", yscale="log", ylim=(5e-5, 2))
        axis.set_title(name, loc="right")
    axis.legend(frameon=False, loc="best")
    figure.supxlabel("Simulated events per branch, all settings", fontsize=17)
    figure.supylabel("Regret [nats]", fontsize=17)
    return figure


def _clipped(outcomes: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    return [one.events for one in outcomes], [max(one.regret, 1e-4) for one in outcomes]


if __name__ == "__main__":
    main()
