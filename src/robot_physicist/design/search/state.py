"""What a search keeps on disk: search.json, its whole state after a round."""

from __future__ import annotations

from dataclasses import field

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
    """Gaussian processes through the gains (per cost, if that is maximised), averaged by their posterior."""

    mean: float
    """Middle of the prior of their mean far away from all settings that were tried."""
    sd: float
    """Their standard deviation there, median."""
    length_scales: dict[str, float]
    """Distance in each variable over which they change, median."""
    log_likelihood: float
    """Logarithm of the likelihood of the gains, averaged over the prior of the processes."""
    length_scale_ranges: dict[str, list[float]] = field(default_factory=dict)
    """Lower and upper end of the length scales of 95% of them."""
    learnt: float = 0.0
    """What the gains told about the length scales, in nats: relative entropy of posterior and prior."""


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
    regret_limit: float | None = None
    """What it has not more than this one with a probability of 95%."""
    unexplored: float | None = None
    """Share of the domain that is more than a length scale away from all settings tried, averaged over the posterior
    of the length scales."""
    stopped: str = ""
    """Why the search has stopped; empty while it goes on."""
    warnings: list[str] = field(default_factory=list)
    """What a reader has to know: why the expected regret may be too small."""
