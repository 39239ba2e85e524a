"""The rounds of a search: what has been tried, what it was told, and the campaign of the next round."""

from __future__ import annotations

from .design.search.bookkeeping import unit
from .design.search.state import SearchState


def summary(state: SearchState) -> str:
    """Say what a search knows, and what it does next, in a few lines."""
    lines = [
        f"Search of {state.campaign} · {state.exposure} · most {state.maximise}",
        f"{len(state.tried)} settings, {state.simulated_events:,} events",
    ]
    if state.best is not None and state.best_gain is not None and state.expected_regret is not None:
        known = f"{state.best_gain.value:.3f} ± {state.best_gain.error:.3f} {unit(state.maximise)}"
        lines.append(f"{state.best} is best: {known}; expected regret {state.expected_regret:.2g}")
    lines.append(f"stopped: {state.stopped}" if state.stopped else f"round {state.round}: {' '.join(state.proposed)}")
    return "\n".join(lines)
