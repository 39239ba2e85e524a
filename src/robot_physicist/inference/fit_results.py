"""What the results say about observed data: how well the templates describe them, and what figures show of that."""

from __future__ import annotations

from dataclasses import field

from ..quantities.estimates import CONFIG, Array, Axis, Estimate, document


@document(frozen=True, config=CONFIG)
class Goodness:
    """Goodness of fit by the likelihood ratio to the saturated model, which has a rate of its own for each bin."""

    statistic: float
    """Least −2 ln L/L(saturated) over θ and nuisance parameters: small is good."""
    expected: float
    """Its mean in pseudo-experiments at the best fit, each of them fitted like the data."""
    spread: float
    """Its standard deviation in them."""
    p_value: Estimate
    """Chance of a statistic at least as large if the best fit is the truth; at least 1/(pseudo-experiments + 1)."""
    pseudo_experiments: int
    """Number of pseudo-experiments."""
    best: str
    """Label of the parameter point of the best fit."""
    pulls: dict[str, float]
    """Systematic uncertainties at the best fit, in standard deviations from their nominal values."""


@document(frozen=True, config=CONFIG)
class Band:
    """Expected events per bin, with their 68% interval."""

    mean: Array
    """Mean of the distribution of expected events."""
    low: Array
    """16% quantile."""
    high: Array
    """84% quantile."""


@document(frozen=True, config=CONFIG)
class Projection:
    """Observed and expected events per bin of one observable, the others summed over."""

    axis: Axis
    """The observable and its bins."""
    observed: Array
    """Observed events."""
    templates: dict[str, Array]
    """Expected events at some parameter points, nuisance parameters at their nominal values."""
    before: Band
    """Expected events before the data: θ and nuisance parameters from their priors."""
    after: Band
    """Expected events after the data: θ and nuisance parameters from the posterior."""
    samples: dict[str, Array]
    """Expected events of each sample at the best fit, backgrounds first."""


@document(frozen=True, config=CONFIG)
class ObservedFit:
    """How well the templates of a setting describe the observed data."""

    goodness: Goodness
    """Goodness of fit."""
    projections: list[Projection]
    """One entry per observable."""


@document(frozen=True, config=CONFIG)
class ObservedSummary:
    """What the observed data of one setting and exposure say."""

    setting: str
    """Label of the setting φ."""
    exposure: str
    """Label of the exposure."""
    events: float
    """Observed events in the range of the observables."""
    mean: dict[str, float]
    """Posterior mean per parameter."""
    sd: dict[str, float]
    """Posterior standard deviation per parameter."""
    goodness: Goodness
    """Goodness of fit."""
    warnings: list[str] = field(default_factory=list)
    """What a reader of the numbers has to know."""
