"""Cases whose coverage is measured: exact templates, what is recorded, and how much is simulated."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from robot_physicist.information.gain import gain
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount, Exposure, Luminosity
from robot_physicist.quantities.labels import label
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.templates.templates import Templates, expected
from validation.muon_pairs import ANGLES, FOLDS, born_shape

#: Points (K, P) and templates (K, B).
Model = tuple[FloatArray, FloatArray]
#: √s in GeV, recorded events, and simulated ones in all, which are weighted to all θ.
WEIGHTED = (
    (82.0, 1, 1000),
    (82.0, 1000, 1000),
    (82.0, 1000, 10_000),
    (82.0, 10_000, 100_000),
    (96.5, 1000, 10_000),
    (96.5, 10_000, 100_000),
)


@dataclass(frozen=True)
class Case:
    """True templates (K, B) at points (K, P), what is recorded, and how much is simulated."""

    title: str
    points: FloatArray
    shape: FloatArray
    exposure: Exposure
    simulated: int
    section: FloatArray | None = None
    section_error: float = 0.0

    @property
    def name(self) -> str:
        """Unique name."""
        return f"{self.title}, {self.recorded}, N = {self.simulated}"

    @property
    def recorded(self) -> str:
        """What is recorded, in words."""
        exposure = self.exposure.model_dump()
        plural = "s" * (exposure.get("events") != 1)
        return f"{exposure['events']} event{plural}" if "events" in exposure else f"{exposure['luminosity']:g} pb⁻¹"

    @property
    def prior(self) -> FloatArray:
        """Uniform prior."""
        return np.full(len(self.points), 1 / len(self.points))

    @cached_property
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


def gaussian(variance: float, points: int = 11, bins: int = 48) -> Model:
    """Points and templates of X ~ N(θ, variance) in [−6, 6], the tails in the first and last bins."""
    from scipy.special import ndtr

    theta = np.linspace(-2, 2, points)
    edges = np.linspace(-6, 6, bins + 1)
    edges[[0, -1]] = -np.inf, np.inf
    return theta[:, None], np.diff(ndtr((edges - theta[:, None]) / np.sqrt(variance)), axis=1)


def forward_backward(phi: float, points: int = 11, bins: int = 20) -> Model:
    """Points and templates of the tanh toy."""
    theta = np.linspace(-1, 1, points)
    cosine = (np.arange(bins * 500) + 0.5) / (bins * 250) - 1
    slope = 2 * theta[:, None] * np.tanh(10 * (2 * phi - 90) / 90)
    density = np.maximum(1 + cosine**2 + slope * cosine, 0).reshape(points, bins, -1).sum(axis=2)
    return theta[:, None], density / density.sum(axis=1, keepdims=True)


def two_parameters() -> Model:
    """Points and templates of ln p = a x/2 + b x²/2 on [0, 1], on a grid of 5 × 5 points."""
    axis = np.linspace(-1, 1, 5)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    x = (np.arange(10) + 0.5) / 10
    shape = np.exp(points @ np.stack([x, x**2]) / 2)
    return points, shape / shape.sum(axis=1, keepdims=True)


@cache
def simulated_cases() -> dict[str, Case]:
    """Cases whose θ are simulated one by one; a case's place among them is part of its seeds."""
    return {case.name: case for case in [*tuned(), *unseen()]}


@cache
def weighted_cases() -> dict[str, Case]:
    """Cases whose events are weighted to all θ; their places are part of their seeds too."""
    cases = [
        Case(
            f"e⁺e⁻ {sqrt_s:g} GeV, weighted, N in all",
            ANGLES[:, None],
            born_shape(sqrt_s),
            EventCount(events=recorded),
            simulated,
        )
        for sqrt_s, recorded, simulated in WEIGHTED
    ]
    return {case.name: case for case in cases}


def tuned() -> list[Case]:
    """From n = 1 to 10⁴, N = 300 to 10⁵, and no information to nearly all there is."""
    at = {energy: (ANGLES[:, None], born_shape(energy)) for energy in (82, 91, 96.5)}
    flat = ANGLES[:, None], np.repeat(born_shape(82)[:1], len(ANGLES), axis=0)
    section = np.array([born.total_cross_section(91, angle, "fixed") for angle in ANGLES])
    counted: list[tuple[str, Model, int, int]] = [
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
    return [*(Case(title, *model, EventCount(events=n), size) for title, model, n, size in counted), rated]


def unseen() -> list[Case]:
    """Cases that were chosen when the method was finished, and on which nothing was tuned."""
    angles = ANGLES[:, None]
    section = np.array([born.total_cross_section(88, angle, "fixed") for angle in ANGLES])
    counted: list[tuple[str, Model, int, int]] = [
        ("e⁺e⁻ 76 GeV", (angles, born_shape(76)), 300, 2000),
        ("e⁺e⁻ 88 GeV", (angles, born_shape(88)), 3000, 20_000),
        ("e⁺e⁻ 84 GeV, 7 θ, 10 bins", (angles[::3], born_shape(84, bins=10)[::3]), 500, 5000),
        ("Gaussian, variance 4, 21 θ", gaussian(4.0, points=21, bins=30), 3, 1000),
        ("forward-backward, φ = 46", forward_backward(46), 50, 3000),
        ("two parameters", two_parameters(), 300, 3000),
    ]
    rated = Case("e⁺e⁻ 88 GeV, σ ± 0.5%", angles, born_shape(88), Luminosity(luminosity=1), 3000, section, 0.005)
    return [*(Case(title, *model, EventCount(events=n), size) for title, model, n, size in counted), rated]
