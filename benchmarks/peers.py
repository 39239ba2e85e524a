"""Other people's estimators on the problems of `bench_peers`; runs in `.venvs/peers`, which does not hold ours.

Reads the problems as JSON from standard input and prints one JSON result per line. Every peer is called as its own
documentation shows, without a search for its best options: θ summed exactly and quasi-Monte Carlo points where
it lets its user choose these.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np

Estimate = Callable[[int, int], float]
REPEATS = 10
#: Size of the estimate that loads and compiles what there is, at most; JAX compiles for each size anew.
WARM_UP = 1 << 12


def main() -> None:
    problems = json.load(sys.stdin)
    toy, poisson, scan = problems["toy"], problems["poisson"], problems["scan"]
    for name, estimate, settings, sizes in (
        ("bayesdesign", bayesdesign_toy(toy), 2, [1 << k for k in range(2, 12)]),
        ("pyapprox", pyapprox_toy(toy), 1, [1 << k for k in range(6, 20)]),
        ("Pyro nmc_eig", pyro_toy(toy), 1, [1 << k for k in range(10, 22, 2)]),
    ):
        result = until(estimate, sizes, toy["truth"], problems["accuracy"])
        shared = {key: result[key] / settings for key in ("seconds", "wall")}
        show("toy", name, result | shared)
    estimate = pyro_poisson(poisson)
    per_second = size_of_a_second(estimate)
    for budget in problems["budgets"]:
        size = int(per_second * budget ** (2 / 3))
        show("poisson", f"Pyro nmc_eig, {budget} s", measured(estimate, size, poisson["truth"], 5))
    show("scan", "bayesdesign", bayesdesign_scan(scan))


def show(problem: str, peer: str, result: dict[str, float]) -> None:
    print(json.dumps({"problem": problem, "peer": peer, **result}), flush=True)


def measured(estimate: Estimate, size: int, truth: float, repeats: int) -> dict[str, float]:
    """RMSE over seeds, and median processor and wall seconds of one estimate, after a small one to warm up."""
    estimate(min(size, WARM_UP), repeats)
    errors, times = [], []
    for seed in range(repeats):
        start = time.process_time(), time.perf_counter()
        errors.append(estimate(size, seed) - truth)
        times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    return {"size": size, "rmse": float(np.sqrt(np.mean(np.square(errors)))), **medians(times)}


def medians(times: list[tuple[float, float]]) -> dict[str, float]:
    processor, wall = np.median(times, axis=0)
    return {"seconds": float(processor), "wall": float(wall)}


def until(estimate: Estimate, sizes: list[int], truth: float, accuracy: float) -> dict[str, float]:
    """The smallest size that is accurate enough, or the first that takes more than two seconds."""
    for size in sizes:
        result = measured(estimate, size, truth, REPEATS)
        if result["rmse"] <= accuracy or result["seconds"] > 2:
            break
    return result


def size_of_a_second(estimate: Estimate) -> int:
    """Outer samples that take a second of processor time; with √N inner ones, time grows as N to the power of 3/2."""
    size = 1 << 10
    for _ in range(4):
        start = time.process_time()
        estimate(size, 0)
        size = max(64, int(size * (time.process_time() - start) ** (-2 / 3)))
    return size


def pyro_toy(toy: dict) -> Estimate:
    import pyro.distributions as dist
    import torch

    means = torch.tensor(toy["means"], dtype=torch.float64)
    deviation = toy["variance"] ** 0.5
    return nested(toy["prior"], lambda index: dist.Normal(means[index], deviation))


def pyro_poisson(poisson: dict) -> Estimate:
    import pyro.distributions as dist
    import torch

    rates = torch.tensor(poisson["rates"], dtype=torch.float64)
    return nested(poisson["prior"], lambda index: dist.Poisson(rates[index]).to_event(1))


def nested(prior: list[float], data: Callable) -> Estimate:
    """Nested Monte Carlo with N outer and √N inner samples, the order that Rainforth et al. (2018) recommend."""
    import pyro
    import pyro.distributions as dist
    import torch
    from pyro.contrib.oed.eig import nmc_eig

    weights = torch.tensor(prior, dtype=torch.float64)

    def model(design: torch.Tensor) -> None:
        with pyro.plate_stack("settings", design.shape[:-1]):
            pyro.sample("x", data(pyro.sample("theta", dist.Categorical(weights))))

    def estimate(size: int, seed: int) -> float:
        pyro.set_rng_seed(seed)
        design = torch.zeros(1, 1, dtype=torch.float64)
        return nmc_eig(model, design, "x", "theta", N=size, M=int(size**0.5)).item()

    return estimate


def bayesdesign_toy(toy: dict) -> Estimate:
    import jax.numpy as jnp
    from bed import ExperimentDesigner, Grid

    # The library needs at least two settings, so the one is given twice and the time halved.
    parameters, designs = Grid(theta=np.array(toy["means"])), Grid(variance=np.array([toy["variance"]] * 2))
    reach, prior = toy["reach"], np.array(toy["prior"])

    @lru_cache
    def prepared(size: int) -> ExperimentDesigner:
        features = Grid(x=np.linspace(-reach, reach, size))
        return ExperimentDesigner(
            parameters, features, designs, lambda p, f, d: jnp.exp(-0.5 * (f.x - p.theta) ** 2 / d.variance)
        )

    def estimate(size: int, seed: int) -> float:
        designer = prepared(size)
        designer.calculateEIG(prior)
        return float(designer.EIG[0]) * np.log(2)

    return estimate


def pyapprox_toy(toy: dict) -> Estimate:
    from pyapprox.expdesign.likelihood import GaussianOEDInnerLoopLikelihood
    from pyapprox.expdesign.objective import KLOEDObjective
    from pyapprox.util.backends.numpy import NumpyBkd
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    backend, means, prior = NumpyBkd(), np.array(toy["means"])[None, :], np.array(toy["prior"])
    steps = np.cumsum(prior)[:-1]

    def estimate(size: int, seed: int) -> float:
        joint = Sobol(2, rng=np.random.default_rng(seed)).random(size).T
        truth = np.searchsorted(steps, joint[0], side="right")
        likelihood = GaussianOEDInnerLoopLikelihood(np.array([toy["variance"]]), backend)
        objective = KLOEDObjective(likelihood, means[:, truth], ndtri(joint[1:]), means, None, prior, backend)
        return objective.expected_information_gain(np.ones((1, 1)))

    return estimate


def bayesdesign_scan(scan: dict) -> dict[str, float]:
    """A table of probabilities, looked up once: what is timed is the sum over θ and bins."""
    import jax.numpy as jnp
    from bed import ExperimentDesigner, Grid

    settings, points, bins = scan["shape"]
    raw = np.random.default_rng(scan["seed"]).random((settings, points, bins))
    table = jnp.asarray(np.transpose(raw / raw.sum(axis=2, keepdims=True), (2, 0, 1)))
    grids = [Grid(theta=np.arange(points)), Grid(x=np.arange(bins)), Grid(phi=np.arange(settings))]
    designer = ExperimentDesigner(*grids, lambda p, f, d: table)
    prior, times = np.full(points, 1 / points), []
    for _ in range(4):
        start = time.process_time(), time.perf_counter()
        designer.calculateEIG(prior)
        gains = np.asarray(designer.EIG) * np.log(2)
        times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    error = np.sqrt(np.mean((gains - np.array(scan["truth"])) ** 2))
    return {"size": settings, "rmse": float(error), **medians(times[1:])}


if __name__ == "__main__":
    main()
