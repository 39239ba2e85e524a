"""Which functions of θ make smooth templates: the simulated events choose them, and say whether they suffice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..quantities.arrays import FloatArray
from ..statistics.deviance import unit_deviance
from ..statistics.lack_of_fit import LackOfFit, lack_of_fit
from ..statistics.polynomials import complete, polynomials
from .options import Simulation
from .smoothing import Smoother, filled, scaled
from .templates import Templates

#: A lower degree would claim to know without error that nothing depends on θ.
LOWEST_DEGREE = 2
#: Shapes in θ that polynomials lack, and simulated events may ask for.
MOST_SHAPES = 4


def smoother(sumw: FloatArray, sumw2: FloatArray, points: FloatArray, simulation: Simulation) -> Smoother:
    """Choose the functions for sums of weights and of squared weights, both (K, B), at points (K, P).

    Polynomials of degrees from LOWEST_DEGREE to `simulation.max_degree`; free bins when the simulated events refuse
    these.
    """
    counts, scale = scaled(sumw, sumw2)
    basis = complete(points)
    free_bins = Smoother(basis, int(basis.degrees.max()), scale, simulation.regularisation)
    if len(points) <= LOWEST_DEGREE:
        return free_bins
    basis = polynomials(points, simulation.max_degree)
    smooth, test = _described(replace(free_bins, basis=basis), counts, points)
    rough = test is not None and test.refused
    if rough or simulation.smoothing == "none":
        return replace(free_bins, rough=rough, test=test)
    return with_degree(replace(smooth, test=test, chosen=True), counts)


def _described(smooth: Smoother, counts: FloatArray, points: FloatArray) -> tuple[Smoother, LackOfFit | None]:
    """Add shapes in θ, one by one, until the counts are described, or none helps; and the last test."""
    test = _tested(smooth, counts, points)
    for _ in range(MOST_SHAPES):
        if test is None or not test.refused or test.best is None:
            break
        smooth = replace(smooth, basis=smooth.basis.with_shape(test.shapes[test.best]), added=smooth.added + 1)
        test = _tested(smooth, counts, points)
    return smooth, test


def _tested(candidate: Smoother, counts: FloatArray, points: FloatArray) -> LackOfFit | None:
    """Ask the counts whether polynomials of the highest degree describe them."""
    functions, reached = candidate.basis.values, counts.sum(axis=0) > 0
    if functions.shape[1] == len(counts) or not reached.any():
        return None
    scale = np.broadcast_to(candidate.scale, counts.shape)[:, reached]
    part = replace(candidate, scale=scale, degree=int(candidate.basis.degrees.max()))
    mean = np.zeros_like(counts)
    mean[:, reached] = part.scale * np.exp(part.fit(counts[:, reached]).logs)
    return lack_of_fit(counts, mean, functions, points)


def with_degree(smooth: Smoother, counts: FloatArray) -> Smoother:
    """The same with the degree that counts (K, B) choose."""
    return min(_degrees(smooth), key=lambda candidate: _criterion(candidate, counts))


def of_part(whole: Smoother, sumw: FloatArray, sumw2: FloatArray) -> Smoother:
    """How a part of the simulated events becomes templates: by functions of the whole, the degree chosen anew."""
    counts, scale = scaled(sumw, sumw2)
    return with_degree(replace(whole, scale=scale), counts)


def _degrees(smooth: Smoother) -> list[Smoother]:
    if not smooth.chosen:
        return [smooth]
    top = int(smooth.basis.degrees.max())
    return [replace(smooth, degree=degree) for degree in range(min(LOWEST_DEGREE, top), top + 1)]


def chosen_anew(smooth: Smoother, counts: FloatArray) -> FloatArray:
    """Probabilities (R, K, B) of templates whose degree is chosen for each of R simulated counts (R, K, B)."""
    candidates = _degrees(smooth)
    best = np.argmin([_criterion(candidate, counts) for candidate in candidates], axis=0)
    fits = np.stack([candidate.fit(counts).probabilities for candidate in candidates])
    return np.asarray(fits[best, np.arange(len(counts))])


def _criterion(candidate: Smoother, counts: FloatArray) -> FloatArray:
    """AIC of counts (..., K, B), (...): deviance + 2 (number of coefficients).

    Tails are shrunk and count for all degrees alike.
    """
    fitted = candidate.fit(counts)
    reached = np.where(counts.sum(axis=-2, keepdims=True) > 0, counts, filled(counts, candidate.pseudo_events))
    deviance = unit_deviance(reached, candidate.scale * np.exp(fitted.logs)).sum(axis=(-2, -1))
    return np.asarray(deviance + 2 * counts.shape[-1] * fitted.coefficients.shape[-1])


def template_shape(templates: Templates, simulation: Simulation) -> tuple[FloatArray, FloatArray]:
    """Signal probabilities (K, B) of the smooth templates, and their relative standard errors.

    An error is at most one: more than 100% means nothing to a Gaussian. Templates of shared events are as smooth in θ
    as the weights are, and are taken as they are.
    """
    if templates.shared:
        simulation = simulation.model_copy(update={"smoothing": "none"})
    sumw, sumw2 = templates.sums()
    chosen = smoother(sumw, sumw2, templates.coordinates, simulation)
    fitted = chosen.fit(scaled(sumw, sumw2)[0])
    functions = fitted.functions
    covariance = np.linalg.inv(fitted.information(chosen.scale))
    variance = np.einsum("ks,bst,kt->kb", functions, covariance, functions)
    return fitted.probabilities, np.minimum(np.sqrt(variance), 1.0)
