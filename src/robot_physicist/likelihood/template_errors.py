"""How much too narrow posteriors are whose templates come from a finite simulation.

The published model gives every bin of a template an error of its own (`staterror`). What smooth templates of all θ
get wrong together it does not know, and neither do pseudo-experiments that are drawn from it. So the simulation is
repeated here, around its own smooth templates: data come from those, posteriors from templates that are fitted to
each repetition. Nuisance parameters are left out, but for `staterror`, for which a Gamma distribution stands: Poisson
counts then are negative binomial.
"""

from __future__ import annotations

from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.estimates import NORMAL_95
from ..quantities.exposure import EventCount, Exposure
from ..statistics.grid_posterior import log_likelihood, normalise
from ..templates.choosing import chosen_anew, smoother, template_shape
from ..templates.options import Simulation
from ..templates.smoothing import free, scaled
from ..templates.templates import Templates, accepted_cross_section, expected
from .data_points import pseudo_data
from .results import TemplateErrors

scipy = lazy.load("scipy")

#: Repeated simulations, fewest and most, data sets for each, and cells of all of them together that are affordable.
FEWEST, MOST, DATA_SETS, CELLS = 16, 64, 16, 8_000_000
#: Largest parameter of a Gamma distribution, whose spread no data see.
SURE = 1e7
LEVEL = 0.95
#: Factor beyond which a reader is warned.
NARROW = 1.1


@dataclass(frozen=True)
class _Model:
    """Expected counts (K, B) and their relative errors (K, B), which are independent between bins."""

    rates: FloatArray
    errors: FloatArray

    def posterior(self, counts: FloatArray, prior: FloatArray) -> FloatArray:
        """Posteriors (D, K) of counts (D, B)."""
        # More than any bin needs, less than what rounds away.
        shape = np.minimum(1 / np.maximum(self.errors, 1e-9) ** 2, SURE)
        mean, seen = np.maximum(self.rates, 1e-300), counts[:, None]
        special = scipy.special
        logs = special.gammaln(seen + shape) - special.gammaln(shape) + seen * np.log(mean / (mean + shape))
        logs -= shape * np.log1p(mean / shape)
        return normalise(logs.sum(axis=2), prior)[0]


def template_errors(
    templates: Templates, exposure: Exposure, prior: FloatArray, simulation: Simulation, rng: np.random.Generator
) -> TemplateErrors:
    """Coverage of 95% sets and the factor by which posteriors are too narrow, for a prior (K,)."""
    shape, relative = template_shape(templates, simulation)
    accepted, accepted_error = accepted_cross_section(templates)
    size = DATA_SETS * shape.size
    copies = int(np.clip(CELLS // size, FEWEST, MOST))
    sections = accepted * np.exp(accepted_error * rng.standard_normal((copies, len(accepted))))
    background = templates.background_total
    again = expected(repeated(templates, simulation, copies, rng), sections, exposure, background)
    known = expected(shape, accepted, exposure, background)
    found, expected_of = [], []
    for rates in again:
        truth = rng.choice(len(prior), size=DATA_SETS, p=prior)
        counts, luck = pseudo_data(known[truth], exposure, rng), rng.random(DATA_SETS)
        found.append(credibility(_Model(rates, relative).posterior(counts, prior), truth, luck))
        logs = log_likelihood(counts, known, isinstance(exposure, EventCount))
        expected_of.append(credibility(normalise(logs, prior)[0], truth, luck))
    seen, ideal = np.concatenate(found), np.concatenate(expected_of)
    return TemplateErrors(float((seen <= LEVEL).mean()), max(_width(seen) / _width(ideal), 1.0))


def repeated(templates: Templates, simulation: Simulation, copies: int, rng: np.random.Generator) -> FloatArray:
    """Signal probabilities (R, K, B) of templates from repeated simulations."""
    if templates.shared:
        folds = templates.sumw.shape[1]
        times = rng.multinomial(folds, np.full(folds, 1 / folds), size=copies).astype(np.float64)
        sumw, sumw2 = (np.einsum("rf,kfb->rkb", times, part) for part in (templates.sumw, templates.sumw2))
        return np.stack([free(*both, simulation.regularisation) for both in zip(sumw, sumw2, strict=True)])
    sumw, sumw2 = templates.sums()
    smooth = smoother(sumw, sumw2, templates.coordinates, simulation)
    mean = smooth.scale * smooth.fit(scaled(sumw, sumw2)[0]).probabilities
    return chosen_anew(smooth, rng.poisson(np.broadcast_to(mean, (copies, *mean.shape))).astype(np.float64))


def credibility(posterior: FloatArray, truth: NDArray[np.intp], luck: FloatArray) -> FloatArray:
    """Probability (D,) of the smallest set of highest density that holds the truth (D,), a random part of it counted.

    >>> credibility(np.array([[0.2, 0.7, 0.1]]), np.array([0]), np.array([0.5])).round(3)
    array([0.8])
    """
    own = np.take_along_axis(posterior, truth[:, None], axis=1)
    more = np.where(posterior > own, posterior, 0.0).sum(axis=1)
    return np.asarray(more + luck * own[:, 0])


def _width(credibilities: FloatArray) -> float:
    """How many times wider normal posteriors have to be for 95% of these to be at most 95%."""
    needed = min(float(np.quantile(credibilities, LEVEL)), 1 - 1e-6)
    return float(scipy.special.ndtri((1 + needed) / 2)) / NORMAL_95


def too_narrow(errors: TemplateErrors) -> list[str]:
    """Warn of posteriors that are too narrow.

    >>> too_narrow(TemplateErrors(0.95, 1.0))
    []
    """
    if errors.factor <= NARROW:
        return []
    return [
        f"posteriors are too narrow by a factor of {errors.factor:.2f}, and 95% sets hold the truth in"
        f" {errors.coverage95:.0%}: smooth templates of so few simulated events have errors that all θ share, which"
        " the likelihood does not know; simulate more, a hundred times the recorded events for one to be published"
    ]
