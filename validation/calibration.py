"""Simulation-based calibration of posteriors (Talts et al. 2018); draws a figure of docs/statistics.md."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robot_physicist.campaign import Estimator, EventCount, Luminosity, Simulation
from robot_physicist.documents import Axis
from robot_physicist.labels import number
from robot_physicist.likelihood import patchset, published_models, workspace
from robot_physicist.marginal import marginalise
from robot_physicist.plots import BLUE, GREY, ORANGE, render_bytes, styled
from robot_physicist.posterior import fraction, highest_density, normalise, ranks, simulated
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.systematics import LumiSystematic, NormSystematic
from robot_physicist.templates import Exposure, Templates
from validation.accuracy import ANGLES, PRIOR, born_shape

FIGURE = Path(__file__).parent.parent / "results/validation/calibration.png"
THOUSAND, LUMINOSITY = EventCount(events=1000), Luminosity(luminosity=2, unit="pb-1")
EXPERIMENTS, SIMULATIONS = 2000, 100
BINS, FOLDS, CELLS = 20, 10, 20
SYSTEMATICS = (
    LumiSystematic(type="lumi", uncertainty=0.02),
    NormSystematic(type="normsys", name="efficiency", samples=["signal"], up=1.03, down=0.97),
    NormSystematic(type="normsys", name="tau", samples=["tau"], up=1.2, down=0.8),
)
Published = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Posteriors:
    """True points (D,) and posteriors (D, K) of pseudo-experiments."""

    truth: np.ndarray
    posterior: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """Randomised ranks of the truth, (D,)."""
        return ranks(self.posterior, self.truth, np.random.default_rng(0).random(len(self.truth)))


def main() -> None:
    print(
        f"Calibration of posteriors, tree-level e⁺e⁻ → μ⁺μ⁻: {len(ANGLES)} θ, {BINS} bins, {EXPERIMENTS} experiments"
    )
    panels = {}
    for title, make in cases().items():
        panels[title] = make()
        print(f"{' '.join(title.split())}\n    {verdict(panels[title])}", flush=True)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    FIGURE.write_bytes(render_bytes(calibration_figure(panels), "png"))
    print(f"figure: {FIGURE.relative_to(Path.cwd()) if FIGURE.is_relative_to(Path.cwd()) else FIGURE}")


def cases() -> dict[str, Callable[[], Posteriors]]:
    """Data from the published model, and data from the simulator itself, whose templates the model only estimates."""
    published: dict[str, Callable[[], Posteriors]] = {
        "data of the published model:\n1000 events, 10⁵ simulated per θ": lambda: from_model(THOUSAND, 82, 100_000),
        "data of the published model:\n1000 events, 10³ simulated per θ": lambda: from_model(THOUSAND, 82, 1000),
        "data of the published model: 2 pb⁻¹,\nbackground, 3 systematics": lambda: from_model(
            LUMINOSITY, 91, 100_000, SYSTEMATICS
        ),
    }
    exact: dict[str, Callable[[], Posteriors]] = {
        f"data of the simulator:\n1000 events, {text} simulated per θ": lambda size=size: from_simulator(size)
        for text, size in (("10⁵", 100_000), ("10⁴", 10_000), ("10³", 1000))
    }
    return published | exact


def from_model(exposure: Exposure, sqrt_s: float, size: int, systematics: tuple[Any, ...] = ()) -> Posteriors:
    """Pseudo-experiments as the posterior stage makes them: θ and nuisances from their priors, then counts."""
    rng = np.random.default_rng(1)
    published = likelihood(templates(sqrt_s, size, rng, bool(systematics)), exposure, systematics)
    estimator = Estimator(pseudo_experiments=EXPERIMENTS)
    truth, (logs, *_) = simulated(published, exposure, PRIOR, estimator, None, rng)
    return Posteriors(truth, normalise(logs, PRIOR)[0])


def from_simulator(size: int) -> Posteriors:
    """Data from exact templates, posteriors from as many published simulations; errors of templates are nuisances."""
    rng = np.random.default_rng(2)
    shape, each = born_shape(82, BINS), EXPERIMENTS // SIMULATIONS
    truths, posteriors = [], []
    for _ in range(SIMULATIONS):
        published = likelihood(templates(82, size, rng, False), THOUSAND, ())
        truth = rng.choice(len(PRIOR), size=each, p=PRIOR)
        counts = rng.multinomial(THOUSAND.events, shape[truth]).astype(float)
        models = published_models(*published)
        truths.append(truth)
        posteriors.append(normalise(marginalise(models, counts, PRIOR, True, rng).log_likelihood, PRIOR)[0])
    return Posteriors(np.concatenate(truths), np.concatenate(posteriors))


def templates(sqrt_s: float, size: int, rng: np.random.Generator, with_background: bool) -> Templates:
    """Templates of one simulation with `size` events per θ."""
    shape = np.repeat(born_shape(sqrt_s, BINS)[:, None], FOLDS, axis=1)
    counts = rng.multinomial(size // FOLDS, shape).astype(float)
    section = np.array([born.total_cross_section(sqrt_s, angle, "fixed") for angle in ANGLES])
    flat = {"tau": (np.full(BINS, 0.05 * section.mean() / BINS), np.zeros(BINS))} if with_background else {}
    points = tuple(f"sin2theta_w={number(angle)}" for angle in ANGLES)
    generated, exact = np.full(len(ANGLES), float(size)), np.zeros(len(ANGLES))
    return Templates(points, (Axis("cos_theta", -1, 1, BINS),), counts, counts, generated, section, exact, flat)


def likelihood(made: Templates, exposure: Exposure, systematics: tuple[Any, ...]) -> Published:
    """Workspace and patchset of templates."""
    options: dict[str, Any] = {"simulation": Simulation(), "name": "calibration", "shapes": {}}
    base = workspace(made, exposure, systematics, observed=None, **options)
    return base, patchset(made, exposure, systematics, base=base, **options)


def uniformity(values: np.ndarray) -> tuple[float, float]:
    """χ² of the histogram of ranks in CELLS cells, and the chance of a larger one if they are uniform."""
    from scipy.stats import chi2

    counts, _ = np.histogram(values, CELLS, (0, 1))
    statistic = float(((counts - counts.mean()) ** 2 / counts.mean()).sum())
    return statistic, float(chi2.sf(statistic, CELLS - 1))


def coverage(found: Posteriors, level: float) -> str:
    """How often central intervals hold the truth, and how often highest-density sets do and say they do."""
    central = fraction(np.abs(found.ranks - 0.5) < level / 2)
    sets = highest_density(found.posterior, level)
    hits = fraction(sets[np.arange(len(sets)), found.truth])
    held = (found.posterior * sets).sum(axis=1).mean()
    return (
        f"{level:.0%} central {central.value:.1%} ± {central.error:.1%},"
        f" highest density {hits.value:.1%} of promised {held:.1%}"
    )


def verdict(found: Posteriors) -> str:
    statistic, chance = uniformity(found.ranks)
    return f"χ² {statistic:.1f} / {CELLS - 1}, p = {chance:.2g}; {coverage(found, 0.68)}; {coverage(found, 0.95)}"


@styled
def calibration_figure(panels: dict[str, Posteriors]) -> Figure:
    """Histograms of ranks, one panel per case, with the band that holds 95% of the contents of calibrated ones."""
    from scipy.stats import binom

    figure = Figure(figsize=(16.0, 9.5), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for axis, (title, found) in zip(axes.flat, panels.items(), strict=True):
        trials = len(found.truth)
        counts, edges = np.histogram(found.ranks, CELLS, (0, 1))
        band = binom.interval(0.95, trials, 1 / CELLS)
        axis.axhspan(*band, color=GREY, alpha=0.3, linewidth=0, label="95% of uniform cells")
        axis.axhline(trials / CELLS, color="black", linestyle="--", linewidth=1.2, label="uniform")
        axis.stairs(counts, edges, color=BLUE, linewidth=2.4, label="ranks of the truth")
        held = [np.mean(np.abs(found.ranks - 0.5) < level / 2) for level in (0.68, 0.95)]
        text = f"68%: {held[0]:.1%}   95%: {held[1]:.1%}\nuniform: p = {uniformity(found.ranks)[1]:.2g}"
        axis.text(0.04, 0.05, text, transform=axis.transAxes, fontsize=15, color=ORANGE, fontweight="bold")
        axis.set_title(title, loc="left", fontsize=16)
        axis.set(xlim=(0, 1), ylim=(0, 2.6 * trials / CELLS), xticks=[0.2, 0.4, 0.6, 0.8])
    figure.supxlabel("Posterior probability below the true θ", fontsize=19)
    figure.supylabel("Pseudo-experiments", fontsize=19)
    axes[0, 0].legend(loc="upper right", frameon=False)
    return figure
