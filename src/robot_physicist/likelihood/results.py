"""What a result says about nuisance parameters that were integrated out."""

from __future__ import annotations

from ..quantities.estimates import CONFIG, Estimate, document


@document(frozen=True, config=CONFIG)
class Marginalisation:
    """How nuisance parameters were integrated out, and how well that went."""

    method: str
    """Laplace's method, or importance sampling where that is not good enough."""
    effective_fraction: float
    """Effective sample size of importance sampling as a fraction of its draws; 95% of the data sets have more."""
    laplace_bias: Estimate
    """Posterior entropy by importance sampling minus that by Laplace's method, on some of the data sets, in nats."""
    warnings: list[str]
    """What a reader of the numbers has to know."""


@document(frozen=True, config=CONFIG)
class TemplateErrors:
    """What the errors that templates of all θ share do to posteriors, found by repeating the simulation."""

    coverage95: float
    """Fraction of data sets of the smooth templates whose 95% set, from templates of a repeated simulation, holds the
    truth."""
    factor: float
    """How many times wider the posteriors would have to be for that to be 95%."""
