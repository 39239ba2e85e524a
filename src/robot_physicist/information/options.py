"""How the information gain and the posteriors are computed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..quantities.options import Section


class Estimator(Section):
    """How the information gain and the posteriors are computed."""

    method: Literal["qmc", "original"] = "qmc"
    """`qmc`: quasi-Monte Carlo over data, exact sum over θ (one event: exact sum over bins). `original`:
    plain draws from the prior predictive, as in the first formulation."""
    draws: int = Field(4096, ge=64, le=1_000_000)
    """Pseudo-data sets per estimate; rounded up to a power of two."""
    replicas: int = Field(64, ge=16, le=1000)
    """Repeated simulations per strength of the dependence on θ, from which the interval of the gain is made."""
    pseudo_experiments: int = Field(500, ge=1, le=100_000)
    """Pseudo-experiments whose posteriors are summarised."""
    nuisances: Literal["marginalised", "profiled", "fixed"] = "marginalised"
    """Nuisance parameters: integrated out, in the information gain (systematic uncertainties) and in posteriors
    (statistical errors of the templates too); profiled in the posterior of observed data and fixed elsewhere; or
    fixed at their nominal values everywhere."""
