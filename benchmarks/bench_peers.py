"""Our estimators beside those of other people, with the same accuracy, in one run."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.bench_estimators import EXPOSURE, experiments
from benchmarks.measure import core_seconds
from robot_physicist.information.gain import eig_at, eig_quadrature, eig_scan
from robot_physicist.likelihood.data_points import DataPoints, data_points
from robot_physicist.statistics.quadrature import gauss_legendre

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / ".venvs/peers"
ACCURACY, BUDGETS, REPEATS = 1e-3, (1, 2, 4, 8), 20
MEANS, VARIANCE, REACH = np.linspace(-2, 2, 11), 1.0, 9.0
#: Threads of numpy, PyTorch and JAX.
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NPROC": "1"}
ONE_CORE["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
SCAN, SEED = (100, 200, 400), 7
#: Size, RMSE, and processor and wall seconds.
Result = tuple[int, float, tuple[float, float]]


def main() -> None:
    truths = {"toy": toy(512), "poisson": poisson_truth(), "scan": scan_truth()}
    others = peers(truths)
    print(f"Peers, accuracy {ACCURACY:g} nats (RMSE), everyone on one core, medians; ratio of processor times")
    if not others:
        print("Pyro, bayesdesign and pyapprox are not installed (make .venvs/peers/stamp); without them:")
    table("one event of the Gaussian toy, 11 θ", toy_results(truths["toy"]), others.get("toy", []))
    table("20 Poisson bins × 41 θ, slope", poisson_results(truths["poisson"]), others.get("poisson", []))
    table("scan of 100 settings × 200 θ × 400 bins", scan_results(truths["scan"]), others.get("scan", []))


def table(title: str, ours: dict[str, Result], others: list[dict[str, float]]) -> None:
    """Print size, error, time and the ratio of the time to ours, which stands first."""
    rows = ours | {str(row["peer"]): (int(row["size"]), row["rmse"], (row["seconds"], row["wall"])) for row in others}
    reference, _ = next(iter(rows.values()))[2]
    print(f"\n{title:<40} {'size':>9} {'RMSE/nats':>10} {'core/ms':>10} {'wall/ms':>10} {'ratio':>9}")
    for name, (size, rmse, (seconds, wall)) in rows.items():
        reached = "" if rmse <= ACCURACY else "  not reached"
        print(
            f"{name:<40} {size:>9} {rmse:>10.2g} {1e3 * seconds:>10.3g} {1e3 * wall:>10.3g} "
            f"{seconds / reference:>9.3g}{reached}"
        )


def peers(truths: dict[str, float | np.ndarray]) -> dict[str, list[dict[str, float]]]:
    """Results of the other environment by problem; empty when it has not been set up."""
    if not (ENVIRONMENT / "stamp").exists():
        return {}
    toy_problem = {
        "means": MEANS.tolist(),
        "variance": VARIANCE,
        "reach": REACH,
        "prior": uniform(len(MEANS)).tolist(),
    }
    rates = experiments()["slope"]
    problems = {
        "accuracy": ACCURACY,
        "budgets": BUDGETS,
        "toy": toy_problem | {"truth": truths["toy"]},
        "poisson": {"rates": rates.tolist(), "prior": uniform(len(rates)).tolist(), "truth": truths["poisson"]},
        "scan": {"shape": SCAN, "seed": SEED, "truth": np.asarray(truths["scan"]).tolist()},
    }
    line = [str(ENVIRONMENT / "bin/python"), str(ROOT / "benchmarks/peers.py")]
    output = subprocess.run(
        line, input=json.dumps(problems), text=True, check=True, stdout=subprocess.PIPE, env=os.environ | ONE_CORE
    ).stdout
    results: dict[str, list[dict[str, float]]] = {}
    for text in output.splitlines():
        if text.startswith("{"):
            row = json.loads(text)
            results.setdefault(row["problem"], []).append(row)
    return results


def uniform(points: int) -> np.ndarray:
    return np.full(points, 1 / points)


def until(estimate: Callable[[int, int], float], sizes: list[int], truth: float) -> Result:
    """The smallest size whose RMSE over seeds is small enough, and the median time of an estimate."""
    for size in sizes:
        errors = [estimate(size, seed) - truth for seed in range(REPEATS)]
        rmse = float(np.sqrt(np.mean(np.square(errors))))
        if rmse <= ACCURACY:
            break
    return size, rmse, core_seconds(lambda: estimate(size, 0), REPEATS)


def toy(nodes: int) -> float:
    """Exact sum over θ, Gauss–Legendre nodes in x."""
    x, weights = gauss_legendre(-REACH, REACH, nodes)
    density = np.exp(-0.5 * (x - MEANS[:, None]) ** 2 / VARIANCE) / np.sqrt(2 * np.pi * VARIANCE)
    return eig_quadrature(density, weights, uniform(len(MEANS)))


def toy_results(truth: float) -> dict[str, Result]:
    def original(size: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        x = MEANS[rng.integers(0, len(MEANS), size)] + np.sqrt(VARIANCE) * rng.standard_normal(size)
        return entropy_drop(-0.5 * (x[:, None] - MEANS) ** 2 / VARIANCE)

    return {
        "ours, quadrature": until(lambda size, _: toy(size), [1 << k for k in range(2, 9)], truth),
        "numpy, original algorithm": until(original, [1 << k for k in range(8, 22)], truth),
    }


def entropy_drop(logs: np.ndarray) -> float:
    """Textbook: posteriors (D, K) from log-likelihoods under a uniform prior, and the average fall of the entropy."""
    posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    entropies = -np.sum(posterior * np.log(np.where(posterior > 0, posterior, 1.0)), axis=1)
    return float(np.log(logs.shape[1]) - entropies.mean())


def prepared(size: int, seed: int) -> DataPoints:
    return data_points(EXPOSURE, experiments()["slope"].shape[1], size, np.random.default_rng(seed))


def poisson_truth() -> float:
    rates = experiments()["slope"]
    values = [eig_at(prepared(1 << 17, 1000 + seed), rates, uniform(len(rates))).value for seed in range(4)]
    return float(np.mean(values))


def poisson_results(truth: float) -> dict[str, Result]:
    """Points serve all settings, so their preparation is not part of the time per setting; it is a row of its own."""
    rates = experiments()["slope"]
    prior = uniform(len(rates))

    def ours(size: int, seed: int) -> float:
        return eig_at(prepared(size, seed), rates, prior).value

    def original(size: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rates[rng.integers(0, len(rates), size)])
        return entropy_drop(counts @ np.log(rates).T - rates.sum(axis=1))

    size, rmse, with_points = until(ours, [1 << k for k in range(9, 18)], truth)
    points = prepared(size, 0)
    return {
        "ours, points shared by all settings": (size, rmse, core_seconds(lambda: eig_at(points, rates, prior), 40)),
        "ours, and its points": (size, rmse, with_points),
        "numpy, original algorithm": until(original, [1 << k for k in range(11, 22)], truth),
    }


def scan_table() -> np.ndarray:
    raw = np.random.default_rng(SEED).random(SCAN)
    return raw / raw.sum(axis=2, keepdims=True)


def scan_truth() -> np.ndarray:
    """Log-ratio form in extended precision, one setting at a time."""
    table = (setting.astype(np.longdouble) for setting in scan_table())
    return np.array([float(np.mean(np.sum(p * np.log(p / p.mean(axis=0)), axis=1))) for p in table])


def scan_results(truth: np.ndarray) -> dict[str, Result]:
    """The exact sum; the plain version writes out the posterior of every bin."""
    probabilities, prior = scan_table(), uniform(SCAN[1])

    def plain() -> np.ndarray:
        evidence = prior @ probabilities
        posterior = prior[:, None] * probabilities / evidence[:, None, :]
        entropies = -np.sum(posterior * np.log(posterior), axis=1)
        return np.log(SCAN[1]) - np.sum(evidence * entropies, axis=1)

    def ours() -> np.ndarray:
        return eig_scan(probabilities, prior)

    calls = {"ours, exact": (ours, 9), "numpy, posterior of every bin": (plain, 3)}
    errors = {name: float(np.sqrt(np.mean((call() - truth) ** 2))) for name, (call, _) in calls.items()}
    return {name: (SCAN[0], errors[name], core_seconds(call, times)) for name, (call, times) in calls.items()}
