"""What shares of a luminosity keep on disk: allocation.json."""

from __future__ import annotations

from ...quantities.estimates import CONFIG, Estimate, Interval, document

#: Data sets that choose the shares are `estimator.draws`; this many times more judge them.
JUDGES = 4


@document(frozen=True, config=CONFIG)
class Share:
    """What one setting is worth to a plan."""

    setting: str
    """Label of the setting φ."""
    share: float
    """Its share of the luminosity."""
    single: Estimate
    """Information gain of all the luminosity at this setting, in nats."""
    marginal: float
    """What more luminosity there would add, in nats per unit of share; the same wherever the plan runs."""


@document(frozen=True, config=CONFIG)
class Allocation:
    """allocation.json: the shares of a luminosity that teach most, and how much that is, in nats."""

    exposure: str
    """Label of the exposure whose luminosity is shared."""
    verdict: str
    """The answer in a sentence."""
    prior_entropy: float
    """H[p(θ)]: no experiment can give more."""
    shares: list[Share]
    """All settings, in campaign order."""
    gain: Interval
    """Information gain of the plan."""
    best: str
    """Label of the best single setting."""
    single: Interval
    """Information gain of all the luminosity there."""
    advantage: Interval
    """The plan's gain minus that of the best single setting; with the same data points and simulated events."""
    gap: float
    """What the best shares could still add, for a gain that is concave in the shares."""
    method: str
    """How the numbers and their errors were made."""
    nuisances: str
    """What was done with nuisance parameters."""
    warnings: list[str]
    """What a reader of the numbers has to know."""
