"""posterior.json, and what other results say about θ."""

from __future__ import annotations

from dataclasses import field

from ..likelihood.results import Marginalisation, TemplateErrors
from ..quantities.estimates import CONFIG, Array, Estimate, document
from .fit_results import ObservedFit


@document(frozen=True, config=CONFIG)
class Credible:
    """A highest-density set of parameter points."""

    level: float
    """Probability that was asked for."""
    probability: float
    """Probability that the set holds; at least `level`."""
    points: list[str]
    """Labels of the points in the set, most probable first."""


@document(frozen=True, config=CONFIG)
class Posterior:
    """p(θ | x, φ) of one data set."""

    truth: str | None
    """Label of the point that made the data; None for observed data."""
    probabilities: Array
    """One probability per parameter point, in campaign order."""
    mean: dict[str, float]
    """Posterior mean per parameter."""
    sd: dict[str, float]
    """Posterior standard deviation per parameter."""
    map: str
    """Label of the most probable point."""
    credible: list[Credible]
    """The 68% and 95% highest-density sets."""
    log_evidence: float
    """ln p(x | φ), in nats."""


@document(frozen=True, config=CONFIG)
class Posteriors:
    """posterior.json: posteriors of pseudo-experiments and of observed data at one setting and exposure."""

    setting: str
    """Label of the setting φ."""
    exposure: str
    """Label of the exposure."""
    points: list[str]
    """Labels of the parameter points."""
    prior: Array
    """Prior probability of each point."""
    observed: Posterior | None
    """Posterior of the observed data, when the campaign names some for this setting and exposure."""
    examples: list[Posterior]
    """Posteriors of a few pseudo-experiments, for figures."""
    pseudo_experiments: int
    """Number of pseudo-experiments behind the averages below."""
    mean_sd: dict[str, float]
    """Average posterior standard deviation per parameter."""
    coverage68: Estimate
    """Fraction of pseudo-experiments whose 68% set holds the truth. They are drawn from the published model itself: a
    test of the computation, not of the templates."""
    coverage95: Estimate
    """The same for the 95% set; `templates` says what repeated simulations make of it."""
    nuisances: str
    """What was done with nuisance parameters."""
    warnings: list[str] = field(default_factory=list)
    """What a reader of the numbers has to know."""
    marginalisation: Marginalisation | None = None
    """How nuisance parameters of pseudo-experiments were integrated out; None when they were not."""
    observed_marginalisation: Marginalisation | None = None
    """The same for the observed data."""
    templates: TemplateErrors | None = None
    """What the errors of templates from a finite simulation do to these posteriors; None for likelihoods that do not
    say."""
    observed_fit: ObservedFit | None = None
    """How well the templates describe the observed data."""


@document(frozen=True, config=CONFIG)
class WorkspaceGain:
    """What `robot-physicist workspace` says about any HistFactory workspace, in nats."""

    patches: list[str]
    """Names of the patches, which the points number from 0."""
    nuisances: list[str]
    """Parameters that were integrated out."""
    prior: Array
    """Prior probability of each point."""
    posterior: Posterior
    """Posterior of the workspace's observed data."""
    prior_entropy: float
    """H[p(θ)]: no experiment can give more."""
    posterior_entropy: float
    """H[p(θ|x)] of the observed data."""
    gain: Estimate
    """Expected information gain of an experiment like this one."""
    marginalisation: Marginalisation | None
    """How nuisance parameters were integrated out of the gain."""
    observed_marginalisation: Marginalisation
    """How they were integrated out of the posterior."""


@document(frozen=True, config=CONFIG)
class UpperLimit:
    """Upper limits on the strength μ of one signal, by CLs with the asymptotic q̃."""

    point: str
    """Label of the parameter point θ."""
    signal: float
    """Expected signal events at μ = 1."""
    observed: float
    """Upper limit on μ from the published data."""
    expected: list[float]
    """Upper limits expected without a signal, at −2, −1, 0, +1 and +2 standard deviations."""
