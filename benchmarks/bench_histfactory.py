"""HistFactory rates and likelihoods of many parameter vectors on one core, beside pyhf's batched model."""

import numpy as np
import pyhf

from benchmarks.measure import median_seconds, report_least
from robot_physicist.histfactory.model import histfactory

VECTORS, REPEATS = 1000, 15
#: Channels, bins per channel, normsys and histosys per sample.
SIZES = {"1 channel × 20 bins, 31 parameters": (1, 20, 5), "4 channels × 10 bins, 61 parameters": (4, 10, 10)}


def main() -> None:
    print(f"HistFactory, {VECTORS} parameter vectors on one core, times faster than pyhf with batch_size")
    for name, size in SIZES.items():
        rates, logs = ratios(model(*size))
        report_least(f"expected_data, {name}", rates, "×", 40)
        report_least(f"logpdf, {name}", logs, "×", 10)


def ratios(spec: dict) -> tuple[float, float]:
    """How many times faster expected_data and logpdf are, after a check that they give the same."""
    ours, batched = histfactory(spec), pyhf.Model(spec, poi_name=None, batch_size=VECTORS)
    vectors = parameters(ours)
    data = np.round(ours.expected_data(vectors))
    assert np.allclose(batched.expected_data(vectors), ours.expected_data(vectors), rtol=1e-12)
    rates = ratio(lambda: batched.expected_data(vectors), lambda: ours.expected_data(vectors))
    return rates, ratio(lambda: batched.logpdf(vectors, data), lambda: ours.logpdf(vectors, data))


def ratio(slow, fast) -> float:
    """Median over repeats of the ratio of times measured one after the other."""
    return float(np.median([median_seconds(slow, 1) / median_seconds(fast, 3) for _ in range(REPEATS)]))


def parameters(model) -> np.ndarray:
    rng = np.random.default_rng(0)
    spread = np.where(model.init == 0, 1.0, 0.1)
    values = model.init + spread * rng.standard_normal((VECTORS, len(model.init)))
    return np.where(model.init == 0, values, np.abs(values))


def model(channels: int, bins: int, systematics: int) -> dict:
    """Three samples per channel, each with all systematics, a staterror, and a strength for the signal."""
    rng = np.random.default_rng(1)
    return {
        "channels": [
            {
                "name": f"c{c}",
                "samples": [sample(name, f"c{c}", bins, systematics, rng) for name in ("signal", "b1", "b2")],
            }
            for c in range(channels)
        ],
        "parameters": [],
    }


def sample(name: str, channel: str, bins: int, systematics: int, rng: np.random.Generator) -> dict:
    nominal = rng.uniform(20, 80, bins)
    strength = [{"name": "mu", "type": "normfactor", "data": None}] if name == "signal" else []
    modifiers = [*strength, {"name": f"stat_{channel}", "type": "staterror", "data": (0.05 * nominal).tolist()}]
    for i in range(systematics):
        size = 0.02 * (i + 1)
        modifiers.append({"name": f"n{i}", "type": "normsys", "data": {"hi": 1 + size, "lo": 1 - size}})
        up, down = (nominal * rng.uniform(0.9, 1.1, bins) for _ in range(2))
        shape = {"hi_data": up.tolist(), "lo_data": down.tolist()}
        modifiers.append({"name": f"h{i}", "type": "histosys", "data": shape})
    return {"name": name, "data": nominal.tolist(), "modifiers": modifiers}
