"""Prior probabilities of the parameter points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..inference.results import Posteriors
from ..quantities.arrays import FloatArray
from ..quantities.errors import CampaignError
from ..quantities.labels import label
from .model import Campaign
from .variables import Normal, Weights


def prior_weights(campaign: Campaign, earlier: Posteriors | None = None) -> FloatArray:
    """Normalised prior of every parameter point, (K,): the product of the parameters' priors, or a joint one.

    Raises CampaignError when the earlier posterior is of another grid or there was no observed data.
    """
    points = campaign.parameter_points
    if earlier is not None:
        if earlier.observed is None:
            raise CampaignError("prior.posterior: the file holds no posterior of observed data")
        if earlier.points != [label(point) for point in points]:
            raise CampaignError("prior.posterior: the file is on another grid; use the same parameters")
        weights = earlier.observed.probabilities
        if weights.shape != (len(points),) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            raise CampaignError("prior.posterior: the probabilities in the file cannot be normalised")
        return _normalised(weights)
    if isinstance(campaign.prior, Weights):
        weights = np.array(campaign.prior.weights)
    else:
        factors = [marginal(parameter.prior, parameter.points) for parameter in campaign.parameters.values()]
        weights = np.array([1.0])
        for factor in factors:
            weights = np.outer(weights, factor).ravel()
    return _normalised(weights)


def _normalised(weights: FloatArray) -> FloatArray:
    result: FloatArray = weights / weights.sum()
    return result


def marginal(prior: Any, values: Sequence[float]) -> FloatArray:
    """Unnormalised prior weights of the values of one parameter.

    >>> marginal(Normal(mean=0, sd=1), [0.0, 1.0]).round(4)
    array([1.    , 0.6065])
    """
    if isinstance(prior, Normal):
        # 50 standard deviations away all is zero, and a narrow prior on a wide grid may overflow
        with np.errstate(over="ignore"):
            pulls = np.clip((np.array(values) - prior.mean) / prior.sd, -50.0, 50.0)
        result: FloatArray = np.exp(-(pulls**2) / 2)
        return result
    return np.array(prior.weights) if isinstance(prior, Weights) else np.ones(len(values))
