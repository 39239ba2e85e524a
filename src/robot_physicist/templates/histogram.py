"""histogram.json: the events of one branch in bins."""

from __future__ import annotations

from pydantic import NonNegativeInt

from ..quantities.estimates import CONFIG, Array, Axis, document


@document(frozen=True, config=CONFIG)
class Reweighted:
    """The same events weighted to other parameter points.

    An event weighs p_k / Σ_r α_r p_r, where the sum runs over the references of the campaign and α_r is the share of
    its generated events.
    """

    points: list[str]
    """Labels of the parameter points θ, in campaign order."""
    references: list[str]
    """Labels of the references over which the weights are balanced."""
    sumw: Array
    """Sum of weights, points × folds × bins."""
    sumw2: Array
    """Sum of squared weights, points × folds × bins."""
    outside: Array
    """Sum of weights of the events outside the range, per point."""
    tails: Array
    """Shape k̂ of the Pareto distribution that the largest weights follow, per point; beyond 0.7 sums of weights and
    their errors are not to be trusted."""


@document(frozen=True, config=CONFIG)
class Histogram:
    """histogram.json: one sample at one setting, in folds so that its own error can be estimated."""

    setting: str
    """Label of the setting φ."""
    sample: str
    """Label of the parameter point θ, or `background=NAME`."""
    digest: str
    """Digest of what determined the events."""
    axes: list[Axis]
    """The observables; bins are flattened in this order, the last axis running fastest."""
    sumw: Array
    """Sum of weights, folds × bins."""
    sumw2: Array
    """Sum of squared weights, folds × bins."""
    generated: NonNegativeInt
    """Number of generated events, accepted or not; none only for observed data."""
    outside: float
    """Sum of weights of the events outside the range, which were dropped."""
    cross_section: float | None = None
    """Cross-section before selection, in picobarn."""
    cross_section_error: float | None = None
    """Its Monte Carlo standard error, in picobarn."""
    reweighted: Reweighted | None = None
    """Contents for all parameter points, when the sample is a reference of the campaign."""
