"""Information gain from known rates: error and time."""

import numpy as np

from benchmarks.measure import core_seconds, report, report_core
from robot_physicist.information.gain import eig_at, eig_quadrature, eig_scan
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.simulators import load
from robot_physicist.statistics.counts import multinomial_counts
from robot_physicist.statistics.quadrature import gauss_legendre

POINTS, BINS, DRAWS, REPEATS = 41, 20, 8192, 40
EXPOSURE = Luminosity(luminosity=1)


def main() -> None:
    print("Estimators")
    prior = np.full(POINTS, 1 / POINTS)
    for name, rates in experiments().items():
        error, seconds = poisson(rates, prior)
        report(f"RMSE, 20 Poisson bins × 41 θ, {DRAWS} data sets, {name}", error, "nats", 1e-3)
        report_core(f"processor time, the same, {name}", seconds, 10)
    report_core("multinomial counts, 4096 × 20 bins, n = 1000", multinomial_seconds(), 50)
    report_core("exact scan, 100 settings × 200 θ × 400 bins", scan_seconds(), 100)
    density, weights = gaussian_density()
    uniform = np.full(len(density), 1 / len(density))
    seconds, _ = core_seconds(lambda: eig_quadrature(density, weights, uniform), 201)
    report("exact quadrature of the Gaussian toy, per setting", 1e6 * seconds, "µs", 100)


def experiments() -> dict[str, np.ndarray]:
    """Expected counts of three experiments: a slope, a moving peak, and few events."""
    theta = np.linspace(-1, 1, POINTS)[:, None]
    x = (np.arange(BINS) + 0.5) / BINS
    return {
        "slope": 50 * (1 + 0.6 * theta * (x - 0.5)),
        "peak": 20 + 80 * np.exp(-0.5 * ((x - 0.5 - 0.1 * theta) / 0.1) ** 2),
        "few events": 2 * (1 + theta * (x - 0.5)),
    }


def poisson(rates: np.ndarray, prior: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Root mean square error over scramblings, and processor and wall seconds of one estimate at prepared points."""
    many = [data_points(EXPOSURE, BINS, 1 << 17, np.random.default_rng(1000 + seed)) for seed in range(4)]
    truth = np.mean([eig_at(points, rates, prior).value for points in many])
    points = [data_points(EXPOSURE, BINS, DRAWS, np.random.default_rng(seed)) for seed in range(REPEATS)]
    values = np.array([eig_at(one, rates, prior).value for one in points])
    seconds = core_seconds(lambda: eig_at(points[0], rates, prior), REPEATS)
    return float(np.sqrt(np.mean((values - truth) ** 2))), seconds


def multinomial_seconds() -> tuple[float, float]:
    """One draw of counts by inversion, from shapes that differ by 30% per bin."""
    rng = np.random.default_rng(1)
    rates = np.exp(0.3 * rng.standard_normal((POINTS, BINS)))
    uniforms, truth = rng.random((4096, BINS - 1)), rng.integers(0, POINTS, 4096)
    return core_seconds(lambda: multinomial_counts(uniforms, truth, rates, 1000), REPEATS)


def scan_seconds() -> tuple[float, float]:
    table = np.random.default_rng(1).random((100, 200, 400))
    table /= table.sum(axis=2, keepdims=True)
    return core_seconds(lambda: eig_scan(table, np.full(200, 1 / 200)), REPEATS)


def gaussian_density() -> tuple[np.ndarray, np.ndarray]:
    """Density of the toy at eleven points, and the weights of a quadrature that is right to 1e-12."""
    kind = load("gaussian")
    simulator = kind(kind.Options())
    x, weights = gauss_legendre(-9, 9, 64)
    means = np.linspace(-2, 2, 11)
    return np.stack([simulator.density({"x": x}, {"variance": 1.0}, {"theta": mean}) for mean in means]), weights
