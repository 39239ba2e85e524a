"""What the JSON files of a campaign hold: one frozen dataclass per published document.

The JSON schemas in docs/schemas are generated from these classes.
"""

from __future__ import annotations

from dataclasses import field

from .fit_documents import ObservedFit, ObservedSummary
from .likelihood.results import Marginalisation
from .quantities.estimates import CONFIG, Array, Estimate, Interval, document

#: Columns of design.csv after the exposure and the variables of the setting, in nats where they are gains.
COLUMNS = (
    "corrected",
    "corrected_error",
    "low",
    "high",
    "cross_fitted",
    "cross_fitted_error",
    "plug_in",
    "plug_in_error",
    "exact",
    "exact_error",
    "prior_entropy",
    "rank",
    "contender",
    "simulated_events",
    "method",
    "nuisances",
)


@document(frozen=True, config=CONFIG)
class Branches:
    """branches.json: the labels over which a campaign fans out."""

    settings: list[str]
    """Labels of the settings φ."""
    samples: list[str]
    """Labels of what is simulated at each setting: parameter points θ, then backgrounds."""
    exposures: list[str]
    """Labels of the exposures."""
    allocations: list[str] = field(default_factory=list)
    """Labels of the exposures whose luminosity is shared among the settings."""


@document(frozen=True, config=CONFIG)
class InformationGain:
    """eig.json: the expected information gain of one setting and exposure, in nats."""

    setting: str
    """Label of the setting φ."""
    exposure: str
    """Label of the exposure."""
    prior_entropy: float
    """H[p(θ)]: no experiment can give more."""
    corrected: Interval
    """The estimate to use: smoothed templates, bias of finite simulation removed; the interval accounts for the
    finite simulation, the smoothing and the Monte Carlo integration over data."""
    plug_in: Estimate
    """The simulated templates taken at face value; biased up."""
    cross_fitted: Estimate
    """Data from one half of the simulation, posterior from the other: a lower bound."""
    exact: Estimate | None
    """From the density itself (binned like the data), for simulators that know theirs."""
    functions: int
    """Number of functions of θ that the smoothed templates are made of."""
    method: str
    """How the integral over data was done."""
    nuisances: str
    """What was done with nuisance parameters."""
    simulated_events: int
    """Events generated for this setting."""
    effective_events: float
    """Least (Σw)²/Σw² over the parameter points: the number of unweighted events that would do as well."""
    warnings: list[str]
    """What a reader of the numbers has to know."""
    marginalisation: Marginalisation | None = None
    """How nuisance parameters were integrated out; None when they were not."""


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
    """Fraction of pseudo-experiments whose 68% set holds the truth."""
    coverage95: Estimate
    """Fraction of pseudo-experiments whose 95% set holds the truth."""
    nuisances: str
    """What was done with nuisance parameters."""
    warnings: list[str] = field(default_factory=list)
    """What a reader of the numbers has to know."""
    marginalisation: Marginalisation | None = None
    """How nuisance parameters of pseudo-experiments were integrated out; None when they were not."""
    observed_marginalisation: Marginalisation | None = None
    """The same for the observed data."""
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
class Ranked:
    """One setting of a design."""

    setting: str
    """Label of the setting φ."""
    values: dict[str, float]
    """Values of the setting's variables."""
    rank: int
    """1 is best."""
    contender: bool
    """True when the setting cannot be told apart from the best one (less than two standard errors)."""
    gain: InformationGain
    """Everything known about its information gain."""


@document(frozen=True, config=CONFIG)
class ExposureDesign:
    """The answer for one exposure."""

    exposure: str
    """Label of the exposure."""
    best: str
    """Label of the setting with the highest corrected information gain."""
    verdict: str
    """The answer in one sentence, naming settings that cannot be told apart."""
    settings: list[Ranked]
    """All settings in campaign order."""


@document(frozen=True, config=CONFIG)
class Design:
    """design.json: the settings ranked by what they teach."""

    campaign: str
    """Name of the campaign."""
    title: str
    """Its title."""
    digest: str
    """Digest of the campaign file's content."""
    units: dict[str, str]
    """Unit of each variable of the settings."""
    labels: dict[str, str]
    """How figures write each variable of the settings."""
    exposures: list[ExposureDesign]
    """One answer per exposure."""
    observed: list[ObservedSummary] = field(default_factory=list)
    """What the observed data say, and whether the templates describe them."""
