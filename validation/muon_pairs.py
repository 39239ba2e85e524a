"""e⁺e⁻ → μ⁺μ⁻ at tree level, whose exact templates are known: estimates of the gain from fresh simulations."""

from functools import cache

import numpy as np

from robot_physicist.information.finite_simulation import GainEstimates, information_gain
from robot_physicist.information.gain import gain
from robot_physicist.information.options import Estimator
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.quantities.labels import number
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.simulators.weinberg_born import WeinbergBorn
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.reweighting import Reweighting
from robot_physicist.templates.templates import Templates
from validation.script import Result

ANGLES = np.linspace(0.20, 0.26, 21)
PRIOR = np.full(21, 1 / 21)
BINS, FOLDS = 20, 10
#: sin²θ_W of the events that are weighted to all others.
REFERENCE = 0.23
LABELS = tuple(f"sin2theta_w={number(angle)}" for angle in ANGLES)


def born_shape(sqrt_s: float, bins: int = BINS) -> FloatArray:
    """Exact bin probabilities, K × B."""
    edges = np.linspace(-1, 1, bins + 1)
    slope = np.array([born.asymmetry(sqrt_s, angle, "fixed") for angle in ANGLES])
    return np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)


@cache
def truth(sqrt_s: float, recorded: int, draws: int) -> float:
    """The gain of so many recorded events from the exact templates; every process computes it once."""
    rates = recorded * born_shape(sqrt_s)
    return gain(rates, EventCount(events=recorded), PRIOR, draws, np.random.default_rng(0)).value


def estimate(shape: FloatArray, events: int, exposure: EventCount, seed: int) -> GainEstimates:
    """One estimate from a fresh simulation of so many events per θ."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(events // FOLDS, np.repeat(shape[:, None], FOLDS, axis=1)).astype(float)
    unknown = np.full(len(shape), np.nan)
    templates = Templates(LABELS, (), counts, counts, np.full(len(shape), float(events)), unknown, unknown, {})
    return information_gain(templates, exposure, PRIOR, Estimator(), Simulation(), rng)


def weighted(sqrt_s: float, events: int, exposure: EventCount, seed: int | list[int]) -> GainEstimates:
    """One estimate from fresh events of one reference, weighted to all θ."""
    rng = np.random.default_rng(seed)
    made, unknown = weighted_sums(sqrt_s, events, rng).document(FOLDS), np.full(len(ANGLES), np.nan)
    generated = np.full(len(ANGLES), float(events))
    templates = Templates(LABELS, (), made.sumw, made.sumw2, generated, unknown, unknown, {}, shared=True)
    return information_gain(templates, exposure, PRIOR, Estimator(), Simulation(), rng)


def weighted_sums(sqrt_s: float, events: int, rng: np.random.Generator) -> Reweighting:
    """Sums of weights in bins and folds, from blocks of events as large as memory likes."""
    simulator = WeinbergBorn(WeinbergBorn.Options(width="fixed"))
    points = [{"sin2theta_w": float(angle)} for angle in [*ANGLES, REFERENCE]]
    sampler = simulator.prepare_weighted({"sqrt_s": sqrt_s}, points[-1], points)
    sums = Reweighting(list(LABELS), ["reference"], [*LABELS, "reference"])
    for start in range(0, events, 100_000):
        block = sampler.sample(min(100_000, events - start), rng)
        size = len(block.columns["cos_theta"])
        bins = np.clip((block.columns["cos_theta"] + 1) * BINS / 2, 0, BINS - 1).astype(int)
        cells = np.arange(size) % FOLDS * BINS + bins
        sums.add(block.ratios, np.ones(size), cells, FOLDS * BINS)
    return sums


def recorded_gain(found: GainEstimates) -> Result:
    """The three numbers of an estimate, and error and interval of the corrected one."""
    corrected = found.corrected
    return {
        "plug_in": found.plug_in.value,
        "cross_fitted": found.cross_fitted.value,
        "corrected": corrected.value,
        "error": corrected.error,
        "low": corrected.low,
        "high": corrected.high,
    }


def rmse(values: FloatArray, exact: float) -> float:
    """Root mean square error."""
    return float(np.sqrt(np.mean((values - exact) ** 2)))
