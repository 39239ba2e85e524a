"""Dependences on θ that smooth templates lack: how often intervals hold the truth, or a warning is given."""

from collections.abc import Iterator

import numpy as np

from robot_physicist.information.finite_simulation import GainEstimates, information_gain
from robot_physicist.information.options import Estimator
from robot_physicist.templates.options import Simulation
from validation.coverage import TOLERANCE, misses
from validation.script import Found, Repeats, Result, Script, column
from validation.structure_cases import cases

REPEATS, DRAWS = 200, 1024
HEADER = "case | n | N per θ | truth | corrected | covered | covered, less what is unseen | missed without a warning"
HEADER += " | warned | mean length | mean length, less what is unseen"


def planned(repeats: int | None) -> dict[str, int]:
    return dict.fromkeys(cases(), repeats or REPEATS)


def repeat(name: str, seed: int) -> Result:
    """The gain of one simulation of a case, its warnings, and the truth."""
    case, index = cases()[name], list(cases()).index(name)
    rng = np.random.default_rng([seed, index])
    found = information_gain(case.simulate(rng), case.exposure, case.prior, Estimator(draws=DRAWS), Simulation(), rng)
    best = found.corrected
    return {
        "truth": case.truth,
        "corrected": best.value,
        "low": best.low,
        "high": best.high,
        "known": known_end(found),
        "warned": float(bool(found.warnings)),
        "refused": float(found.rough or found.added > 0),
    }


def known_end(found: GainEstimates) -> float:
    """The high end without what is unseen."""
    best = found.corrected
    if found.lacking:
        return best.high
    return best.value + float(np.sqrt(max((best.high - best.value) ** 2 - found.unseen**2, 0.0)))


def tally(_: str, repeats: Repeats) -> str:
    """How many intervals hold the truth, and how many of the others have no warning."""
    missed, silent = outcomes(repeats)
    return f"covered {len(repeats) - int(missed.sum())}/{len(repeats)}, missed without a warning {int(silent.sum())}"


def outcomes(repeats: Repeats) -> tuple[np.ndarray, np.ndarray]:
    """Which intervals miss the truth, and which of them say nothing."""
    above, below = misses(repeats)
    missed = above | below
    return missed, missed & (np.array(column(repeats, "warned")) == 0)


def table(found: Found) -> Iterator[str]:
    """One line per case, of those that have repeats."""
    yield f"| {HEADER} |"
    yield f"|{'---|' * len(HEADER.split('|'))}"
    yield from (row(name, repeats) for name, repeats in found.items())


def row(name: str, repeats: Repeats) -> str:
    """One line of the table."""
    case = cases()[name]
    value, low, high, known = (np.array(column(repeats, key)) for key in ("corrected", "low", "high", "known"))
    missed, silent = outcomes(repeats)
    without = (low > case.truth + TOLERANCE) | (known < case.truth - TOLERANCE)
    shares = (1 - missed.mean(), 1 - without.mean())
    cells = [
        case.title,
        str(case.exposure.model_dump()["events"]),
        str(case.simulated),
        f"{case.truth:.3f}",
        f"{value.mean():.3f}",
        *(f"{share:.1%}" for share in shares),
        f"{int(silent.sum())} of {int(missed.sum())}",
        f"{np.mean(column(repeats, 'warned')):.0%}",
        f"{(high - low).mean():.3f}",
        f"{(known - low).mean():.3f}",
    ]
    return f"| {' | '.join(cells)} |"


SCRIPT = Script(planned, repeat, tally, table)
