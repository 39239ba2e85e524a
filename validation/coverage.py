"""Coverage: how often the 95% intervals of the corrected gain hold the truth, over repeated simulations."""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from robot_physicist.campaign import Estimator, EventCount, Luminosity, Simulation
from robot_physicist.finite_simulation import information_gain
from robot_physicist.information import gain
from robot_physicist.labels import label
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.simulators.base import FloatArray
from robot_physicist.templates import Exposure, Templates, expected
from validation.accuracy import ANGLES, born_shape
from validation.convergence import weighted

REPEATS = 500
DRAWS = 2048
FOLDS = 10
#: √s in GeV, recorded events, and simulated ones in all, which are weighted to all θ.
WEIGHTED = (
    (82.0, 1, 1000),
    (82.0, 1000, 1000),
    (82.0, 1000, 10_000),
    (82.0, 10_000, 100_000),
    (96.5, 1000, 10_000),
    (96.5, 10_000, 100_000),
)
HEADER = "case | exposure | N per θ | truth / H | corrected | RMSE | mean length | coverage | too high | too low"


@dataclass(frozen=True)
class Case:
    """True templates (K, B) at points (K, P), what is recorded, and how much is simulated."""

    name: str
    points: FloatArray
    shape: FloatArray
    exposure: Exposure
    simulated: int
    section: FloatArray | None = None
    section_error: float = 0.0

    @property
    def prior(self) -> FloatArray:
        """Uniform prior."""
        return np.full(len(self.points), 1 / len(self.points))

    @property
    def truth(self) -> float:
        """EIG of the true templates."""
        section = np.ones(len(self.points)) if self.section is None else self.section
        rates = expected(self.shape, section, self.exposure, np.zeros(self.shape.shape[1]))
        return gain(rates, self.exposure, self.prior, 1 << 17, np.random.default_rng(0)).value

    def simulate(self, rng: np.random.Generator) -> Templates:
        """Simulate the templates once; cross-sections fluctuate by their error."""
        counts = rng.multinomial(self.simulated // FOLDS, np.repeat(self.shape[:, None], FOLDS, axis=1)).astype(float)
        unknown = np.full(len(self.points), np.nan)
        section, errors = unknown, unknown
        if self.section is not None:
            section = self.section * (1 + self.section_error * rng.standard_normal(len(unknown)))
            errors = self.section_error * self.section
        names = tuple(label({f"t{i}": value for i, value in enumerate(point)}) for point in self.points)
        generated = np.full(len(self.points), counts[0].sum())
        return Templates(names, (), counts, counts, generated, section, errors, {})


def gaussian(variance: float, points: int = 11, bins: int = 48) -> tuple[FloatArray, FloatArray]:
    """Points and templates of X ~ N(θ, variance) in [−6, 6], the tails in the first and last bins."""
    from scipy.special import ndtr

    theta = np.linspace(-2, 2, points)
    edges = np.linspace(-6, 6, bins + 1)
    edges[[0, -1]] = -np.inf, np.inf
    return theta[:, None], np.diff(ndtr((edges - theta[:, None]) / np.sqrt(variance)), axis=1)


def forward_backward(phi: float, points: int = 11, bins: int = 20) -> tuple[FloatArray, FloatArray]:
    """Points and templates of the tanh toy."""
    theta = np.linspace(-1, 1, points)
    cosine = (np.arange(bins * 500) + 0.5) / (bins * 250) - 1
    slope = 2 * theta[:, None] * np.tanh(10 * (2 * phi - 90) / 90)
    density = np.maximum(1 + cosine**2 + slope * cosine, 0).reshape(points, bins, -1).sum(axis=2)
    return theta[:, None], density / density.sum(axis=1, keepdims=True)


def two_parameters() -> tuple[FloatArray, FloatArray]:
    """Points and templates of ln p = a x/2 + b x²/2 on [0, 1], on a grid of 5 × 5 points."""
    axis = np.linspace(-1, 1, 5)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    x = (np.arange(10) + 0.5) / 10
    shape = np.exp(points @ np.stack([x, x**2]) / 2)
    return points, shape / shape.sum(axis=1, keepdims=True)


def cases() -> list[Case]:
    """From n = 1 to 10⁴, N = 300 to 10⁵, and no information to nearly all there is."""
    at = {energy: (ANGLES[:, None], born_shape(energy)) for energy in (82, 91, 96.5)}
    flat = ANGLES[:, None], np.repeat(born_shape(82)[:1], len(ANGLES), axis=0)
    section = np.array([born.total_cross_section(91, angle, "fixed") for angle in ANGLES])
    counted: list[tuple[str, tuple[FloatArray, FloatArray], int, int]] = [
        ("e⁺e⁻ 82 GeV", at[82], 1, 300),
        ("e⁺e⁻ 82 GeV", at[82], 1, 10_000),
        ("e⁺e⁻ 82 GeV", at[82], 1000, 1000),
        ("e⁺e⁻ 82 GeV", at[82], 1000, 10_000),
        ("e⁺e⁻ 82 GeV", at[82], 1000, 100_000),
        ("e⁺e⁻ 82 GeV", at[82], 10_000, 300),
        ("e⁺e⁻ 82 GeV", at[82], 10_000, 100_000),
        ("e⁺e⁻ 96.5 GeV", at[96.5], 1, 10_000),
        ("e⁺e⁻ 96.5 GeV", at[96.5], 1000, 10_000),
        ("e⁺e⁻ 96.5 GeV", at[96.5], 1000, 100_000),
        ("e⁺e⁻ 96.5 GeV", at[96.5], 10_000, 100_000),
        ("no dependence on θ", flat, 100, 3000),
        ("Gaussian, variance 1", gaussian(1.0), 1, 300),
        ("Gaussian, variance 1", gaussian(1.0), 10, 10_000),
        ("Gaussian, variance 1", gaussian(1.0), 100, 1000),
        ("Gaussian, variance 0.25", gaussian(0.25), 10, 10_000),
        ("forward-backward, φ = 50", forward_backward(50), 20, 10_000),
        ("forward-backward, φ = 50", forward_backward(50), 1000, 10_000),
        ("two parameters", two_parameters(), 100, 3000),
        ("two parameters", two_parameters(), 1000, 30_000),
        ("two parameters", two_parameters(), 10_000, 100_000),
    ]
    rated = Case("e⁺e⁻ 91 GeV, σ ± 0.3%", *at[91], Luminosity(luminosity=0.2), 10_000, section, 0.003)
    known = [Case(name, *model, EventCount(events=n), size) for name, model, n, size in counted]
    return [*known, rated, *unseen()]


def unseen() -> list[Case]:
    """Cases that were chosen when the method was finished, and on which nothing was tuned."""
    angles = ANGLES[:, None]
    section = np.array([born.total_cross_section(88, angle, "fixed") for angle in ANGLES])
    counted: list[tuple[str, tuple[FloatArray, FloatArray], int, int]] = [
        ("e⁺e⁻ 76 GeV", (angles, born_shape(76)), 300, 2000),
        ("e⁺e⁻ 88 GeV", (angles, born_shape(88)), 3000, 20_000),
        ("e⁺e⁻ 84 GeV, 7 θ, 10 bins", (angles[::3], born_shape(84, bins=10)[::3]), 500, 5000),
        ("Gaussian, variance 4, 21 θ", gaussian(4.0, points=21, bins=30), 3, 1000),
        ("forward-backward, φ = 46", forward_backward(46), 50, 3000),
        ("two parameters", two_parameters(), 300, 3000),
    ]
    rated = Case("e⁺e⁻ 88 GeV, σ ± 0.5%", angles, born_shape(88), Luminosity(luminosity=1), 3000, section, 0.005)
    return [*(Case(name, *model, EventCount(events=n), size) for name, model, n, size in counted), rated]


def repeat(work: tuple[int, int]) -> tuple[float, float, float]:
    """Corrected value and interval of one repetition of a case."""
    index, seed = work
    case = cases()[index]
    rng = np.random.default_rng([seed, index])
    estimator = Estimator(draws=DRAWS)
    found = information_gain(case.simulate(rng), case.exposure, case.prior, estimator, Simulation(), rng).corrected
    return found.value, found.low, found.high


def weighted_repeat(work: tuple[int, int]) -> tuple[float, float, float]:
    """The same from fresh events of one reference that are weighted to all θ."""
    index, seed = work
    sqrt_s, recorded, simulated = WEIGHTED[index]
    found = weighted(sqrt_s, simulated, EventCount(events=recorded), [seed, index]).corrected
    return found.value, found.low, found.high


def row(case: Case, results: FloatArray) -> str:
    """One line of the table; truths up to the accuracy of their own integral count as covered."""
    value, low, high = results.T
    truth, ceiling = case.truth, np.log(len(case.points))
    above, below = low > truth + 1e-9, high < truth - 1e-9
    rmse, length = np.sqrt(np.mean((value - truth) ** 2)), np.mean(high - low)
    exposure = case.exposure.model_dump()
    plural = "s" * (exposure.get("events") != 1)
    recorded = f"{exposure['events']} event{plural}" if "events" in exposure else f"{exposure['luminosity']:g} pb⁻¹"
    numbers = (f"{number:.2g}" if number < 0.01 else f"{number:.4g}" for number in (value.mean(), rmse, length))
    covered = f"{1 - (above | below).mean():.1%} | {above.mean():.1%} | {below.mean():.1%}"
    known = f"{case.name} | {recorded} | {case.simulated} | {truth:.3g} / {ceiling:.3f}"
    return f"{known} | {' | '.join(numbers)} | {covered}"


def main(repeats: int = REPEATS, run: Callable[..., object] = print) -> None:
    run(f"Coverage of 95% intervals, {repeats} repetitions\n| {HEADER} |\n|{'---|' * len(HEADER.split('|'))}")
    with ProcessPoolExecutor(2) as pool:
        for index, case in enumerate(cases()):
            results = np.array(list(pool.map(repeat, [(index, seed) for seed in range(repeats)], chunksize=25)))
            run(f"| {row(case, results)} |", flush=True)
        for index, (sqrt_s, recorded, simulated) in enumerate(WEIGHTED):
            work = [(index, seed) for seed in range(repeats)]
            results = np.array(list(pool.map(weighted_repeat, work, chunksize=25)))
            name = f"e⁺e⁻ {sqrt_s:g} GeV, weighted, N in all"
            known = Case(name, ANGLES[:, None], born_shape(sqrt_s), EventCount(events=recorded), simulated)
            run(f"| {row(known, results)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
