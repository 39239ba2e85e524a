"""Pairs of times: what is read of a benchmark, ratios, and the interval of their median."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks import measure, one_side, pairs


@pytest.mark.parametrize("number", [6, 7, 15, 16, 30, 101])
def test_the_interval_of_the_median_is_the_narrowest_that_covers_enough(number):
    rank = pairs.interval_rank(number)
    # the median lies below the r-th smallest value when at most r - 1 values lie below the median
    assert 2 * binom.cdf(rank - 1, number, 0.5) <= 0.05 < 2 * binom.cdf(rank, number, 0.5)


def test_so_few_pairs_have_no_interval():
    assert pairs.fewest() == 6
    with pytest.raises(ValueError, match="5 values are too few"):
        pairs.interval_rank(5)


def test_the_interval_covers_the_median_as_often_as_promised():
    samples = np.random.default_rng(1).exponential(size=(4000, 15))
    ends = np.array([pairs.median_interval(sample) for sample in samples])
    held = np.mean((ends[:, 0] < np.log(2)) & (np.log(2) < ends[:, 1]))
    promised = 1 - 2 * binom.cdf(pairs.interval_rank(15) - 1, 15, 0.5)
    assert held == pytest.approx(promised, abs=4 * np.sqrt(promised * (1 - promised) / 4000))


def test_times_are_read_as_benchmarks_print_them(capsys):
    measure.report_core("exact scan, 100 settings", (0.0705, 0.071), 100)
    measure.report("exact quadrature", 43.62, "µs", 100)
    measure.report("robot-physicist --help", 0.05123, "s", 0.15)
    measure.report("RMSE", 0.0004, "nats", 1e-3)
    measure.report_core("the same", (1, 2), 500)
    measure.report_core("the same", (3, 2), float("inf"))
    measure.report("a name that is longer than the column of names which it is printed in", 1, "s", 2)
    assert pairs.reported(capsys.readouterr().out) == pytest.approx(
        {
            "exact scan, 100 settings": 0.0705,
            "exact quadrature": 43.62e-6,
            "robot-physicist --help": 0.05123,
            "the same": 1,
            "the same #2": 3,
            "a name that is longer than the column of names which it is printed in": 1,
        }
    )


def test_slower_is_found_and_noise_is_not_taken_for_it():
    rng = np.random.default_rng(2)
    load = rng.uniform(1, 3, 15)
    found = pairs.ratios(
        [({"same": a, "slow": a}, {"same": a * rng.normal(1, 0.02), "slow": 1.2 * a}) for a in load.tolist()]
    )
    assert found["same"].good
    assert not found["slow"].good
    assert found["slow"].median == pytest.approx(1.2)
    lines = list(pairs.table(found, 15, 60))
    assert lines[-1] == "1 of 2 cases are surely below 1.1; 1.0 minutes"


def test_cases_of_one_side_alone_are_an_error():
    with pytest.raises(SystemExit, match="different times: b"):
        pairs.ratios([({"a": 1.0}, {"a": 1.0, "b": 2.0})])


def test_either_side_is_first_about_as_often(monkeypatch):
    order = []
    monkeypatch.setattr(pairs, "one_side", lambda name, side, wall: order.append(side) or {"a": float(len(side))})
    found = list(pairs.measured("commands", ("old", "newer"), 15, False))
    assert found == [({"a": 3.0}, {"a": 5.0})] * 15
    assert 4 <= order[2::2].count("old") <= 11
    assert sorted(order[:2]) == ["newer", "old"]


def test_what_has_no_times_is_refused(capsys):
    with pytest.raises(SystemExit):
        pairs.parsed(["HEAD", "calibration"])
    assert "calibration: has no times to compare" in capsys.readouterr().err


def test_what_a_benchmark_no_longer_has_is_not_replaced_silently():
    with pytest.raises(
        AttributeError, match=r"benchmarks\.measure has no goals; benchmarks/one_side\.py replaces it"
    ):
        one_side.replace(measure, goals=3)


@pytest.mark.parametrize("name", sorted(one_side.PREPARATIONS))
def test_benchmarks_have_what_is_replaced(name):
    """A stand-in with the same names, since the modules are replaced for the whole process."""
    import importlib
    from types import SimpleNamespace

    bench = importlib.import_module(f"benchmarks.bench_{name}")
    parts = {key: SimpleNamespace(**vars(value)) for key, value in vars(bench).items() if key in ("pyhf", "np")}
    one_side.PREPARATIONS[name](SimpleNamespace(**{**vars(bench), **parts}))
