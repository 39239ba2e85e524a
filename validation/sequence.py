"""Sequences of experiments: does choosing each setting from what the earlier rounds taught pay, and is it calibrated?

Templates are exact here, so that a difference is one of the policies; draws the figures of docs/sequence.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robot_physicist.campaign import EventCount, Luminosity, Simulation
from robot_physicist.data_points import DataPoints, data_points
from robot_physicist.documents import Axis
from robot_physicist.information import eig_at
from robot_physicist.likelihood import patchset, published_models, workspace
from robot_physicist.marginal import marginalise
from robot_physicist.plots import BLUE, GREEN, GREY, ORANGE, render_bytes, styled
from robot_physicist.posterior import fraction, log_likelihood, normalise
from robot_physicist.sequence import Belief, likelihood, prior_density
from robot_physicist.sequence_grid import refine
from robot_physicist.simulators import forward_backward, gaussian_cosine, weinberg_born
from robot_physicist.simulators.base import FloatArray
from robot_physicist.templates import Exposure, Templates, expected

FOLDER = Path(__file__).parent.parent / "results/validation"
ROUNDS, DRAWS, REPEATS, FOLDS = 4, 256, 200, 10
Rates = Callable[[float, FloatArray], FloatArray]
Infer = Callable[["Study", FloatArray, FloatArray, FloatArray, np.random.Generator], FloatArray]
#: Index of the setting of the next round, from the grid of θ (K,), its prior (K,), the round and a generator.
Policy = Callable[["Study", FloatArray, FloatArray, int, np.random.Generator], int]


@dataclass(frozen=True)
class Study:
    """Settings, first grid of θ with its prior, and expected events (K, B) per round at a setting and values of θ."""

    name: str
    parameter: str
    settings: FloatArray
    grid: FloatArray
    exposure: Exposure
    rates: Rates
    points: DataPoints

    @property
    def prior(self) -> FloatArray:
        """Uniform prior."""
        return np.full(len(self.grid), 1 / len(self.grid))


def study(
    name: str,
    parameter: str,
    settings: FloatArray,
    grid: FloatArray,
    exposure: Exposure,
    rates: Rates,
) -> Study:
    """Prepare the integral over data, which all settings and repeats share."""
    bins = rates(settings[0], grid[:1]).shape[1]
    points = data_points(exposure, bins, DRAWS, np.random.default_rng(0))
    return Study(name, parameter, settings, grid, exposure, rates, points)


def gaussian(phi: float, theta: FloatArray) -> FloatArray:
    """20 events of x ~ N(θ, sd 2 + cos φ) in 40 bins of [−12, 12], the tails in the first and the last."""
    from scipy.special import ndtr

    edges = np.linspace(-12, 12, 41)
    edges[[0, -1]] = -np.inf, np.inf
    return 20 * np.diff(ndtr((edges - theta[:, None]) / gaussian_cosine.sd(phi)), axis=1)


def tanh_toy(phi: float, theta: FloatArray) -> FloatArray:
    """20 events of p(c) ∝ max(0, 1 + c² + a c), a = 2θ tanh(10 (2φ − 90)/90), in 20 bins."""
    cosine = (np.arange(20 * 50) + 0.5) / 500 - 1
    slopes = np.array([forward_backward.slope(phi, value) for value in theta])
    density = np.maximum(1 + cosine**2 + slopes[:, None] * cosine, 0).reshape(len(theta), 20, -1).sum(axis=2)
    return 20 * density / density.sum(axis=1, keepdims=True)


def turn_on(phi: float, theta: FloatArray) -> FloatArray:
    """20 events, each accepted with probability 1/(1 + e^{(θ − φ)/0.2}) or not: where is the threshold θ?"""
    accepted = 1 / (1 + np.exp((theta - phi) / 0.2))
    return 20 * np.stack([accepted, 1 - accepted], axis=1)


def thousand(sqrt_s: float, theta: FloatArray) -> FloatArray:
    """250 events of e⁺e⁻ → μ⁺μ⁻, so that four rounds have a thousand."""
    rates = muon_pairs(Luminosity(luminosity=1.0), sqrt_s, theta)
    return 250 * rates / rates.sum(axis=1, keepdims=True)


def muon_pairs(exposure: Luminosity, sqrt_s: float, theta: FloatArray) -> FloatArray:
    """Expected events of e⁺e⁻ → μ⁺μ⁻ at tree level in 20 bins of cos θ, with the measured width of the Z."""
    edges = np.linspace(-1, 1, 21)
    slope = np.array([weinberg_born.asymmetry(sqrt_s, value, "fixed") for value in theta])
    section = np.array([weinberg_born.total_cross_section(sqrt_s, value, "fixed") for value in theta])
    shape = np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)
    return expected(shape, section, exposure, np.zeros(20))


def gains(chosen: Study, theta: FloatArray, prior: FloatArray) -> FloatArray:
    """Expected information gain of one round at each setting, (S,), in nats."""
    return np.array([eig_at(chosen.points, chosen.rates(phi, theta), prior).value for phi in chosen.settings])


def adaptive(chosen: Study, theta: FloatArray, prior: FloatArray, _: int, __: np.random.Generator) -> int:
    return int(gains(chosen, theta, prior).argmax())


def randomly(chosen: Study, _: FloatArray, __: FloatArray, ___: int, rng: np.random.Generator) -> int:
    return int(rng.integers(len(chosen.settings)))


def always(index: int) -> Policy:
    return lambda *_: index


@dataclass(frozen=True)
class Chain:
    """One sequence: after each round sd, probability of values denser than the truth, and the setting, all (R,)."""

    sd: FloatArray
    denser: FloatArray
    settings: FloatArray


def chain(chosen: Study, policy: Policy, truth: float, seed: int, infer: Infer | None = None) -> Chain:
    """Run one sequence of rounds; the same seed gives all policies the same luck where they choose alike."""
    choice, luck, simulation = (np.random.default_rng([seed, stream]) for stream in (0, 1, 2))
    axes, support, prior = (chosen.grid,), (chosen.grid,), chosen.prior
    belief, rows = Belief((prior_density(axes, prior),)), []
    for round_ in range(ROUNDS):
        phi = chosen.settings[policy(chosen, axes[0], prior, round_, choice)]
        counts = observe(chosen, phi, truth, luck)
        rates = chosen.rates(phi, axes[0])
        logs = (infer or known_rates)(chosen, rates, counts, prior, simulation)
        posterior, _ = normalise(logs, prior)
        belief = Belief((*belief.terms, likelihood(axes, posterior[0], prior)))
        refined = refine(belief, axes, support, [chosen.parameter])
        axes, prior = refined.axes, refined.prior
        known = belief.marginal(axes, 0)
        rows.append((known.sd, known.denser_than_at(truth), phi))
    return Chain(*np.array(rows).T)


def known_rates(chosen: Study, rates: FloatArray, counts: FloatArray, *_: object) -> FloatArray:
    """Ln p(x|θ), (1, K), of counts (B,) from exact templates."""
    return log_likelihood(counts[None], rates, isinstance(chosen.exposure, EventCount))


def simulated_rates(
    chosen: Study, rates: FloatArray, counts: FloatArray, prior: FloatArray, rng: np.random.Generator, events: int
) -> FloatArray:
    """The same from templates of so many simulated events per θ, whose statistical errors are integrated out.

    As the stages do it: a workspace and a patchset are made from a simulation, then marginalised.
    """
    luminosity = chosen.exposure.model_dump().get("luminosity", 1.0)
    shape = rates / rates.sum(axis=1, keepdims=True)
    filled = rng.multinomial(events // FOLDS, np.repeat(shape[:, None], FOLDS, axis=1)).astype(float)
    points = tuple(f"{chosen.parameter}={index}" for index in range(len(rates)))
    axes, made = (Axis("x", 0, 1, rates.shape[1]),), np.full(len(rates), float(events))
    section = rates.sum(axis=1) / luminosity
    templates = Templates(points, axes, filled, filled, made, section, np.zeros(len(rates)), {})
    options: dict[str, Any] = {"simulation": Simulation(), "name": "sequence", "shapes": {}}
    base = workspace(templates, chosen.exposure, (), observed=None, **options)
    models = published_models(base, patchset(templates, chosen.exposure, (), base=base, **options))
    return marginalise(models, counts[None], prior, isinstance(chosen.exposure, EventCount), rng).log_likelihood


def observe(chosen: Study, phi: float, truth: float, rng: np.random.Generator) -> FloatArray:
    """Counts (B,) of one experiment."""
    rates = chosen.rates(phi, np.array([truth]))[0]
    if isinstance(chosen.exposure, EventCount):
        return rng.multinomial(chosen.exposure.events, rates / rates.sum()).astype(float)
    return rng.poisson(rates).astype(float)


@dataclass(frozen=True)
class Sequences:
    """Repeated sequences of one policy: at one truth, for the width; at truths drawn from the prior, for coverage."""

    sd: FloatArray
    settings: FloatArray
    covered: tuple[str, str] | None

    @property
    def width(self) -> tuple[FloatArray, FloatArray]:
        """Mean standard deviation after each round and its error, both (R,)."""
        return self.sd.mean(axis=0), self.sd.std(axis=0, ddof=1) / np.sqrt(len(self.sd))


def repeat(chosen: Study, policy: Policy, truth: float, repeats: int, calibrated: bool) -> Sequences:
    """Repeat a policy's sequences; the seeds are the same for all policies."""
    found = [chain(chosen, policy, truth, seed) for seed in range(repeats)]
    covered = None
    if calibrated:
        truths = np.random.default_rng(1).uniform(chosen.grid[0], chosen.grid[-1], repeats)
        denser = np.array([chain(chosen, policy, one, 10_000 + i).denser[-1] for i, one in enumerate(truths)])
        covered = tuple(f"{one.value:.1%} ± {one.error:.1%}" for one in (fraction(denser < p) for p in (0.68, 0.95)))
    return Sequences(np.array([one.sd for one in found]), np.array([one.settings for one in found]), covered)


