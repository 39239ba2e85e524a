"""From one round of a sequence to the next: campaigns as plain mappings, and what is known after each experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...campaign.model import Campaign
from ...inference.results import Posteriors
from ...quantities.arrays import FloatArray
from ...statistics.grid_posterior import rough
from ..results import ExposureDesign
from .belief import Axes, Belief, likelihood, prior_density, too_coarse
from .grid import refine
from .state import Experiment, Experiments, Known

#: Tails that central intervals of 68% and 95% leave out.
TAILS = (0.16, 0.025)
TOO_COARSE = "the posterior lies on one or two values of the grid, so its shape is not known; begin with a finer grid"


def beginning(study: Campaign, digest: str, prior: FloatArray) -> Experiments:
    """The sequence before its first round: the grid of the study in increasing order, and its prior (K,)."""
    grids = [np.array(parameter.points) for parameter in study.parameters.values()]
    descending = tuple(index for index, grid in enumerate(grids) if grid[0] > grid[-1])
    ordered = np.flip(prior.reshape([len(grid) for grid in grids]), descending).ravel()
    return Experiments(
        campaign=study.name,
        title=study.title or study.name,
        digest=digest,
        truth=dict(study.sequence.truth) if study.sequence else {},
        axes=dict(zip(study.parameters, (np.sort(grid).tolist() for grid in grids), strict=True)),
        prior=ordered,
        next="",
        rounds=[],
    )


def updated(
    study: Campaign, before: Experiments, answer: ExposureDesign, found: Posteriors, made_from: Mapping[str, str]
) -> Experiments:
    """Add an experiment: from its design and the posterior of its data to what is known, and to the next grid."""
    if found.observed is None:
        raise AssertionError("the posterior of an experiment has data")
    axes = arrays(before.axes)
    belief = belief_of(before, found.observed.probabilities)
    support = arrays(before.rounds[0].axes) if before.rounds else axes
    if study.sequence and study.sequence.grid == "fixed":
        new, prior, warnings = axes, found.observed.probabilities, []
    else:
        refined = refine(belief, axes, support, list(before.axes))
        new, prior, warnings = refined.axes, refined.prior, list(refined.warnings)
    after = known(belief, new, list(before.axes))
    sds = {name: one.sd for name, one in after.items()}
    coarse = [TOO_COARSE] if too_coarse(axes, found.observed.probabilities) else rough(before.axes, sds)
    elsewhere = [] if answer.best == found.setting else [f"data were taken at {found.setting}, not at {answer.best}"]
    experiment = Experiment(
        setting=found.setting,
        recommended=answer.best,
        exposure=answer.exposure,
        gain=next(ranked.gain.corrected for ranked in answer.settings if ranked.setting == answer.best),
        information=information(found.observed.probabilities, before.prior),
        axes=before.axes,
        prior=before.prior,
        posterior=found.observed.probabilities,
        known=after,
        made_from=dict(made_from),
        warnings=list(dict.fromkeys([*elsewhere, *coarse, *warnings, *found.warnings])),
    )
    grid = {name: axis.tolist() for name, axis in zip(before.axes, new, strict=True)}
    return replace(before, axes=grid, prior=prior, next="", rounds=[*before.rounds, experiment])


def arrays(axes: Mapping[str, Sequence[float]]) -> Axes:
    """Axes of a document as arrays."""
    return tuple(np.array(values, dtype=np.float64) for values in axes.values())


def belief_of(before: Experiments, posterior: FloatArray | None = None) -> Belief:
    """Everything that a sequence knows, with the posterior (K,) of one more round on the grid it has proposed."""
    done = [(one.axes, one.posterior, one.prior) for one in before.rounds]
    done += [] if posterior is None else [(before.axes, posterior, before.prior)]
    axes, _, prior = done[0] if done else (before.axes, None, before.prior)
    terms = [likelihood(arrays(grid), after, earlier) for grid, after, earlier in done]
    return Belief((prior_density(arrays(axes), prior), *terms))


def known(belief: Belief, axes: Axes, names: Sequence[str]) -> dict[str, Known]:
    """Summarise a belief for each parameter."""
    result = {}
    for index, name in enumerate(names):
        marginal = belief.marginal(axes, index)
        intervals = [[marginal.quantile(tail), marginal.quantile(1 - tail)] for tail in TAILS]
        result[name] = Known(marginal.mean, marginal.sd, *intervals)
    return result


def information(posterior: FloatArray, prior: FloatArray) -> float:
    """Σ p ln(p/π) in nats.

    >>> round(information(np.array([1.0, 0.0]), np.array([0.5, 0.5])), 6)
    0.693147
    """
    held = posterior > 0
    return float(posterior[held] @ np.log(posterior[held] / prior[held]))
