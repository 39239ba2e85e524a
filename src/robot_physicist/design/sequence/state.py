"""What sequence.json holds: every experiment so far, what it was made from, and where the next one looks."""

from __future__ import annotations

from ...quantities.estimates import CONFIG, Array, Interval, document


@document(frozen=True, config=CONFIG)
class Known:
    """One parameter after some experiments."""

    mean: float
    """Posterior mean."""
    sd: float
    """Posterior standard deviation."""
    interval68: list[float]
    """Central interval that holds 68% of the posterior."""
    interval95: list[float]
    """Central interval that holds 95% of it."""


@document(frozen=True, config=CONFIG)
class Experiment:
    """One round: the setting that was chosen, its data, and what they said."""

    setting: str
    """Label of the setting φ at which the data were taken."""
    recommended: str
    """Label of the setting that promised most."""
    exposure: str
    """Label of the exposure."""
    gain: Interval
    """Expected information gain of the recommended setting before the data, in nats."""
    information: float
    """Information in the data, Σ p ln(p/π) of the posterior p and the prior π on this round's grid, in nats."""
    axes: dict[str, list[float]]
    """This round's grid: the values of each parameter; points are their product, the last one running fastest."""
    prior: Array
    """Prior probability of each point of the grid: what the rounds before had left."""
    posterior: Array
    """Posterior probability of each point, after this round's data."""
    known: dict[str, Known]
    """Each parameter after all rounds so far, from the interpolated density."""
    made_from: dict[str, str]
    """SHA-256 of the files of this round, and of the sequence.json before it."""
    warnings: list[str]
    """What a reader of the numbers has to know."""


@document(frozen=True, config=CONFIG)
class Experiments:
    """sequence.json: a sequence of experiments up to the round in whose folder it lies."""

    campaign: str
    """Name of the campaign."""
    title: str
    """Its title."""
    digest: str
    """Digest of the content of the campaign file that began the sequence."""
    truth: dict[str, float]
    """Parameter point at which the data are simulated; empty for data of a real experiment."""
    axes: dict[str, list[float]]
    """Grid of the next round."""
    prior: Array
    """Prior probability of each of its points."""
    next: str
    """SHA-256 of the campaign file of the next round, which lies beside this file."""
    rounds: list[Experiment]
    """The experiments so far, in order."""
