"""Finite simulation: bias, spread and calibration of the three numbers, against the exact answer."""

import time

import numpy as np

from benchmarks.measure import report
from robot_physicist.campaign import Estimator, EventCount, Simulation
from robot_physicist.finite_simulation import GainEstimates, information_gain
from robot_physicist.information import gain
from robot_physicist.labels import number
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.templates import Templates

ANGLES = np.linspace(0.20, 0.26, 21)
PRIOR = np.full(21, 1 / 21)
REPEATS = 50
#: Largest root mean square error, in nats, where the plug-in value is off by 0.65 and 0.79 nats: √s, n, N per θ.
GOAL = 0.03
DIFFICULT = (82.0, 1000, 10_000), (96.5, 1000, 10_000)
#: The error of 50 simulations is itself uncertain by a tenth.
MANY = 500
HEADER = "√s / GeV | n | N per θ | truth | plug-in | cross-fitted | corrected | RMSE | mean error | pull"


def main() -> None:
    print("Finite simulation, tree-level e⁺e⁻ → μ⁺μ⁻: 21 θ, 20 bins")
    print(f"| {HEADER} |\n|{'---|' * len(HEADER.split('|'))}")
    for sqrt_s in (82, 91, 96.5):
        for recorded, simulated in ((1, 10_000), (1000, 1_000), (1000, 10_000), (1000, 100_000)):
            start = time.perf_counter()
            results, exact = repeated(sqrt_s, recorded, simulated, REPEATS)
            seconds = (time.perf_counter() - start) / REPEATS
            case = f"{sqrt_s} | {recorded} | {simulated}"
            print(f"| {case} | {row(results, exact)} | <!-- {seconds:.2f} s -->", flush=True)
    for sqrt_s, recorded, simulated in DIFFICULT:
        results, exact = repeated(sqrt_s, recorded, simulated, MANY)
        values = corrected(results)
        blocks = [f"{rmse(block, exact):.4f}" for block in values.reshape(-1, REPEATS)]
        print(f"RMSE of {REPEATS} at a time: {', '.join(blocks)}")
        what = f"RMSE of {MANY} at {sqrt_s:g} GeV, n = {recorded}, N = {simulated}"
        report(what, rmse(values, exact), "nats", GOAL)


def repeated(sqrt_s: float, recorded: int, simulated: int, repeats: int) -> tuple[list[GainEstimates], float]:
    """Estimates from fresh simulations, and the truth."""
    shape, exposure = born_shape(sqrt_s), EventCount(events=recorded)
    truth = gain(recorded * shape, exposure, PRIOR, 1 << 15, np.random.default_rng(0)).value
    return [estimate(shape, simulated, exposure, seed) for seed in range(repeats)], truth


def corrected(results: list[GainEstimates]) -> np.ndarray:
    return np.array([result.corrected.value for result in results])


def rmse(values: np.ndarray, truth: float) -> float:
    return float(np.sqrt(np.mean((values - truth) ** 2)))


def born_shape(sqrt_s: float, bins: int = 20) -> np.ndarray:
    """Exact bin probabilities, K × B."""
    edges = np.linspace(-1, 1, bins + 1)
    slope = np.array([born.asymmetry(sqrt_s, angle, "fixed") for angle in ANGLES])
    return np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)


def estimate(shape: np.ndarray, events: int, exposure: EventCount, seed: int) -> GainEstimates:
    """One estimate from a fresh simulation."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(events // 10, np.repeat(shape[:, None], 10, axis=1)).astype(float)
    unknown = np.full(len(shape), np.nan)
    points = tuple(f"sin2theta_w={number(angle)}" for angle in ANGLES)
    templates = Templates(points, (), counts, counts, np.full(len(shape), float(events)), unknown, unknown, {})
    return information_gain(templates, exposure, PRIOR, Estimator(), Simulation(), rng)


def row(results: list[GainEstimates], truth: float) -> str:
    """Averages of the three numbers, then RMSE, quoted error and pull of the corrected one."""
    values = corrected(results)
    errors = np.array([result.corrected.error for result in results])
    plug_in, bound = (np.mean([getattr(r, name).value for r in results]) for name in ("plug_in", "cross_fitted"))
    pull = np.sqrt(np.mean(((values - truth) / errors) ** 2))
    cells = (truth, plug_in, bound, values.mean(), rmse(values, truth), errors.mean(), pull)
    return " | ".join(f"{cell:.4f}" if abs(cell) < 0.1 else f"{cell:.3f}" for cell in cells)
