"""What a search keeps on disk: search.json, its whole state after a round."""

from __future__ import annotations

from ...quantities.estimates import CONFIG, Estimate, document


@document(frozen=True, config=CONFIG)
class Tried:
    """A setting that the search has simulated, or asks for now."""

    setting: str
    """Label of the setting φ."""
    values: dict[str, float]
    """Values of its variables."""
    cost: float
    """Cost of the experiment there."""
    rounds: list[int]
    """Rounds that simulate there, the first one being 1."""
    batches: list[int]
    """Events per branch that each of these rounds generates."""
    gain: Estimate | None
    """Information gain from the events so far, with its standard error; None before the first ones."""


@document(frozen=True, config=CONFIG)
class Process:
    """The Gaussian process that was fitted to the gains (per cost, if that is maximised)."""

    mean: float
    """Its mean far away from all settings that were tried."""
    sd: float
    """Its standard deviation there."""
    length_scales: dict[str, float]
    """Distance in each variable over which it changes."""
    log_likelihood: float
    """Logarithm of the marginal likelihood of the gains, which chose the numbers above."""


@document(frozen=True, config=CONFIG)
class ProcessBand:
    """What the process says along the settings of a figure."""

    values: list[dict[str, float]]
    """Settings, by their variables."""
    mean: list[float]
    """Its mean at each of them."""
    sd: list[float]
    """Its standard deviation at each of them."""


@document(frozen=True, config=CONFIG)
class SearchState:
    """search.json: what a search knows after some rounds, and what it asks for next."""

    campaign: str
    """Name of the campaign."""
    round: int
    """The round that is proposed here, the first one being 1."""
    exposure: str
    """Label of the exposure whose gain is maximised."""
    maximise: str
    """What the best setting has most of."""
    tried: list[Tried]
    """All settings in the order in which they were first asked for."""
    proposed: list[str]
    """Labels of the settings of the next round; none when the search has stopped."""
    simulated_events: int
    """Events generated for all settings and samples, those that are proposed included."""
    process: Process | None = None
    """The Gaussian process; None before the first gains."""
    band: ProcessBand | None = None
    """What it says, for figures."""
    best: str | None = None
    """Label of the setting that is best as far as is known."""
    best_gain: Estimate | None = None
    """What the process says of it."""
    expected_regret: float | None = None
    """What the best setting of the domain is expected to have more than this one."""
    stopped: str = ""
    """Why the search has stopped; empty while it goes on."""
