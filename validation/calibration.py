"""Simulation-based calibration of posteriors (Talts et al. 2018); draws a figure of docs/statistics.md."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from robot_physicist.histfactory.systematics import LumiSystematic, NormSystematic
from robot_physicist.inference.posterior import simulated
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.marginal import marginalise
from robot_physicist.likelihood.results import TemplateErrors
from robot_physicist.likelihood.template_errors import template_errors, too_narrow
from robot_physicist.likelihood.workspace import patchset, published_models, workspace
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Exposure, Luminosity
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.statistics.grid_posterior import fraction, highest_density, normalise, ranks
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Background, Templates
from validation.calibration_figure import calibration_figure, uniformity
from validation.muon_pairs import ANGLES, BINS, FOLDS, LABELS, PRIOR, born_shape
from validation.script import Found, Repeats, Result, Script, column

THOUSAND, LUMINOSITY = EventCount(events=1000), Luminosity(luminosity=2, unit="pb-1")
EXPERIMENTS, SIMULATIONS = 2000, 100
LEVELS = (0.68, 0.95)
SYSTEMATICS = (
    LumiSystematic(type="lumi", uncertainty=0.02),
    NormSystematic(type="normsys", name="efficiency", samples=["signal"], up=1.03, down=0.97),
    NormSystematic(type="normsys", name="tau", samples=["tau"], up=1.2, down=0.8),
)
Published = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Posteriors:
    """True points (D,) and posteriors (D, K) of pseudo-experiments, and what likelihoods state of their templates."""

    truth: np.ndarray
    posterior: np.ndarray
    stated: tuple[TemplateErrors, ...] = ()


def planned(repeats: int | None) -> dict[str, int]:
    return dict.fromkeys(CASES, repeats or 1)


def repeat(name: str, seed: int) -> Result:
    """Ranks of the truth in all pseudo-experiments, and what sets of highest density promise and hold.

    A repeat is a whole set of pseudo-experiments, which share templates or their generator.
    """
    found = CASES[name](seed)
    luck = np.random.default_rng([0, seed]).random(len(found.truth))
    sets = {f"{level:g}": highest(found, level) for level in LEVELS}
    stated = {
        "coverage": float(np.mean([one.coverage95 for one in found.stated] or [np.nan])),
        "factor": float(np.mean([one.factor for one in found.stated] or [np.nan])),
        "warned": sum(bool(too_narrow(one)) for one in found.stated),
    }
    return {"ranks": ranks(found.posterior, found.truth, luck).tolist(), "sets": sets, **stated}


def highest(found: Posteriors, level: float) -> Result:
    """How many sets of highest density hold the truth, and how much posterior probability they hold on average."""
    sets = highest_density(found.posterior, level)
    hits = sets[np.arange(len(sets)), found.truth]
    return {"hits": int(hits.sum()), "promised": float((found.posterior * sets).sum(axis=1).mean())}


def from_model(
    seed: int, exposure: Exposure, sqrt_s: float, size: int, systematics: tuple[Any, ...] = ()
) -> Posteriors:
    """Pseudo-experiments as the posterior stage makes them: θ and nuisances from their priors, then counts."""
    rng = np.random.default_rng([1, seed])
    published = likelihood(templates(sqrt_s, size, rng, bool(systematics)), exposure, systematics)
    estimator = Estimator(pseudo_experiments=EXPERIMENTS)
    truth, (logs, *_) = simulated(published, exposure, PRIOR, estimator, None, rng)
    return Posteriors(truth, normalise(logs, PRIOR)[0])


def from_simulator(seed: int, size: int) -> Posteriors:
    """Data from exact templates, posteriors from as many published simulations; errors of templates are nuisances."""
    rng = np.random.default_rng([2, seed])
    shape, each = born_shape(82), EXPERIMENTS // SIMULATIONS
    truths, posteriors, stated = [], [], []
    for number in range(SIMULATIONS):
        made = templates(82, size, rng, False)
        again = np.random.default_rng([3, seed, number])
        stated.append(template_errors(made, THOUSAND, PRIOR, Simulation(), again))
        published = likelihood(made, THOUSAND, ())
        truth = rng.choice(len(PRIOR), size=each, p=PRIOR)
        counts = rng.multinomial(THOUSAND.events, shape[truth]).astype(float)
        models = published_models(*published)
        truths.append(truth)
        posteriors.append(normalise(marginalise(models, counts, PRIOR, True, rng).log_likelihood, PRIOR)[0])
    return Posteriors(np.concatenate(truths), np.concatenate(posteriors), tuple(stated))


#: Six panels are enough.
IN_THE_TABLE_ONLY = "data of the simulator: 1000 events, 3 · 10³ simulated per θ"
#: Data from the published model, and data from the simulator itself, whose templates the model only estimates.
CASES: dict[str, Callable[[int], Posteriors]] = {
    "data of the published model: 1000 events, 10⁵ simulated per θ": partial(
        from_model, exposure=THOUSAND, sqrt_s=82, size=100_000
    ),
    "data of the published model: 1000 events, 10³ simulated per θ": partial(
        from_model, exposure=THOUSAND, sqrt_s=82, size=1000
    ),
    "data of the published model: 2 pb⁻¹, background, 3 systematics": partial(
        from_model, exposure=LUMINOSITY, sqrt_s=91, size=100_000, systematics=SYSTEMATICS
    ),
    "data of the simulator: 1000 events, 10⁵ simulated per θ": partial(from_simulator, size=100_000),
    "data of the simulator: 1000 events, 10⁴ simulated per θ": partial(from_simulator, size=10_000),
    IN_THE_TABLE_ONLY: partial(from_simulator, size=3000),
    "data of the simulator: 1000 events, 10³ simulated per θ": partial(from_simulator, size=1000),
}


def templates(sqrt_s: float, size: int, rng: np.random.Generator, with_background: bool) -> Templates:
    """Templates of one simulation with `size` events per θ."""
    shape = np.repeat(born_shape(sqrt_s)[:, None], FOLDS, axis=1)
    counts = rng.multinomial(size // FOLDS, shape).astype(float)
    section = np.array([born.total_cross_section(sqrt_s, angle, "fixed") for angle in ANGLES])
    flat = {"tau": Background(np.full(BINS, 0.05 * section.mean() / BINS), np.zeros(BINS))} if with_background else {}
    generated, exact = np.full(len(ANGLES), float(size)), np.zeros(len(ANGLES))
    return Templates(LABELS, (Axis("cos_theta", -1, 1, BINS),), counts, counts, generated, section, exact, flat)


def likelihood(made: Templates, exposure: Exposure, systematics: tuple[Any, ...]) -> Published:
    """Workspace and patchset of templates."""
    options: dict[str, Any] = {"simulation": Simulation(), "name": "calibration", "shapes": {}}
    base = workspace(made, exposure, systematics, observed=None, **options)
    return base, patchset(made, exposure, systematics, base=base, **options)


def all_ranks(repeats: Repeats) -> FloatArray:
    """Ranks of all pseudo-experiments of a case."""
    return np.concatenate(column(repeats, "ranks"))


def tally(_: str, repeats: Repeats) -> str:
    """How many central intervals hold the truth."""
    held = np.abs(all_ranks(repeats) - 0.5) < 0.95 / 2
    return f"95% central intervals covered {held.sum()}/{len(held)}"


def table(found: Found) -> Iterator[str]:
    """Two lines per case."""
    sizes = f"{len(ANGLES)} θ, {BINS} bins, {EXPERIMENTS} experiments"
    yield f"Calibration of posteriors, tree-level e⁺e⁻ → μ⁺μ⁻: {sizes}"
    for name, repeats in found.items():
        statistic, cells, chance = uniformity(all_ranks(repeats))
        both = "; ".join(coverage(repeats, level) for level in LEVELS)
        yield name
        yield f"    χ² {statistic:.1f} / {cells - 1}, p = {chance:.2g}; {both}"
        if name.startswith("data of the simulator"):
            coverage95, factor = (np.mean(column(repeats, key)) for key in ("coverage", "factor"))
            warned = sum(column(repeats, "warned"))
            yield f"    stated: {coverage95:.1%} covered, too narrow by {factor:.2f}, {warned} of {SIMULATIONS} warn"


def coverage(repeats: Repeats, level: float) -> str:
    """How often central intervals hold the truth, and how often highest-density sets do and say they do."""
    values = all_ranks(repeats)
    central = fraction(np.abs(values - 0.5) < level / 2)
    sets = [one[f"{level:g}"] for one in column(repeats, "sets")]
    hits = fraction(np.arange(len(values)) < sum(one["hits"] for one in sets))
    held = np.mean([one["promised"] for one in sets])
    return (
        f"{level:.0%} central {central.value:.1%} ± {central.error:.1%},"
        f" highest density {hits.value:.1%} of promised {held:.1%}"
    )


def draw(found: Found, folder: Path) -> Iterator[Path]:
    """Draw the histograms of ranks when every case has some."""
    if found.keys() == CASES.keys():
        path = folder / "calibration.png"
        panels = {name: all_ranks(repeats) for name, repeats in found.items() if name != IN_THE_TABLE_ONLY}
        path.write_bytes(render_bytes(calibration_figure(panels), "png"))
        yield path


SCRIPT = Script(planned, repeat, tally, table, draw)
