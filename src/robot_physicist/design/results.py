"""design.json and the columns of design.csv."""

from __future__ import annotations

from dataclasses import field

from ..inference.fit_results import ObservedSummary
from ..information.results import InformationGain
from ..quantities.estimates import CONFIG, document

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
