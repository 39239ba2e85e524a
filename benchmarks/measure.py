"""How time and memory are measured, and how a measurement is printed."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
PROGRAM = str(Path(sys.executable).parent / "robot-physicist")


def median_seconds(call: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call, after one call to warm up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def core_seconds(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median processor time and median wall time of a call that keeps to one core, after one call to warm up.

    On a machine that does nothing else the two agree; other work lengthens the second.
    """
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time(), time.perf_counter()
        call()
        times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    processor, wall = zip(*times, strict=True)
    return statistics.median(processor), statistics.median(wall)


def process_seconds(arguments: Sequence[str | Path], repeats: int) -> float:
    """Median wall time of a command of ours, from start to exit."""
    line = [PROGRAM, *map(str, arguments)]
    return median_seconds(lambda: subprocess.run(line, check=True, capture_output=True), repeats)


def peak_megabytes(arguments: Sequence[str | Path]) -> float:
    """Largest resident memory of a command of ours.

    A new process inherits the mark of the one that starts it, so a small one has to stand between.
    """
    line = [sys.executable, "-c", WATCH, PROGRAM, *map(str, arguments)]
    return float(subprocess.run(line, check=True, capture_output=True, text=True).stdout) / 1024


def report_core(what: str, seconds: tuple[float, float], goal: float) -> None:
    """Print processor time in milliseconds beside its goal, and the wall time in the text."""
    processor, wall = seconds
    report(f"{what} (wall: {1e3 * wall:.3g} ms)", 1e3 * processor, "ms", goal)


def report(what: str, measured: float, unit: str, goal: float) -> None:
    """Print one measurement beside its goal."""
    verdict = "ok" if measured <= goal else "MISSED"
    print(f"{what:<66} {measured:>9.4g} {unit:<5} goal ≤ {goal:<6g} {verdict}")


def report_least(what: str, measured: float, unit: str, goal: float) -> None:
    """The same for what should be large."""
    verdict = "ok" if measured >= goal else "MISSED"
    print(f"{what:<66} {measured:>9.4g} {unit:<5} goal ≥ {goal:<6g} {verdict}")