@dataclass(frozen=True)
class Case:
    """A study, the truth at which widths are compared, and the one fixed setting a reader would ask about."""

    study: Study
    truth: float
    usual: float
    axis: str
    label: str
    repeats: int

    @property
    def scale(self) -> float:
        """The angle is written in units of 10⁻⁴."""
        return 1.0 if self.label == "θ" else 1e4

    @property
    def spelt(self) -> str:
        """Parameter and unit of a width."""
        return self.label if self.scale == 1 else f"{self.label} [10⁻⁴]"


def cases() -> list[Case]:
    """The toys of the active-sciencing demonstration, a turn-on curve, and the Weinberg angle."""
    events, angles = EventCount(events=20), np.linspace(0.2, 0.26, 13)
    lumi, energies = (
        Luminosity(luminosity=0.25),
        np.array([80, 82, 84, 86, 88, 89, 90, 90.5, 91, 91.2, 91.5, 92, 94, 96.5]),
    )
    toys = {
        "x ~ N(θ, sd 2 + cos φ), 20 events": (np.linspace(0, np.pi, 9), np.linspace(-4, 4, 17), gaussian),
        "forward–backward toy, 20 events": (np.linspace(40, 50, 11), np.linspace(-2, 2, 41), tanh_toy),
        "turn-on curve, 20 events": (np.linspace(-4, 4, 17), np.linspace(-4, 4, 41), turn_on),
    }
    made = [study(name, "theta", *grids, events, rates) for name, (*grids, rates) in toys.items()]
    wider = study("e⁺e⁻ → μ⁺μ⁻, 250 events", "sin2theta_w", energies, angles, EventCount(events=250), thousand)
    rated = study("e⁺e⁻ → μ⁺μ⁻, 0.25 pb⁻¹", "sin2theta_w", energies, angles, lumi, partial(muon_pairs, lumi))
    return [
        Case(made[0], 1.0, np.pi / 2, "φ", "θ", REPEATS),
        Case(made[1], 1.0, 46.0, "φ [GeV]", "θ", REPEATS),
        Case(made[2], 1.0, 2.0, "φ", "θ", REPEATS),
        Case(rated, 0.2312, 91.2, "√s [GeV]", "sin²θ_W", REPEATS // 2),
        Case(wider, 0.2312, 91.2, "√s [GeV]", "sin²θ_W", REPEATS // 2),
    ]


def compare(case: Case) -> tuple[dict[str, Sequences], list[Sequences]]:
    """Sequences of each policy, and of every fixed setting."""
    chosen = case.study
    fixed = [repeat(chosen, always(index), case.truth, case.repeats, False) for index in range(len(chosen.settings))]
    known = beforehand(chosen)
    named = {
        "adaptive": adaptive,
        "random": randomly,
        f"best known beforehand, {chosen.settings[known]:.4g}": always(known),
        f"always {case.usual:.4g}": always(int(np.abs(chosen.settings - case.usual).argmin())),
    }
    return {name: repeat(chosen, one, case.truth, case.repeats, True) for name, one in named.items()}, fixed


def beforehand(chosen: Study) -> int:
    """The single setting whose data of all rounds together are expected to teach most, given the first prior."""
    size = chosen.exposure.model_dump()
    key = "events" if "events" in size else "luminosity"
    exposure = type(chosen.exposure)(**size | {key: ROUNDS * size[key]})
    points = data_points(
        exposure, chosen.points.uniforms.shape[2] - (key == "luminosity"), DRAWS, np.random.default_rng(0)
    )
    return int(
        np.argmax(
            [eig_at(points, ROUNDS * chosen.rates(phi, chosen.grid), chosen.prior).value for phi in chosen.settings]
        )
    )


def rows(case: Case, found: dict[str, Sequences]) -> str:
    """Lines of the table: width after each round, its ratio to the adaptive one, coverage, settings."""
    lines, reference = [], found["adaptive"].sd[:, -1]
    for name, one in found.items():
        mean, error = one.width
        scale = case.scale
        widths = (
            " → ".join(f"{scale * m:.3g}" for m in mean[:-1]) + f" → {scale * mean[-1]:.4g} ± {scale * error[-1]:.2g}"
        )
        difference = one.sd[:, -1] - reference
        against = (
            difference.mean() / reference.mean(),
            difference.std(ddof=1) / np.sqrt(len(difference)) / reference.mean(),
        )
        ratio = "" if name == "adaptive" else f"{against[0]:+.1%} ± {against[1]:.1%}"
        values, counts = np.unique(one.settings, return_counts=True)
        most = ", ".join(f"{values[i]:.4g}" for i in np.argsort(-counts, kind="stable")[:3])
        lines.append(
            f"| {case.study.name} | {name} | {widths} | {ratio} | {' | '.join(one.covered or ())} | {most} |"
        )
    return "\n".join(lines)


HEADER = (
    "experiment per round | policy | posterior sd | more than adaptive | 68% sets | 95% sets | settings most used"
)


def calibrated(case: Case, size: int, repeats: int) -> str:
    """Coverage after each round when the templates are simulated, at the usual setting and truths from the prior."""
    chosen, infer = case.study, partial(simulated_rates, events=size)
    policy = always(int(np.abs(chosen.settings - case.usual).argmin()))
    truths = np.random.default_rng(2).uniform(chosen.grid[0], chosen.grid[-1], repeats)
    found = [chain(chosen, policy, truth, 20_000 + seed, infer) for seed, truth in enumerate(truths)]
    sd, denser = (np.array([getattr(one, name) for one in found]) for name in ("sd", "denser"))
    shares = " | ".join(
        f"{one.value:.1%} ± {one.error:.1%}" for one in (fraction(denser[:, -1] < level) for level in (0.68, 0.95))
    )
    return f"| {chosen.name}, {size} simulated per θ | {1e4 * sd[:, -1].mean():.3g} | {shares} |"


def main() -> None:
    print(f"Sequences of {ROUNDS} rounds; sd of sin²θ_W in 10⁻⁴\n| {HEADER} |\n|{'---|' * len(HEADER.split('|'))}")
    compared = []
    for case in cases():
        found, fixed = compare(case)
        print(rows(case, found), flush=True)
        compared.append((case, found, fixed))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, part in (("sequence_toys", compared[:3]), ("sequence_weinberg", compared[3:])):
        (FOLDER / f"{name}.png").write_bytes(render_bytes(figure(part), "png"))
    print("\nTemplates simulated anew in every round, at 91.2 GeV; sd in 10⁻⁴")
    print("| case | posterior sd | 68% sets | 95% sets |\n|---|---|---|---|")
    for size in (1000, 10_000):
        for case in cases()[3:]:
            print(calibrated(case, size, REPEATS), flush=True)


@styled
def figure(compared: Sequence[tuple[Case, dict[str, Sequences], list[Sequences]]]) -> Figure:
    """Posterior width by round for each policy, and after the last round against the fixed setting."""
    drawn = Figure(figsize=(15.0, 4.9 * len(compared)), layout="constrained")
    panels = drawn.subplots(len(compared), 2, squeeze=False)
    for (case, found, fixed), (left, right) in zip(compared, panels, strict=True):
        _by_round(left, case, found)
        _by_setting(right, case, found, fixed)
    return drawn


def _by_round(axis: Any, case: Case, found: dict[str, Sequences]) -> None:
    styles = zip(found.items(), (ORANGE, GREY, GREEN, BLUE), ("o", "s", "^", "v"), strict=True)
    rounds, highest = np.arange(1, ROUNDS + 1), 0.0
    for place, ((name, one), colour, marker) in enumerate(styles):
        mean, error = (case.scale * array for array in one.width)
        highest = max(highest, mean.max())
        shift = 0.05 * (place - 1.5)
        axis.errorbar(rounds + shift, mean, error, color=colour, marker=marker, markersize=7, capsize=3, label=name)
    axis.set(xlabel="Round", ylabel=f"Posterior sd of {case.spelt}", xticks=rounds)
    axis.set(xlim=(0.7, ROUNDS + 0.3), ylim=(0, 1.45 * highest))
    axis.tick_params(axis="x", which="minor", bottom=False, top=False)
    axis.set_title(case.study.name + " per round", loc="left", fontsize=16)
    axis.legend(frameon=False, ncols=2)


def _by_setting(axis: Any, case: Case, found: dict[str, Sequences], fixed: list[Sequences]) -> None:
    widths = case.scale * np.array([[value[-1] for value in one.width] for one in fixed])
    axis.errorbar(
        case.study.settings, *widths.T, color=BLUE, marker="o", capsize=3, label="this setting in all rounds"
    )
    for name, colour in (("random", GREY), ("adaptive", ORANGE)):
        mean, error = (case.scale * value[-1] for value in found[name].width)
        axis.axhspan(mean - error, mean + error, color=colour, alpha=0.4, linewidth=0)
        axis.axhline(mean, color=colour, linewidth=2, label=name)
    axis.set(xlabel=case.axis, ylabel=f"After {ROUNDS} rounds", ylim=(0, 1.35 * widths.max()))
    axis.set_title(f"true {case.label} = {case.truth:g}, {case.repeats} repeats", loc="right", fontsize=16)
    room = 0.04 * np.ptp(case.study.settings)
    axis.set_xlim(case.study.settings[0] - room, case.study.settings[-1] + room)
    axis.legend(frameon=False, ncols=3, loc="upper center", columnspacing=1.2, fontsize=13)


if __name__ == "__main__":
    main()
