"""The section `search` of a campaign: settings are proposed round by round, in place of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from ...quantities import labels
from ...quantities.options import Finite, Name, Positive, Section

#: Settings of the first round over one variable, and for each of several: fewer say little of a length scale.
ON_A_LINE, PER_VARIABLE = 6, 12


def usual_first(variables: int) -> int:
    """Settings of the first round over so many variables.

    >>> usual_first(1), usual_first(3)
    (6, 36)
    """
    return ON_A_LINE if variables < 2 else PER_VARIABLE * variables


class Cost(Section):
    """What the experiment costs at a setting: a linear function of its variables, in any unit."""

    constant: Finite = 1.0
    """Cost where all variables are zero."""
    per: dict[Name, Finite] = Field(default_factory=dict)
    """What one unit of a variable adds."""
    at: dict[str, Positive] = Field(default_factory=dict)
    """Cost of some settings, by label such as `sqrt_s=82`, whatever the function says."""

    def of(self, setting: Mapping[str, float]) -> float:
        """Cost of a setting.

        >>> Cost(constant=1, per={"phi": 0.5}).of({"phi": 4})
        3.0
        """
        linear = self.constant + sum(slope * setting[name] for name, slope in self.per.items())
        return self.at.get(labels.label(setting), linear)


class Search(Section):
    """A search for the best setting, round by round.

    A Gaussian process learns EIG(φ) from the settings simulated so far and proposes the next ones.
    """

    exposure: str = ""
    """Label of the exposure whose gain is maximised; the first one when empty."""
    initial: int | None = Field(None, ge=2, le=1000)
    """Settings of the first round, spread over the domain; none: 6 with one variable, 12 for each of several."""
    batch: int = Field(3, ge=1, le=1000)
    """Most settings of a later round: new ones, or contenders that get more events."""
    rounds: int = Field(6, ge=1, le=50)
    """Most rounds."""
    tolerance: Positive = 0.01
    """The search stops when the expected regret is below this, in nats (per unit of cost): what the best setting is
    expected to have more than the one that is named."""
    budget: int | None = Field(None, ge=1)
    """Most events generated in all, for all settings and samples together; none: no limit."""
    growth: float = Field(4.0, ge=1.1, le=100)
    """A contender that is simulated again has this many times its events afterwards, or a power of it; it begins with
    `simulation.events`, and a new setting may get as many at once as the contenders would."""
    maximise: Literal["gain", "gain per cost"] = "gain"
    """What the best setting has most of."""
    cost: Cost = Cost()
    """Cost of the experiment at a setting."""
    affordable: Positive | None = None
    """Settings that cost more are left out; none: all are affordable."""

    def first(self, variables: int) -> int:
        """Settings of the first round of a search over so many variables, which fewer could not resolve.

        >>> Search().first(1), Search().first(2), Search(initial=8).first(2)
        (6, 24, 8)
        """
        return self.initial or usual_first(variables)
