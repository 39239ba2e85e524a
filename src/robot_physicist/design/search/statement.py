"""What a search says of what it knows: the setting that is named, what it may miss, and why the search ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...quantities.arrays import FloatArray
from ...quantities.estimates import Estimate
from ...statistics.gaussian_process import Processes
from .acquisition import Belief
from .bookkeeping import unit
from .domain import Domain
from .options import Search
from .resolution import Resolution
from .state import Process, ProcessBand

#: Quantiles of the length scales that are told.
QUANTILES = (0.025, 0.5, 0.975)
#: Probability with which the regret is below its limit.
LIMIT = 0.95
UNTRIED = "settings that were never simulated may be better"
TOO_SMALL = "the expected regret may be too small"


def named(setting: str, belief: Belief, regret: FloatArray) -> dict[str, Any]:
    """The setting that is best as far as is known, and what it may miss."""
    return {
        "best": setting,
        "best_gain": _shortened(belief.at(belief.best)),
        "expected_regret": six(max(0.0, float(regret.mean()))),
        "regret_limit": six(float(np.quantile(regret, LIMIT))),
    }


def said(stopped: str, resolved: Resolution, suspected: bool) -> dict[str, Any]:
    """Why the search stops, and what a reader has to know of it."""
    problems = [*([resolved.problem] if resolved.problem else []), *([UNTRIED] if stopped and suspected else [])]
    return {
        "stopped": "; ".join([stopped, *problems]) if stopped else "",
        "warnings": [f"{one}: {TOO_SMALL}" for one in problems],
    }


def reason(search: Search, number: int, found: dict[str, Any], sure: bool, spent: bool) -> str:
    """Why the search stops."""
    if sure:
        regret, limit = found["expected_regret"], found["regret_limit"]
        return (
            f"expected regret of {regret:.2g} {unit(search.maximise)} is within the tolerance"
            f" (below {limit:.2g} with a probability of {LIMIT:.0%})"
        )
    if number > search.rounds:
        return f"{search.rounds} rounds"
    return "the budget is spent" if spent else "nothing is left to simulate"


def process_of(processes: Processes, domain: Domain) -> Process:
    """The processes by their middle, and the length scales of 95% of them."""
    widths = np.array([axis[-1] - axis[0] for axis in domain.axes])
    low, middle, high = np.quantile(processes.length_scales, QUANTILES, axis=0) * widths
    sd = float(np.median(processes.sds))
    return Process(
        mean=six(processes.points.level),
        sd=six(sd),
        length_scales={name: six(float(one)) for name, one in zip(domain.names, middle, strict=True)},
        length_scale_ranges={
            name: [six(float(one)) for one in ends] for name, *ends in zip(domain.names, low, high, strict=True)
        },
        log_likelihood=six(processes.log_likelihood),
        learnt=six(processes.learnt),
    )


def _shortened(found: Estimate) -> Estimate:
    return Estimate(six(found.value), six(found.error))


def six(value: float) -> float:
    """Six significant digits: the last ones of sums of thousands of terms are not those of every machine."""
    return float(f"{value:.6g}")


def band(processes: Processes, domain: Domain, shown: list[dict[str, float]]) -> ProcessBand:
    """What the processes say along the settings of a figure."""
    mean, sd = processes.marginal(domain.cube(shown))
    return ProcessBand(shown, [round(float(one), 6) for one in mean], [round(float(one), 6) for one in sd])
