"""The original toy: its exact curve, corrected points, and those of the original estimator."""

import numpy as np
import pytest
from scipy import integrate, stats

from validation import gaussian_toy as toy


def test_the_exact_gain_of_one_event_is_mutual_information_of_a_mixture() -> None:
    """Without bins: H of the mixture minus that of a normal distribution, of which 48 bins lose little."""
    variance = 1.0

    def integrand(x: float) -> float:
        density = stats.norm.pdf(x, toy.THETA, variance**0.5).mean()
        return float(-density * np.log(density))

    mixture = integrate.quad(integrand, -10, 10)[0]
    unbinned = mixture - 0.5 * np.log(2 * np.pi * np.e * variance)
    assert unbinned - 0.01 < toy.exact(variance, 1) < unbinned


def test_the_original_estimator_is_too_high_where_the_interval_holds_the_truth() -> None:
    seed = len(toy.VARIANCES) - 1
    found = toy.repeat(toy.case(10), seed)
    assert found["original"] - found["truth"] > 4 * found["original_error"]
    assert found["low"] < found["truth"] < found["high"]
    assert toy.held({seed: found}) == 1
    assert len(list(toy.table({toy.case(10): {seed: found}}))) == 5


def test_a_figure_needs_all_of_its_points(tmp_path) -> None:
    one = {"variance": 1.0, "original": 1.2, "original_error": 0.1, "corrected": 1.0, "low": 0.9, "high": 1.1}
    repeats = {seed: {**one, "variance": float(value)} for seed, value in enumerate(toy.VARIANCES)}
    assert list(toy.draw({toy.case(1): repeats}, tmp_path)) == []
    (path,) = toy.draw(dict.fromkeys(toy.CASES, repeats), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert pytest.approx(0.6096, abs=1e-3) == toy.exact(6.4, 10)
