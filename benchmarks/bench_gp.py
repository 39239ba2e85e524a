"""Gaussian processes of several libraries, on the gains of a search: processor time of start-up and of a fit."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import warnings

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from validation.process_libraries import LIBRARIES as COMPARED
from validation.process_libraries import POINTS, REPEATS, Fitter, noisy_points

#: A first fit in a new process, the import included.
START = """
import time, warnings
start = time.process_time()
warnings.simplefilter("ignore")
import numpy as np
from benchmarks import bench_gp
x = np.linspace(0, 1, 6)[:, None]
bench_gp.LIBRARIES[{name!r}](x, np.sin(3 * x[:, 0]), np.full(6, 0.01), x)
print(time.process_time() - start)
"""


def optuna(x: FloatArray, y: FloatArray, errors: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Its sampler takes no errors and does not show its process: only the start-up of a proposal is measured."""
    import optuna as library

    library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(sampler=library.samplers.GPSampler(seed=1, n_startup_trials=2), direction="maximize")
    space = {"x": library.distributions.FloatDistribution(0, 1)}
    for place, value in zip(x[:, 0], y, strict=True):
        study.add_trial(library.trial.create_trial(params={"x": place}, distributions=space, value=value))
    study.ask(space)
    return np.full(len(places), np.nan), np.full(len(places), np.nan)


LIBRARIES: dict[str, Fitter] = {**COMPARED, "Optuna": optuna}


def fit_seconds(library: Fitter) -> float:
    """Median seconds of processor time of a fit."""
    places, seconds = np.linspace(0, 1, 101)[:, None], []
    for seed in range(REPEATS):
        points = noisy_points(seed)
        start = time.process_time()
        library(*points, places)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def main() -> None:
    print(f"Gaussian processes: {POINTS} points with errors of 0.02 and 0.1, {REPEATS} repeats; CPU seconds")
    for name, library in LIBRARIES.items():
        line = [sys.executable, "-c", START.format(name=name)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:<14} is not installed")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds = fit_seconds(library)
        start = float(done.stdout.splitlines()[-1])
        print(f"{name:<14} start and first fit {start:5.2f} s, fit {seconds:6.3f} s")
