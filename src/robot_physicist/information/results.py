"""eig.json: the information gain of one setting and exposure."""

from __future__ import annotations

from ..likelihood.results import Marginalisation
from ..quantities.estimates import CONFIG, Estimate, Interval, document


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
    """From the density or distribution function itself (binned like the data), for simulators that know theirs; its
    error is that of the bin probabilities and of the integral over data. None where it cannot be trusted, which
    `warnings` then say."""
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
    unseen: float = 0.0
    """What a dependence on θ could add that the smooth templates lack and that goes unnoticed among so few simulated
    events; a part of the interval's high end."""
    marginalisation: Marginalisation | None = None
    """How nuisance parameters were integrated out; None when they were not."""
    recorded_events: int | None = None
    """Number of recorded events n, which observed data of the setting may give; None for a luminosity."""
