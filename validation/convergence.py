"""Estimates against the size of the simulation, with a figure for docs/statistics.md, and events for an accuracy."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from robot_physicist.information.finite_simulation import GainEstimates
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.reports.figures.style import render_bytes
from validation.convergence_figure import convergence_figure
from validation.goals import at_least
from validation.muon_pairs import ANGLES, BINS, born_shape, estimate, recorded_gain, rmse, truth, weighted
from validation.script import Found, Repeats, Result, Script, column

ENERGIES = (82.0, 96.5)
#: Simulated events per θ, and in all when they are weighted to every θ.
PER_POINT = np.geomspace(300, 100_000, 9).round(-1).astype(int)
WEIGHTED = np.geomspace(300, 300_000, 9).round(-1).astype(int)
REPEATS, DRAWS = 50, 1 << 17
#: Sizes at which the accuracy of one recorded event is measured, between which it is interpolated.
SIZES = 10 * 2 ** np.arange(12)
#: The information of one event is less than the first of these accuracies, which zero reaches without simulation.
ACCURACIES = (0.01, 0.001)
ALONE, SHARED = "per θ", "weighted in all"


def size_case(size: int, kind: str) -> str:
    """Name of the case of one recorded event at 82 GeV and so many simulated ones."""
    return f"one event, N = {size} {kind}"


def curve_case(sqrt_s: float, kind: str) -> str:
    """Name of a curve of the figure, whose seeds number the sizes of its simulations."""
    return f"figure, {sqrt_s:g} GeV, {kind}"


#: Size and kind of the simulations of a case.
BY_SIZE = {size_case(int(size), kind): (int(size), kind) for size in SIZES for kind in (ALONE, SHARED)}
CURVES = {curve_case(sqrt_s, kind): (sqrt_s, kind) for sqrt_s in ENERGIES for kind in (ALONE, SHARED)}


def planned(repeats: int | None) -> dict[str, int]:
    """The number of repeats that is asked for does not change the number of points of a curve."""
    return dict.fromkeys(BY_SIZE, repeats or REPEATS) | dict.fromkeys(CURVES, len(PER_POINT))


def repeat(name: str, seed: int) -> Result:
    """One estimate, the size of its simulation, and the truth."""
    if name in CURVES:
        sqrt_s, kind = CURVES[name]
        size, recorded = int((PER_POINT if kind == ALONE else WEIGHTED)[seed]), 1000
    else:
        (size, kind), sqrt_s, recorded = BY_SIZE[name], 82.0, 1
    found = simulated(sqrt_s, kind, size, recorded, seed)
    return {"simulated": size, "truth": truth(sqrt_s, recorded, DRAWS), **recorded_gain(found)}


def simulated(sqrt_s: float, kind: str, size: int, recorded: int, seed: int) -> GainEstimates:
    """One estimate from fresh events of either kind."""
    exposure = EventCount(events=recorded)
    if kind == ALONE:
        return estimate(born_shape(sqrt_s), size, exposure, seed)
    return weighted(sqrt_s, size, exposure, seed)


def tally(name: str, repeats: Repeats) -> str:
    """Error of the corrected value; a curve has none, each of its points being another size."""
    return "" if name in CURVES else f"RMSE of the corrected gain {error(repeats, 'corrected'):.5f} nats"


def error(repeats: Repeats, which: str) -> float:
    """Root mean square error of one of the three numbers."""
    return rmse(np.array(column(repeats, which)), column(repeats, "truth")[0])


def table(found: Found) -> Iterator[str]:
    """Errors at √s = 82 GeV, n = 1, and the events at which they reach the accuracies."""
    yield f"Convergence, tree-level e⁺e⁻ → μ⁺μ⁻: {len(ANGLES)} θ, {BINS} bins"
    sizes = [int(size) for size in SIZES if {size_case(size, ALONE), size_case(size, SHARED)} <= found.keys()]
    if not sizes:
        return
    first = found[size_case(sizes[0], ALONE)]
    exact = column(first, "truth")[0]
    yield f"√s = 82 GeV, one recorded event, truth {exact:.5f} nats; RMSE of {len(first)} simulations"
    yield f"No simulation at all and the answer 0: {exact:.5f}"
    rows = [errors(found, size) for size in sizes]
    for size, (plug_in, corrected, shared) in zip(sizes, rows, strict=True):
        yield (
            f"N = {size:<6} per θ: plug-in {plug_in:.5f}, corrected {corrected:.5f};"
            f" {size} weighted in all: {shared:.5f}"
        )
    if len(sizes) == len(SIZES):
        for wanted in ACCURACIES:
            yield from events_needed(np.array(rows), wanted)


def errors(found: Found, size: int) -> tuple[float, float, float]:
    """Root mean square errors: plug-in, corrected, corrected with weighted events."""
    alone, shared = found[size_case(size, ALONE)], found[size_case(size, SHARED)]
    return error(alone, "plug_in"), error(alone, "corrected"), error(shared, "corrected")


def events_needed(rows: FloatArray, wanted: float) -> Iterator[str]:
    """Events in all for an accuracy, and how many times fewer they are than the plug-in value needs."""
    sizes = [crossing(one, wanted) for one in rows.T]
    plug_in, corrected, shared = sizes[0] * len(ANGLES), sizes[1] * len(ANGLES), sizes[2]
    needed = f"plug-in {plug_in:.0f}, corrected {corrected:.0f}, weighted {shared:.0f}"
    yield f"events in all for {wanted} nats: {needed}"
    yield at_least(f"times fewer events for {wanted} nats, corrected", plug_in / corrected, "×", 10)
    yield at_least(f"times fewer events for {wanted} nats, weighted", plug_in / shared, "×", 100)


def crossing(errors: FloatArray, wanted: float) -> float:
    """Size from which errors stay below the wanted one, interpolated in logarithms; at least the smallest."""
    above = np.flatnonzero(errors > wanted)
    if not above.size:
        return float(SIZES[0])
    last = above[-1]
    if last == len(errors) - 1:
        return float("nan")
    logs = np.log(errors[[last + 1, last]])
    return float(np.exp(np.interp(np.log(wanted), logs, np.log(SIZES[[last + 1, last]]))))


def draw(found: Found, folder: Path) -> Iterator[Path]:
    """Draw the curves when they are there."""
    if found.keys() >= CURVES.keys():
        path = folder / "finite_simulation.png"
        curves = {
            sqrt_s: (found[curve_case(sqrt_s, ALONE)], found[curve_case(sqrt_s, SHARED)]) for sqrt_s in ENERGIES
        }
        path.write_bytes(render_bytes(convergence_figure(curves), "png"))
        yield path


SCRIPT = Script(planned, repeat, tally, table, draw)
