"""Gaussian processes of several libraries, on gains with errors: how far they are off, and whether they know it."""

import warnings
from collections.abc import Iterator

import numpy as np

from validation.process_libraries import LIBRARIES, POINTS, REPEATS, cosine, installed, noisy_points
from validation.script import Found, Repeats, Result, Script, column

PLACES = np.linspace(0, 1, 101)[:, None]


def planned(repeats: int | None) -> dict[str, int]:
    return dict.fromkeys(filter(installed, LIBRARIES), repeats or REPEATS)


def repeat(name: str, seed: int) -> Result:
    """Deviations of one fit from the true function, and the same in units of its standard deviation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mean, sd = LIBRARIES[name](*noisy_points(seed), PLACES)
    deviations = mean - cosine(PLACES)
    return {"deviations": deviations.tolist(), "pulls": (deviations / sd).tolist()}


def tally(_: str, repeats: Repeats) -> str:
    """RMSE and pull."""
    rmse, pull = (float(np.sqrt(np.mean(np.square(column(repeats, name))))) for name in ("deviations", "pulls"))
    return f"RMSE {rmse:.4f}, pull {pull:.2f}"


def table(found: Found) -> Iterator[str]:
    """One line per library."""
    most = max(map(len, found.values()))
    yield f"Gaussian processes: {POINTS} points with errors of 0.02 and 0.1, {most} repeats"
    yield from (f"{name:<14} {tally(name, repeats)}" for name, repeats in found.items())


SCRIPT = Script(planned, repeat, tally, table)
