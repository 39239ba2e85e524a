"""Results in words: goodness of fit, and the state of a search."""

from __future__ import annotations

from ..design.search.bookkeeping import unit
from ..design.search.state import SearchState
from ..inference.fit_results import Goodness

#: A smaller p-value says that no template describes the data.
LOWEST_P = 0.01


def chance(fit: Goodness) -> str:
    """Write a p-value with its error, or the smallest that so many pseudo-experiments can give."""
    least = 1 / (fit.pseudo_experiments + 1)
    if fit.p_value.value <= least:
        return f"< {least:.1g}"
    return f"= {fit.p_value.value:.2g} ± {fit.p_value.error:.1g}"


def spelt(fit: Goodness) -> str:
    """Write a goodness of fit for people, with a warning where the templates do not describe the data.

    >>> from ..quantities.estimates import Estimate
    >>> spelt(Goodness(12.1, 9.8, 4.3, Estimate(0.254, 0.02), 500, "theta=1", {}))
    'goodness of fit p = 0.25 ± 0.02 (12.1, expected 9.8 ± 4.3)'
    """
    text = f"goodness of fit p {chance(fit)} ({fit.statistic:.1f}, expected {fit.expected:.1f} ± {fit.spread:.1f})"
    return text if fit.p_value.value > LOWEST_P else f"{text}: no template describes these data"


def summary(state: SearchState) -> str:
    """Say what a search knows, and what it does next, in a few lines."""
    lines = [
        f"Search of {state.campaign} · {state.exposure} · most {state.maximise}",
        f"{len(state.tried)} settings, {state.simulated_events:,} events",
    ]
    if state.best is not None and state.best_gain is not None and state.expected_regret is not None:
        limit = "" if state.regret_limit is None else f", below {state.regret_limit:.2g} with 95% probability"
        known = f"{state.best_gain.value:.3f} ± {state.best_gain.error:.3f} {unit(state.maximise)}"
        lines.append(f"{state.best} is best: {known}; expected regret {state.expected_regret:.2g}{limit}")
    lines += [f"warning: {text}" for text in state.warnings]
    lines.append(f"stopped: {state.stopped}" if state.stopped else f"round {state.round}: {' '.join(state.proposed)}")
    return "\n".join(lines)
