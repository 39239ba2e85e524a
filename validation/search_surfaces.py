"""Surfaces with several peaks, and searches on them: what is stated about the regret, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.rounds import next_round
from robot_physicist.design.search.state import SearchState
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.estimates import Estimate, Interval
from robot_physicist.quantities.labels import parse
from validation.goals import at_least, at_most
from validation.script import Found, Repeats, Result

#: Errors of gains as the problem `two_valleys` has them: 0.042 nats for 200 events per branch, falling with the root
#: of the events, and quoted with a relative error of their own.
NOISE, OF_THE_ERROR = 0.6, 0.2
EVENTS, TOLERANCE = 200, 0.005
Setting = Mapping[str, float]


@dataclass(frozen=True)
class Surface:
    """A gain in nats, (N, D) → (N,), over the unit cube, and the places of its peaks, the lowest one last."""

    name: str
    dimensions: int
    gain: Callable[[FloatArray], FloatArray]
    peaks: tuple[tuple[float, ...], ...]

    def campaign(self, seed: int, **search: Any) -> Campaign:
        """A search for its highest peak; the simulator is never called."""
        names = "abcd"[: self.dimensions]
        raw = {
            "name": "surface",
            "seed": seed,
            "simulator": {"name": "command", "options": {"executable": ["none"], "observables": ["x"]}},
            "settings": {name: {"range": [0, 1]} for name in names},
            "parameters": {"theta": {"values": [0, 1]}},
            "observables": {"x": {"range": [0, 1], "bins": 2}},
            "exposure": {"events": 20},
            "simulation": {"events": EVENTS},
            "search": {"tolerance": TOLERANCE, "rounds": 50, **search},
        }
        return campaign_from(raw, self.name)

    def at(self, setting: Setting) -> float:
        """The gain at one setting."""
        return float(self.gain(np.array([list(setting.values())]))[0])

    def nearest_peak(self, setting: Setting) -> int:
        """Index of the peak that is nearest."""
        place = np.array(list(setting.values()))
        return int(np.argmin([np.linalg.norm(place - peak) for peak in self.peaks]))

    @property
    def highest(self) -> float:
        """The highest gain, from a scan of the whole cube."""
        side = np.linspace(0, 1, 401 if self.dimensions == 2 else 101)
        cube = np.stack([axis.ravel() for axis in np.meshgrid(*[side] * self.dimensions)], axis=1)
        return float(self.gain(cube).max())


def _hills(*hills: tuple[float, tuple[float, ...], float], base: float = 0.05) -> Callable[[FloatArray], FloatArray]:
    """A sum of Gaussians with these heights, places and widths."""

    def gain(x: FloatArray) -> FloatArray:
        rises = [height * np.exp(-((x - at) ** 2).sum(axis=1) / (2 * width**2)) for height, at, width in hills]
        return base + np.sum(rises, axis=0)

    return gain


def _ridge(x: FloatArray) -> FloatArray:
    """A bent ridge that rises to one end, and a hill beside it."""
    a, b = x.T
    along = 0.2 + 0.9 * (a - 0.2) ** 2
    ridge = (0.3 + 0.25 * a) * np.exp(-((b - along) ** 2) / (2 * 0.12**2))
    hill = 0.44 * np.exp(-((a - 0.25) ** 2 + (b - 0.8) ** 2) / (2 * 0.15**2))
    return np.asarray(0.1 + ridge + hill)


def _waves(x: FloatArray) -> FloatArray:
    """Hills of a periodic function on a slope."""
    a, b = x.T
    return np.asarray(0.35 + 0.15 * np.sin(7 * a + 0.5) * np.cos(6 * b) + 0.1 * a - 0.08 * b)


SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "three peaks",
            2,
            _hills((0.507, (0.2, 0.75), 0.13), (0.467, (0.85, 0.2), 0.13), (0.32, (0.5, 0.4), 0.25)),
            ((0.2, 0.75), (0.85, 0.2), (0.5, 0.4)),
        ),
        Surface("bent ridge", 2, _ridge, ((1.0, 0.776), (0.25, 0.8))),
        Surface("waves", 2, _waves, ((1.0, 0.0), (0.615, 0.51), (0.17, 0.0), (1.0, 1.0), (0.17, 1.0))),
        Surface(
            "three peaks in three dimensions",
            3,
            _hills((0.5, (0.25, 0.7, 0.3), 0.2), (0.45, (0.8, 0.25, 0.7), 0.2), (0.25, (0.6, 0.7, 0.75), 0.3)),
            ((0.25, 0.7, 0.3), (0.8, 0.25, 0.7), (0.6, 0.7, 0.75)),
        ),
    )
}


def told(setting: str, value: float, error: float, events: int) -> InformationGain:
    """A gain with its error, as the stage `eig` writes it."""
    half, interval = Estimate(value, error), Interval(value, error, value - 1.96 * error, value + 1.96 * error)
    return InformationGain(setting, "events=20", 1.0, interval, half, half, None, 2, "", "none", events, events, [])


def searched(surface: Surface, seed: int, **search: Any) -> list[SearchState]:
    """All states of a search; the results of a setting are independent, whatever the events before."""
    campaign, rng = surface.campaign(seed, **search), np.random.default_rng(seed)
    states = [next_round(campaign, None, [])]
    while not states[-1].stopped:
        gains = []
        for one in (one for one in states[-1].tried if one.setting in states[-1].proposed):
            made = sum(one.batches)
            error, value = NOISE / made**0.5, surface.at(one.values)
            value, quoted = rng.normal(value, error), error * np.exp(OF_THE_ERROR * rng.standard_normal())
            gains.append(told(one.setting, float(value), float(quoted), 2 * made))
        states.append(next_round(campaign, states[-1], gains))
    return states


def statement(surface: Surface, seed: int, **search: Any) -> Result:
    """What one search states in its end, and what is true of the setting that it names."""
    *_, last = states = searched(surface, seed, **search)
    best = parse(last.best or "")
    return {
        "expected": last.expected_regret,
        "limit": last.regret_limit,
        "true": surface.highest - surface.at(best),
        "lowest": surface.nearest_peak(best) == len(surface.peaks) - 1,
        "converged": "within the tolerance" in last.stopped,
        "events": last.simulated_events / 2,
        "rounds": len(states) - 1,
        "settings": len(last.tried),
    }


def states_of_regret(name: str, repeats: Repeats) -> Iterator[str]:
    """How often the regret that searches of one surface state is no less than the true one; which peak they name."""
    made = list(repeats.values())
    held = {key: sum(one[key] >= one["true"] for one in made) for key in ("limit", "expected")}
    lowest, number = sum(one["lowest"] for one in made), len(made)
    mean = {
        key: float(np.mean([one[key] for one in made])) for key in ("expected", "limit", "true", "events", "rounds")
    }
    yield (
        f"{name}: regret {mean['true']:.4f} on average, {max(one['true'] for one in made):.4f} at most, expected"
        f" {mean['expected']:.4f}, limit {mean['limit']:.4f}; within the limit {held['limit']}/{number}, within the"
        f" expected one {held['expected']}/{number}; lowest peak named {lowest}/{number};"
        f" {sum(one['converged'] for one in made)}/{number} end within the tolerance,"
        f" after {mean['rounds']:.1f} rounds and {mean['events']:,.0f} events"
    )


def surfaces_table(found: Found) -> Iterator[str]:
    """A line per surface that has repeats, and what is wanted of all of them together."""
    made = {name: found[case(name)] for name in SURFACES if case(name) in found}
    for name, repeats in made.items():
        yield from states_of_regret(name, repeats)
    every = [one for repeats in made.values() for one in repeats.values()]
    plane = [one for name, repeats in made.items() if SURFACES[name].dimensions == 2 for one in repeats.values()]
    if every:
        share = float(np.mean([one["limit"] >= one["true"] for one in every]))
        yield at_least("surfaces: share of searches whose regret is within the stated limit", share, "", 0.9)
    if plane:
        lowest = float(np.mean([one["lowest"] for one in plane]))
        yield at_most("surfaces of two variables: share that names the lowest peak", lowest, "", 1 / 60)


def case(name: str) -> str:
    """Name of the case of searches on a surface."""
    return f"surface, {name}"
