"""How time and memory grow with settings, θ, bins and data sets; draws the figure of docs/benchmarks.md."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.bench_estimators import EXPOSURE
from benchmarks.measure import report
from robot_physicist.information.gain import eig_at, eig_scan
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.reports.figures.style import BLUE, GREEN, ORANGE, render_bytes, styled

FIGURE = Path(__file__).parent.parent / "results/benchmarks/growth.png"
FACTORS = (1, 2, 4, 8, 16)
REPEATS = 9
Call = Callable[[], object]
Curves = dict[str, tuple[list[int], list[float]]]


def main() -> None:
    print("Growth of processor time, from the smallest size to 16 times as much")
    exact = {
        "settings": curve(6, lambda size: scan(size, 200, 400)),
        "θ": curve(25, lambda size: scan(12, size, 400)),
        "bins": curve(50, lambda size: scan(12, 200, size)),
    }
    sampled = {
        "data sets, multinomial": curve(2048, lambda size: sample(size, 41, 20, EventCount(events=1000))),
        "data sets, Poisson": curve(2048, lambda size: sample(size, 41, 20, EXPOSURE)),
        "θ, Poisson": curve(41, lambda size: sample(4096, size, 20, EXPOSURE)),
        "bins, Poisson": curve(10, lambda size: sample(4096, 41, size, EXPOSURE)),
    }
    for kind, curves in (("exact sum", exact), ("sampled", sampled)):
        for name, (sizes, seconds) in curves.items():
            report(f"exponent, {kind}, {name}, {sizes[0]} … {sizes[-1]}", exponent(sizes, seconds), "", 1.1)
    memory()
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    FIGURE.write_bytes(
        render_bytes(growth_figure({"exact sum over one event": exact, "sampled data": sampled}), "png")
    )
    print(f"figure: {FIGURE.relative_to(Path.cwd()) if FIGURE.is_relative_to(Path.cwd()) else FIGURE}")


def curve(smallest: int, prepare: Callable[[int], Call]) -> tuple[list[int], list[float]]:
    """Median processor times at 1, 2, 4 … 16 times the smallest size.

    Sizes take turns, and processor time is what counts: other work on the machine disturbs both less than wall time.
    """
    sizes = [smallest * factor for factor in FACTORS]
    calls = [prepare(size) for size in sizes]
    rounds = [[processor_seconds(call) for call in calls] for _ in range(REPEATS + 1)]
    return sizes, np.median(rounds[1:], axis=0).tolist()


def processor_seconds(call: Call) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Power of the size that the time grows with, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def scan(settings: int, points: int, bins: int) -> Call:
    table = np.random.default_rng(1).random((settings, points, bins))
    table /= table.sum(axis=2, keepdims=True)
    prior = np.full(points, 1 / points)
    return lambda: eig_scan(table, prior)


def sample(draws: int, points: int, bins: int, exposure: EventCount) -> Call:
    theta, x = np.linspace(-1, 1, points)[:, None], (np.arange(bins) + 0.5) / bins
    rates = 50 * (1 + 0.6 * theta * (x - 0.5))
    prepared = data_points(exposure, bins, draws, np.random.default_rng(1))
    return lambda: eig_at(prepared, rates, np.full(points, 1 / points))


def memory() -> None:
    """Peaks beyond the arguments: they grow by the numbers that are returned or averaged, and by nothing else."""
    for settings in (10, 100):
        report(f"memory, exact sum, {settings} settings × 200 θ × 400 bins", peak(scan(settings, 200, 400)), "MB", 16)
    for draws in (1 << 14, 1 << 18):
        for name, exposure in (("multinomial", EventCount(events=1000)), ("Poisson", EXPOSURE)):
            call = sample(draws, 41, 20, exposure)
            report(f"memory, sampled, {draws} data sets × 41 θ × 20 bins, {name}", peak(call), "MB", 16)


def peak(call: Call) -> float:
    """Largest allocation of a call in megabytes, Python's and numpy's."""
    call()
    tracemalloc.start()
    call()
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return largest / 1e6


@styled
def growth_figure(panels: dict[str, Curves]) -> Figure:
    """Time against size on logarithmic axes, one panel per estimator; dotted: proportional."""
    figure = Figure(figsize=(9.0, 9.0), layout="constrained")
    for axis, (title, curves) in zip(figure.subplots(len(panels), 1), panels.items(), strict=True):
        for (name, (sizes, seconds)), colour in zip(curves.items(), (BLUE, ORANGE, GREEN, "black"), strict=False):
            relative = np.array(sizes) / sizes[0]
            label = f"{name}, {sizes[0]} … {sizes[-1]}: power {exponent(sizes, seconds):.2f}"
            axis.plot(relative, 1e3 * np.array(seconds), "o-", color=colour, label=label)
            axis.plot(relative, 1e3 * seconds[0] * relative, ":", color=colour)
        axis.set(xscale="log", yscale="log", xlabel="size relative to the smallest", ylabel="processor time [ms]")
        largest = max(max(seconds) for _, seconds in curves.values())
        axis.set(xlim=(0.85, 19), ylim=(None, 2e4 * largest))
        axis.set_xticks(FACTORS, [str(factor) for factor in FACTORS], minor=False)
        axis.xaxis.minorticks_off()
        axis.set_title(title, loc="left")
        axis.legend(loc="upper left")
    return figure
