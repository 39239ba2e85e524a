"""What repeated sequences of one policy found: widths of the posterior, settings, and coverage."""

from dataclasses import dataclass

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.statistics.grid_posterior import fraction
from validation.script import Repeats, column


@dataclass(frozen=True)
class Sequences:
    """Repeated sequences: widths and settings of one truth, both (N, R); coverage where truths were drawn too."""

    seeds: list[int]
    sd: FloatArray
    settings: FloatArray
    covered: tuple[str, ...]

    @property
    def width(self) -> tuple[FloatArray, FloatArray]:
        """Mean standard deviation after each round and its error, both (R,)."""
        return self.sd.mean(axis=0), error_of_mean(self.sd)


def error_of_mean(values: FloatArray) -> FloatArray:
    """Standard error of the mean along the first axis, NaN for a single value."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def sequences(repeats: Repeats) -> Sequences:
    """From the records of one policy, or of one fixed setting, whose coverage is not asked for."""
    calibrated = all("denser" in result for result in repeats.values())
    covered = coverage(repeats) if calibrated else ()
    return Sequences(list(repeats), np.array(column(repeats, "sd")), np.array(column(repeats, "settings")), covered)


def coverage(repeats: Repeats) -> tuple[str, ...]:
    """How many sets of 68% and 95% hold the truth."""
    denser = np.array(column(repeats, "denser"))
    return tuple(f"{one.value:.1%} ± {one.error:.1%}" for one in (fraction(denser < p) for p in (0.68, 0.95)))


def beyond(one: Sequences, reference: Sequences) -> tuple[float, float]:
    """How much wider the last posterior is than another policy's with the same luck, and its error; relative."""
    seeds = [seed for seed in one.seeds if seed in reference.seeds]
    last, other = (np.array([found.sd[found.seeds.index(seed), -1] for seed in seeds]) for found in (one, reference))
    difference, scale = last - other, other.mean()
    return float(difference.mean() / scale), float(error_of_mean(difference) / scale)
