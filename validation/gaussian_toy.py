"""The original toy, x ~ N(θ, variance): the gain from few events, corrected and by the original estimator."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from robot_physicist.information.finite_simulation import GainEstimates, information_gain
from robot_physicist.information.gain import gain
from robot_physicist.information.options import Estimator
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.quantities.labels import number
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.simulators.gaussian import normal_cdf
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates
from validation.gaussian_toy_figure import toy_figure
from validation.muon_pairs import recorded_gain
from validation.script import Found, Repeats, Result, Script, column

#: Of campaigns/gaussian.yaml: parameter points, and edges of the bins, whose first and last hold the tails.
THETA = np.linspace(-2, 2, 11)
EDGES = np.concatenate([[-np.inf], np.linspace(-6, 6, 49)[1:-1], [np.inf]])
VARIANCES = np.geomspace(0.1, 6.4, 13)
#: Recorded events, one panel each; simulated ones per θ, in folds; pseudo-data sets of the original estimator.
RECORDED = (1, 10)
SIMULATED, FOLDS, DRAWS = 1000, 10, 4096
PRIOR = np.full(len(THETA), 1 / len(THETA))
LABELS = tuple(f"theta={number(value)}" for value in THETA)


def case(recorded: int) -> str:
    """Name of a panel, whose seeds number the variances."""
    return f"n = {recorded}"


CASES = {case(recorded): recorded for recorded in RECORDED}


def shape(variance: float) -> FloatArray:
    """Exact bin probabilities (K, B)."""
    below = [normal_cdf(EDGES, float(mean), variance**0.5) for mean in THETA]
    return np.diff(np.stack(below), axis=1)


def exact(variance: float, recorded: int) -> float:
    """The gain in nats from the exact bin probabilities."""
    exposure = EventCount(events=recorded)
    return gain(recorded * shape(variance), exposure, PRIOR, 1 << 14, np.random.default_rng(0)).value


def estimated(variance: float, recorded: int, seed: int, method: str) -> GainEstimates:
    """Estimates from a fresh simulation, the same one for both methods."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(SIMULATED // FOLDS, np.repeat(shape(variance)[:, None], FOLDS, axis=1)).astype(float)
    unknown = np.full(len(THETA), np.nan)
    templates = Templates(LABELS, (), counts, counts, np.full(len(THETA), float(SIMULATED)), unknown, unknown, {})
    estimator = Estimator.model_validate({"method": method, "draws": DRAWS})
    return information_gain(templates, EventCount(events=recorded), PRIOR, estimator, Simulation(), rng)


def planned(_: int | None) -> dict[str, int]:
    """The number of repeats that is asked for does not change the number of points of a curve."""
    return dict.fromkeys(CASES, len(VARIANCES))


def repeat(name: str, seed: int) -> Result:
    """The estimates at one variance, the one of the original estimator, and the truth."""
    variance, recorded = float(VARIANCES[seed]), CASES[name]
    original = estimated(variance, recorded, seed, "original").plug_in
    return {
        "variance": variance,
        "truth": exact(variance, recorded),
        "original": original.value,
        "original_error": original.error,
        **recorded_gain(estimated(variance, recorded, seed, "qmc")),
    }


def tally(_: str, repeats: Repeats) -> str:
    """How many of the intervals hold the truth."""
    return f"{held(repeats)} of {len(repeats)} intervals hold the truth"


def held(repeats: Repeats) -> int:
    """Number of intervals that hold the truth."""
    low, truth, high = (np.array(column(repeats, key)) for key in ("low", "truth", "high"))
    return int(((low <= truth) & (truth <= high)).sum())


def table(found: Found) -> Iterator[str]:
    """Every point."""
    yield f"N(θ, variance): {len(THETA)} θ, {len(EDGES) - 1} bins, {SIMULATED} simulated events per θ; in nats"
    yield "| n | variance | exact | corrected | 95% interval | original |"
    yield "|---|---|---|---|---|---|"
    for name, repeats in found.items():
        for one in repeats.values():
            values = f"{one['truth']:.3f} | {one['corrected']:.3f} | {one['low']:.3f} … {one['high']:.3f}"
            original = f"{one['original']:.3f} ± {one['original_error']:.3f}"
            yield f"| {CASES[name]} | {one['variance']:.3g} | {values} | {original} |"
    yield "; ".join(f"{name}: {tally(name, repeats)}" for name, repeats in found.items())


def draw(found: Found, folder: Path) -> Iterator[Path]:
    """Draw both panels when all their points are there."""
    if [len(found.get(name, {})) for name in CASES] == [len(VARIANCES)] * len(CASES):
        path, fine = folder / "gaussian_toy.png", np.geomspace(VARIANCES[0], VARIANCES[-1], 60)
        curves = {
            recorded: (fine, np.array([exact(one, recorded) for one in fine]), found[name])
            for name, recorded in CASES.items()
        }
        path.write_bytes(render_bytes(toy_figure(curves, SIMULATED, float(np.log(len(THETA)))), "png"))
        yield path


SCRIPT = Script(planned, repeat, tally, table, draw)
