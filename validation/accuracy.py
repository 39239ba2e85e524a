"""Finite simulation: bias, spread and calibration of the three numbers, against the exact answer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from robot_physicist.quantities.exposure import EventCount
from validation.goals import at_most
from validation.muon_pairs import born_shape, estimate, recorded_gain, rmse, truth
from validation.script import Found, Repeats, Result, Script, column

REPEATS = 50
#: The error of 50 simulations is itself uncertain by a tenth.
MANY = 500
DRAWS = 1 << 15
#: Largest root mean square error, in nats, where the plug-in value is off by 0.65 and 0.79 nats.
GOAL = 0.03
HEADER = "√s / GeV | n | N per θ | truth | plug-in | cross-fitted | corrected | RMSE | mean error | pull"


@dataclass(frozen=True)
class Case:
    """√s in GeV, recorded events, and simulated ones per θ."""

    sqrt_s: float
    recorded: int
    simulated: int
    repeats: int = REPEATS

    @property
    def name(self) -> str:
        """Unique name; a case may be there a second time, with many repeats."""
        many = ", many times" if self.repeats == MANY else ""
        return f"{self.sqrt_s:g} GeV, n = {self.recorded}, N = {self.simulated}{many}"


SIZES = (1, 10_000), (1000, 1000), (1000, 10_000), (1000, 100_000)
TABLE = [Case(sqrt_s, *sizes) for sqrt_s in (82, 91, 96.5) for sizes in SIZES]
DIFFICULT = [Case(82.0, 1000, 10_000, MANY), Case(96.5, 1000, 10_000, MANY)]
CASES = {case.name: case for case in [*TABLE, *DIFFICULT]}


def planned(repeats: int | None) -> dict[str, int]:
    return {case.name: repeats or case.repeats for case in CASES.values()}


def repeat(name: str, seed: int) -> Result:
    """One estimate from a fresh simulation, and the truth."""
    case = CASES[name]
    exposure = EventCount(events=case.recorded)
    found = estimate(born_shape(case.sqrt_s), case.simulated, exposure, seed)
    return {"truth": truth(case.sqrt_s, case.recorded, DRAWS), **recorded_gain(found)}


def tally(_: str, repeats: Repeats) -> str:
    """Mean and truth of the corrected value."""
    return f"mean {np.mean(column(repeats, 'corrected')):.4g}, truth {column(repeats, 'truth')[0]:.4g} nats"


def table(found: Found) -> Iterator[str]:
    """Averages of every case, then the difficult ones beside their goal."""
    yield "Finite simulation, tree-level e⁺e⁻ → μ⁺μ⁻: 21 θ, 20 bins"
    yield f"| {HEADER} |"
    yield f"|{'---|' * len(HEADER.split('|'))}"
    for case in TABLE:
        if case.name in found:
            known = f"{case.sqrt_s} | {case.recorded} | {case.simulated}"
            yield f"| {known} | {row(found[case.name])} |"
    for case in DIFFICULT:
        if case.name in found:
            yield from difficult(case, found[case.name])


def row(repeats: Repeats) -> str:
    """Averages of the three numbers, then RMSE, quoted error and pull of the corrected one."""
    names = ("plug_in", "cross_fitted", "corrected", "error")
    plug_in, bound, values, errors = (np.array(column(repeats, name)) for name in names)
    exact = column(repeats, "truth")[0]
    pull = np.sqrt(np.mean(((values - exact) / errors) ** 2))
    cells = (exact, plug_in.mean(), bound.mean(), values.mean(), rmse(values, exact), errors.mean(), pull)
    return " | ".join(f"{cell:.4f}" if abs(cell) < 0.1 else f"{cell:.3f}" for cell in cells)


def difficult(case: Case, repeats: Repeats) -> Iterator[str]:
    """RMSE of whole blocks, which shows how uncertain one is, and of all repeats."""
    values, exact = np.array(column(repeats, "corrected")), column(repeats, "truth")[0]
    whole = len(values) // REPEATS * REPEATS
    blocks = ", ".join(f"{rmse(block, exact):.4f}" for block in values[:whole].reshape(-1, REPEATS))
    yield f"RMSE of {REPEATS} at a time: {blocks or 'not as many yet'}"
    what = f"RMSE of {len(values)} at {case.sqrt_s:g} GeV, n = {case.recorded}, N = {case.simulated}"
    yield at_most(what, rmse(values, exact), "nats", GOAL)


SCRIPT = Script(planned, repeat, tally, table)
