"""Is the present working tree as fast as an old commit? `python -m benchmarks.pairs REVISION [NAME ...]`.

Old and new take turns, each in a fresh process that runs the benchmarks of its own tree with its own package. Pairs
are compared by the ratio of their processor times, which other work on the machine lengthens least.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from validation.checkout import Checkout, old_and_new

ONE_SIDE = Path(__file__).with_name("one_side.py").read_text()
#: Benchmarks that report times of small units; the others report no times, or those of minutes of work.
NAMES = ("commands", "estimators", "histfactory", "nuisances", "growth")
#: A time that is reported: what, how long, and in which unit, as benchmarks.measure prints them.
TIME = re.compile(r"^(?P<what>.*?) +(?P<value>[0-9.e+-]+) (?P<unit>s|ms|µs) +goal [≤≥] ")
SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
#: Part of what is reported that differs from run to run.
WALL = re.compile(r" \(wall: [^)]*\)")
LEVEL, GOAL, SEED = 0.95, 1.10, 1
#: Memory is kept once it is allocated. Else glibc gives back what exceeds a threshold that depends on what was freed
#: before, and arrays just above it take twice the time in a process that imported its modules in another order.
KEPT = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
Times = dict[str, float]


@dataclass(frozen=True)
class Ratio:
    """Median of new/old and its interval; the seconds are medians too."""

    old: float
    new: float
    median: float
    low: float
    high: float

    @property
    def good(self) -> bool:
        """Is the new one slower by less than the goal, with confidence?"""
        return self.high < GOAL


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a line per case and a table at the end; exit code 1 if a case may be slower than the goal."""
    options = parsed(arguments)
    start, found = time.perf_counter(), dict[str, Ratio]()
    with old_and_new(options.revision) as (old, new):
        for name in options.names or NAMES:
            pairs = list(measured(name, (old, new), options.pairs, options.wall))
            for case, ratio in ratios(pairs).items():
                found[f"{name}: {case}"] = ratio
                print(row(f"{name}: {case}", ratio), file=sys.stderr, flush=True)
    print("\n".join(table(found, options.pairs, time.perf_counter() - start)))
    return int(not all(ratio.good for ratio in found.values()))


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("revision", help="the old commit, in any form that git knows")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"benchmarks, of {', '.join(NAMES)}; all by default")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of each (%(default)s)")
    parser.add_argument("--wall", action="store_true", help="wall time of processes, on a machine that is idle")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"{', '.join(sorted(unknown))}: has no times to compare; take {', '.join(NAMES)}")
    if options.pairs < fewest():
        parser.error(f"--pairs: fewer than {fewest()} have no {LEVEL:.0%} interval")
    return options


def measured(name: str, sides: tuple[Checkout, Checkout], pairs: int, wall: bool) -> Iterator[tuple[Times, Times]]:
    """Times of old and new, in pairs whose order is random; a first pair warms up and is not counted."""
    order = Random(SEED)
    for number in range(pairs + 1):
        swapped = order.random() < 0.5
        first, second = sides[::-1] if swapped else sides
        times = one_side(name, first, wall), one_side(name, second, wall)
        if number:
            yield times[::-1] if swapped else times


def one_side(name: str, checkout: Checkout, wall: bool) -> Times:
    """Times that a tree's benchmark reports in a fresh process."""
    done = checkout.run(
        [sys.executable, "-c", ONE_SIDE, name, checkout.program, "wall" if wall else "processor"],
        checkout.folder,
        **KEPT,
    )
    if done.returncode:
        raise SystemExit(f"benchmark {name} in {checkout.folder} failed:\n{done.stdout}{done.stderr}")
    return reported(done.stdout)


def reported(text: str) -> Times:
    """Seconds by what they are of, in what a benchmark prints; a name that comes again is numbered.

    >>> reported("exact scan (wall: 71 ms)         70.5 ms    goal ≤ 100    ok")
    {'exact scan': 0.0705}
    """
    found: Times = {}
    for match in filter(None, map(TIME.match, text.splitlines())):
        what = WALL.sub("", match["what"]).strip()
        again = sum(re.sub(r" #\d+$", "", name) == what for name in found)
        found[f"{what} #{again + 1}" if again else what] = float(match["value"]) * SECONDS[match["unit"]]
    return found


def ratios(pairs: Sequence[tuple[Times, Times]]) -> dict[str, Ratio]:
    """Ratios of all cases that both sides have reported in every pair."""
    times = defaultdict[str, list[tuple[float, float]]](list)
    for old, new in pairs:
        if old.keys() != new.keys():
            raise SystemExit(f"old and new report different times: {', '.join(sorted(old.keys() ^ new.keys()))}")
        for name in old:
            times[name].append((old[name], new[name]))
    return {name: ratio(values) for name, values in times.items()}


def ratio(times: Sequence[tuple[float, float]]) -> Ratio:
    """The median ratio of pairs of times, with its interval."""
    old, new = zip(*times, strict=True)
    values = [b / a for a, b in times]
    return Ratio(statistics.median(old), statistics.median(new), statistics.median(values), *median_interval(values))


def median_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Interval that holds the median with at least this probability, whatever the distribution of the values.

    It ends at two of the values, as far from either end of the sorted ones.
    """
    rank, ordered = interval_rank(len(values), level), sorted(values)
    return ordered[rank - 1], ordered[-rank]


def interval_rank(number: int, level: float = LEVEL) -> int:
    """How far from either end of so many sorted values the interval of their median ends; 1 is the outermost.

    The median is below the r-th value with the probability that fewer than r of them are below it, each by chance ½.

    >>> interval_rank(15)
    4
    """
    tail, rank = 0.5**number, 0
    while 2 * tail <= 1 - level:
        rank += 1
        tail += math.comb(number, rank) * 0.5**number
    if rank == 0:
        raise ValueError(f"{number} values are too few for an interval of the median at {level:.0%}")
    return rank


def fewest() -> int:
    """Smallest number of pairs whose median has an interval."""
    return math.ceil(1 - math.log2(1 - LEVEL))


def table(found: dict[str, Ratio], pairs: int, seconds: float) -> Iterator[str]:
    """Lines of the table, and how many cases reach the goal."""
    yield f"new/old, median of {pairs} pairs and its {LEVEL:.0%} interval"
    yield f"{'case':<72}{'old/s':>10}{'new/s':>10}{'ratio':>8}  {'interval':<15} below {GOAL:g}"
    yield from (row(name, ratio) for name, ratio in found.items())
    good = sum(ratio.good for ratio in found.values())
    yield f"{good} of {len(found)} cases are surely below {GOAL:g}; {seconds / 60:.1f} minutes"


def row(name: str, ratio: Ratio) -> str:
    """One line of the table."""
    interval = f"{ratio.low:.3f} … {ratio.high:.3f}"
    verdict = "yes" if ratio.good else "NO"
    return f"{name:<72}{ratio.old:>10.4g}{ratio.new:>10.4g}{ratio.median:>8.3f}  {interval:<15} {verdict}"


if __name__ == "__main__":
    sys.exit(main())
