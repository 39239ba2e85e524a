"""Problems for searches: campaigns whose bin probabilities, and so information gains, are known at every setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from robot_physicist.campaign.model import Campaign
from robot_physicist.campaign.priors import prior_weights
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.domain import domain_of
from robot_physicist.design.search.rounds import next_round
from robot_physicist.design.search.state import SearchState
from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.gain import gain
from robot_physicist.information.options import Estimator
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.labels import label, parse
from robot_physicist.quantities.seeds import branch_generator
from robot_physicist.simulators import forward_backward
from robot_physicist.simulators.gaussian_cosine import sd
from robot_physicist.templates.templates import Templates

WANTED = 0.01
FOLDS = 10
#: Cheaper than the defaults, the same for searches and grids.
ESTIMATOR = Estimator(draws=1024, replicas=16)
Setting = Mapping[str, float]


@dataclass(frozen=True)
class Problem:
    """A campaign without a simulator: bin probabilities (K, B) are known at every setting, and counts are drawn.

    `sizes` are events per branch of the grids that a search is compared with.
    """

    name: str
    raw: dict[str, Any]
    shape: Callable[[Setting, FloatArray], FloatArray]
    sizes: tuple[int, ...]

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
        "search": {"tolerance": WANTED, "rounds": 50, **search},
    }


COS, X = {"cos_theta": {"range": [-1, 1], "bins": 20}}, {"x": {"range": [-8, 8], "bins": 32}}
ANGLES = {"sin2theta_w": {"linspace": [0.20, 0.26, 13]}}
THETA, POSITIVE = {"theta": {"linspace": [-2, 2, 11]}}, {"theta": {"linspace": [0, 2, 11]}}
ENERGY, BEAM, PHI = (
    {"sqrt_s": {"range": [70, 110]}},
    {"beam_energy": {"range": [40, 50]}},
    {"phi": {"range": [0, 6.28]}},
)
MANY, FEW = (250, 1000, 4000, 16_000), (50, 200, 800, 3200)
SQUARE = {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}
# In two variables a search knows less of its own length scales, and its expected regret is often too small.
VALLEYS = _raw("two_valleys", SQUARE, THETA, X, 20, 200, initial=24, tolerance=WANTED / 2)
PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("weinberg_born", _raw("weinberg_born", ENERGY, ANGLES, COS, 1000, 1000), weinberg_shape, MANY),
        Problem(
            "forward_backward", _raw("forward_backward", BEAM, POSITIVE, COS, 20, 50), forward_backward_shape, FEW
        ),
        Problem("gaussian_cosine", _raw("gaussian_cosine", PHI, THETA, X, 20, 50), cosine_shape, FEW),
        Problem("two_valleys", VALLEYS, valleys_shape, FEW[:3]),
    )
}


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
