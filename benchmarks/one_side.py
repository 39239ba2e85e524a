"""Run one benchmark of the tree in whose folder this starts, with few repeats, for a comparison of two trees.

Its text is given to `python -c`, since an old tree does not have this file; so it imports nothing but that tree's
benchmarks, and names functions that they have had all along. Prints what the benchmark reports, times alone.
"""

import importlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: Processor seconds for the repeats of a kernel in one process, of which the least is taken.
BUDGET = 0.2
Call = Callable[[], object]


def main(name: str, program: str, clock: str) -> None:
    """Prepare the benchmark and run it as `python -m benchmarks` does."""
    measure: Any = importlib.import_module("benchmarks.measure")
    runner = importlib.import_module("benchmarks.__main__")
    os.environ.update(runner.NUMERICS)  # before the benchmark imports NumPy
    measure.core_seconds = lambda call, repeats: kernel(call, repeats)
    measure.median_seconds = lambda call, repeats: kernel(call, repeats)[0]
    measure.process_seconds = lambda arguments, _: process(program, arguments)[clock == "wall"]
    bench = importlib.import_module(f"benchmarks.bench_{name}")
    PREPARATIONS.get(name, lambda _: None)(bench)
    runner.main([name])


def kernel(call: Call, repeats: int) -> tuple[float, float]:
    """Least processor and wall time of a call, after one to warm up, of as many repeats as the budget allows.

    Whatever else the machine does only adds to a time, so the least one is the least disturbed.
    """
    affordable = int(BUDGET / max(timed(call)[0], 1e-6))
    processor, wall = zip(*(timed(call) for _ in range(min(repeats, max(1, affordable)))), strict=True)
    return min(processor), min(wall)


def timed(call: Call) -> tuple[float, float]:
    """Processor and wall time of one call."""
    start = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - start[0], time.perf_counter() - start[1]


def process(program: str, arguments: Iterable[object]) -> tuple[float, float]:
    """Processor and wall time of one command; the pair that is not counted has warmed up already."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def replace(bench: Any, **values: object) -> None:
    """Replace what a benchmark has; what it does not have would be measured otherwise than meant."""
    if missing := [name for name in values if not hasattr(bench, name)]:
        raise AttributeError(f"{bench.__name__} has no {', '.join(missing)}; benchmarks/one_side.py replaces it")
    for name, value in values.items():
        setattr(bench, name, value)


def without_truth(bench: Any) -> None:
    """Estimators: their errors are not measured, which takes far longer than the times."""
    prepare = bench.data_points
    replace(bench, data_points=lambda exposure, bins, _, rng: prepare(exposure, bins, bench.DRAWS, rng), REPEATS=20)


def without_bias(bench: Any) -> None:
    """Nuisance parameters: fewer data sets, and the bias is not measured."""
    replace(bench, DATA_SETS=1000, measured_bias=lambda *_, **__: (0.0, 0.0))


def ours_alone(bench: Any) -> None:
    """HistFactory: our processor time in place of how many times faster than pyhf it is."""
    replace(bench.pyhf, Model=lambda *_, **__: Stand())
    replace(bench.np, allclose=lambda *_, **__: True)
    replace(bench, ratio=lambda _, fast: 1e3 * kernel(fast, 100)[0])
    replace(bench, report_least=lambda what, value, unit, goal: report(what, value))


class Stand:
    """Stands in for pyhf's model, which is not measured."""

    def expected_data(self, _: object) -> None:
        """Nothing."""


def times_of_growth(bench: Any) -> None:
    """Growth: the sum of the times at all sizes in place of the power with which they grow; no figure, no memory."""
    replace(bench, FACTORS=(1, 2, 4, 8), REPEATS=3, exponent=lambda sizes, seconds: 1e3 * sum(seconds))
    replace(bench, report=lambda what, value, unit, goal: report(what.replace("exponent", "processor time"), value))
    replace(bench, memory=lambda: None, growth_figure=lambda _: None, render_bytes=lambda *_: b"")
    replace(bench, FIGURE=Path(os.devnull))


def report(what: str, milliseconds: float) -> None:
    """Print a time, as the tree's benchmarks print one, that has no goal of its own."""
    importlib.import_module("benchmarks.measure").report(what, milliseconds, "ms", float("inf"))


PREPARATIONS: dict[str, Callable[[Any], None]] = {
    "estimators": without_truth,
    "nuisances": without_bias,
    "histfactory": ours_alone,
    "growth": times_of_growth,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
