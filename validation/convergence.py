"""Estimates against the size of the simulation, with a figure for docs/statistics.md, and events for an accuracy."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measure import report_least
from robot_physicist.campaign import Estimator, EventCount, Simulation
from robot_physicist.finite_simulation import GainEstimates, information_gain
from robot_physicist.information import gain
from robot_physicist.labels import number
from robot_physicist.plots import BLUE, GREEN, GREY, ORANGE, render_bytes, styled
from robot_physicist.reweighting import Reweighting
from robot_physicist.simulators.weinberg_born import WeinbergBorn
from robot_physicist.templates import Templates
from validation.accuracy import ANGLES, PRIOR, born_shape, estimate

FIGURE = Path(__file__).parent.parent / "results/validation/finite_simulation.png"
ENERGIES = (82.0, 96.5)
THOUSAND, ONE = EventCount(events=1000), EventCount(events=1)
#: Simulated events per θ, and in all when they are weighted to every θ.
PER_POINT = np.geomspace(300, 100_000, 9).round(-1).astype(int)
WEIGHTED = np.geomspace(300, 300_000, 9).round(-1).astype(int)
REPEATS = 50
#: Sizes at which the accuracy of one recorded event is measured, between which it is interpolated.
SIZES = 10 * 2 ** np.arange(12)
#: The information of one event is less than the first of these accuracies, which zero reaches without simulation.
ACCURACIES = (0.01, 0.001)
REFERENCE, BINS, FOLDS = 0.23, 20, 10
LABELS = [f"sin2theta_w={number(angle)}" for angle in ANGLES]


def main() -> None:
    print(f"Convergence, tree-level e⁺e⁻ → μ⁺μ⁻: {len(ANGLES)} θ, {BINS} bins")
    events_needed()
    curves = {sqrt_s: (free_estimates(sqrt_s), weighted_estimates(sqrt_s)) for sqrt_s in ENERGIES}
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    FIGURE.write_bytes(render_bytes(convergence_figure(curves), "png"))
    print(f"figure: {FIGURE.relative_to(Path.cwd()) if FIGURE.is_relative_to(Path.cwd()) else FIGURE}")


def weighted(sqrt_s: float, events: int, exposure: EventCount, seed: int | list[int]) -> GainEstimates:
    """One estimate from fresh events of one reference, weighted to all θ."""
    rng = np.random.default_rng(seed)
    simulator = WeinbergBorn(WeinbergBorn.Options(width="fixed"))
    points = [{"sin2theta_w": float(angle)} for angle in [*ANGLES, REFERENCE]]
    sampler = simulator.prepare_weighted({"sqrt_s": sqrt_s}, points[-1], points)
    sums = Reweighting(LABELS, ["reference"], [*LABELS, "reference"])
    for start in range(0, events, 100_000):
        block = sampler.sample(min(100_000, events - start), rng)
        size = len(block.columns["cos_theta"])
        bins = np.clip((block.columns["cos_theta"] + 1) * BINS / 2, 0, BINS - 1).astype(int)
        cells = np.arange(size) % FOLDS * BINS + bins
        sums.add(block.ratios, np.ones(size), cells, FOLDS * BINS)
    made, unknown = sums.document(FOLDS), np.full(len(ANGLES), np.nan)
    generated = np.full(len(ANGLES), float(events))
    templates = Templates(tuple(LABELS), (), made.sumw, made.sumw2, generated, unknown, unknown, {}, shared=True)
    return information_gain(templates, exposure, PRIOR, Estimator(), Simulation(), rng)


def free_estimates(sqrt_s: float) -> list[GainEstimates]:
    shape = born_shape(sqrt_s, BINS)
    return [estimate(shape, int(size), THOUSAND, seed) for seed, size in enumerate(PER_POINT)]


def weighted_estimates(sqrt_s: float) -> list[GainEstimates]:
    return [weighted(sqrt_s, int(size), THOUSAND, seed) for seed, size in enumerate(WEIGHTED)]


def truth(sqrt_s: float, exposure: EventCount) -> float:
    rates = exposure.events * born_shape(sqrt_s, BINS)
    return gain(rates, exposure, PRIOR, 1 << 17, np.random.default_rng(0)).value


def events_needed() -> None:
    """Print the root mean square errors at √s = 82 GeV, n = 1, and the events at which they reach the accuracies."""
    shape, exact = born_shape(82, BINS), truth(82, ONE)
    print(f"√s = 82 GeV, one recorded event, truth {exact:.5f} nats; RMSE of {REPEATS} simulations")
    print(f"No simulation at all and the answer 0: {exact:.5f}")
    rows = []
    for size in SIZES:
        alone = [estimate(shape, int(size), ONE, seed) for seed in range(REPEATS)]
        shared = [weighted(82, int(size), ONE, seed) for seed in range(REPEATS)]
        values = (
            [one.plug_in.value for one in alone],
            [one.corrected.value for one in alone],
            [one.corrected.value for one in shared],
        )
        rows.append([np.sqrt(np.mean((np.array(v) - exact) ** 2)) for v in values])
        print(f"N = {size:<6} per θ: plug-in {rows[-1][0]:.5f}, corrected {rows[-1][1]:.5f};", end=" ")
        print(f"{size} weighted in all: {rows[-1][2]:.5f}")
    for wanted in ACCURACIES:
        sizes = [crossing(errors, wanted) for errors in np.array(rows).T]
        plug_in, corrected, shared_size = sizes[0] * len(ANGLES), sizes[1] * len(ANGLES), sizes[2]
        needed = f"plug-in {plug_in:.0f}, corrected {corrected:.0f}, weighted {shared_size:.0f}"
        print(f"events in all for {wanted} nats: {needed}")
        report_least(f"times fewer events for {wanted} nats, corrected", plug_in / corrected, "×", 10)
        report_least(f"times fewer events for {wanted} nats, weighted", plug_in / shared_size, "×", 100)


def crossing(errors: np.ndarray, wanted: float) -> float:
    """Size from which errors stay below the wanted one, interpolated in logarithms; at least the smallest."""
    above = np.flatnonzero(errors > wanted)
    if not above.size:
        return float(SIZES[0])
    last = above[-1]
    if last == len(errors) - 1:
        return float("nan")
    logs = np.log(errors[[last + 1, last]])
    return float(np.exp(np.interp(np.log(wanted), logs, np.log(SIZES[[last + 1, last]]))))


@styled
def convergence_figure(curves: dict[float, tuple[list[GainEstimates], list[GainEstimates]]]) -> Figure:
    """Estimates against the number of simulated events in all, one panel per energy."""
    figure = Figure(figsize=(9.0, 10.0), layout="constrained")
    axes = figure.subplots(len(curves), 1, sharex=True, height_ratios=(5.2, 3.9))
    for axis, (sqrt_s, (alone, shared)) in zip(axes, curves.items(), strict=True):
        _panel(axis, alone, shared, truth(sqrt_s, THOUSAND))
        axis.set_title(rf"$\sqrt{{s}}$ = {sqrt_s:g} GeV, 1000 recorded events", loc="right", pad=8)
        axis.set_ylabel("Expected information\ngain [nats]")
        axis.set_ylim(-0.45, 4.75 if axis is axes[0] else 3.45)
    axes[0].legend(loc="upper center", ncols=2, frameon=False)
    axes[-1].set_xlabel(f"Simulated events in all (÷ {len(ANGLES)}: per θ)")
    return figure


def _panel(axis: Any, alone: list[GainEstimates], shared: list[GainEstimates], exact: float) -> None:
    x = PER_POINT * len(ANGLES)
    plug_in = [one.plug_in.value for one in alone]
    bounds = [one.cross_fitted.value for one in alone]
    axis.fill_between(x, bounds, plug_in, color=GREY, alpha=0.18, linewidth=0, label="cross-fitted … plug-in")
    axis.plot(x, plug_in, color=GREY, marker="s", markersize=5, label="plug-in")
    _intervals(axis, x, alone, BLUE, "o", "corrected, 95% interval")
    _intervals(axis, WEIGHTED, shared, ORANGE, "D", "weighted events, 95% interval")
    axis.axhline(exact, color="black", linestyle="--", linewidth=1.8, zorder=4, label="truth, exact bins")
    axis.axhline(np.log(len(ANGLES)), color=GREEN, linestyle=":", linewidth=1.5, label="prior entropy")
    axis.set(xscale="log", xlim=(220, 2.9e6))


def _intervals(axis: Any, x: np.ndarray, results: list[GainEstimates], colour: str, marker: str, text: str) -> None:
    value, low, high = np.array([(r.corrected.value, r.corrected.low, r.corrected.high) for r in results]).T
    errors = [value - low, high - value]
    axis.errorbar(x, value, errors, color=colour, marker=marker, markersize=6, capsize=4, linewidth=1.5, label=text)


if __name__ == "__main__":
    main()
