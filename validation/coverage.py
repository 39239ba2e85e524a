"""How often the 95% intervals of the corrected gain hold the truth, over repeated simulations."""

from collections.abc import Iterator

import numpy as np

from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.options import Estimator
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.templates.options import Simulation
from validation.coverage_cases import WEIGHTED, Case, simulated_cases, weighted_cases
from validation.muon_pairs import recorded_gain, weighted
from validation.script import Found, Repeats, Result, Script, column

REPEATS, DRAWS = 500, 2048
#: Truths are covered up to the accuracy of their own integral.
TOLERANCE = 1e-9
HEADER = "case | exposure | N per θ | truth / H | corrected | RMSE | mean length | coverage | too high | too low"


def planned(repeats: int | None) -> dict[str, int]:
    return dict.fromkeys(simulated_cases() | weighted_cases(), repeats or REPEATS)


def repeat(name: str, seed: int) -> Result:
    """The gains of one simulation of a case, and the truth."""
    if name in weighted_cases():
        return weighted_repeat(name, seed)
    case, index = simulated_cases()[name], list(simulated_cases()).index(name)
    rng = np.random.default_rng([seed, index])
    found = information_gain(case.simulate(rng), case.exposure, case.prior, Estimator(draws=DRAWS), Simulation(), rng)
    return {"truth": case.truth, **recorded_gain(found)}


def weighted_repeat(name: str, seed: int) -> Result:
    """The same from fresh events of one reference that are weighted to all θ."""
    index = list(weighted_cases()).index(name)
    sqrt_s, recorded, simulated = WEIGHTED[index]
    found = weighted(sqrt_s, simulated, EventCount(events=recorded), [seed, index])
    return {"truth": weighted_cases()[name].truth, **recorded_gain(found)}


def misses(repeats: Repeats) -> tuple[FloatArray, FloatArray]:
    """Which intervals are above the truth, and which are below it."""
    low, high, truth = (np.array(column(repeats, name)) for name in ("low", "high", "truth"))
    return low > truth + TOLERANCE, high < truth - TOLERANCE


def tally(_: str, repeats: Repeats) -> str:
    """How many intervals hold the truth."""
    above, below = misses(repeats)
    return f"covered {len(repeats) - int((above | below).sum())}/{len(repeats)}"


def table(found: Found) -> Iterator[str]:
    """One line per case, of those that have repeats."""
    yield f"Coverage of 95% intervals, {between(found)} repetitions"
    yield f"| {HEADER} |"
    yield f"|{'---|' * len(HEADER.split('|'))}"
    cases = simulated_cases() | weighted_cases()
    yield from (f"| {row(cases[name], repeats)} |" for name, repeats in found.items())


def between(found: Found) -> str:
    """How many repetitions cases have, which is one number when all are finished."""
    sizes = [len(repeats) for repeats in found.values()]
    return f"{max(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"


def row(case: Case, repeats: Repeats) -> str:
    """One line of the table."""
    value, low, high = (np.array(column(repeats, name)) for name in ("corrected", "low", "high"))
    truth, ceiling = column(repeats, "truth")[0], np.log(len(case.points))
    above, below = misses(repeats)
    rmse, length = np.sqrt(np.mean((value - truth) ** 2)), np.mean(high - low)
    numbers = (f"{number:.2g}" if number < 0.01 else f"{number:.4g}" for number in (value.mean(), rmse, length))
    covered = f"{1 - (above | below).mean():.1%} | {above.mean():.1%} | {below.mean():.1%}"
    known = f"{case.title} | {case.recorded} | {case.simulated} | {truth:.3g} / {ceiling:.3f}"
    return f"{known} | {' | '.join(numbers)} | {covered}"


SCRIPT = Script(planned, repeat, tally, table)
