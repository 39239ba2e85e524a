"""Nuisance parameters of a HistFactory model: their prior, and how expected counts respond to them.

A constraint is read as Bayes reads it: the auxiliary measurement was made once and its likelihood, times a flat
density, is the prior of the parameter. Auxiliary data therefore stay at their nominal values; what varies from one
experiment to the next is the true value of the parameter, drawn from that prior. All arrays have the parameter
vectors last, (..., N).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.errors import UnsupportedModelError
from .model import HistFactory
from .morphing import Morphing, morphing

scipy = lazy.load("scipy")


@dataclass(frozen=True)
class Prior:
    """Independent priors of all parameters of a model, (P,) each, as their constraints say.

    `normal`: N(centre, σ), restricted to positive values where the parameter multiplies rates. `poisson`: the
    density that Poisson(centre | γ τ) gives to γ, a gamma distribution. `free`: uniform within the bounds.
    """

    kinds: NDArray[np.str_]
    centre: FloatArray
    width: FloatArray
    bounds: FloatArray
    positive: NDArray[np.bool_]

    def quantiles(self, index: int, uniforms: FloatArray) -> FloatArray:
        """Values of one parameter from uniform numbers."""
        width, (low, high) = self.width[index], self.bounds[index]
        if self.kinds[index] == "free":
            return np.asarray(low + (high - low) * uniforms)
        if self.kinds[index] == "poisson":
            return np.asarray(scipy.special.gammaincinv(self.centre[index] + 1, uniforms) / width)
        centre = self.centre[index]
        below = scipy.special.ndtr(-centre / width) if self.positive[index] else 0.0
        return np.asarray(centre + width * scipy.special.ndtri(below + (1 - below) * uniforms))

    def log_density(self, index: NDArray[np.intp], values: FloatArray) -> FloatArray:
        """Σ ln p over the parameters `index` (Q,) at their values (Q, ...), without `log_normalisation`."""
        kinds, width = self.kinds[index], self.width[index]
        shape = (-1,) + (1,) * (values.ndim - 1)
        normal, poisson = kinds == "normal", kinds == "poisson"
        pull = (values[normal] - self.centre[index][normal].reshape(shape)) / width[normal].reshape(shape)
        total: FloatArray = -0.5 * np.einsum("q...,q...->...", pull, pull)
        if poisson.any():
            gamma = np.maximum(values[poisson], 1e-300)
            tau = width[poisson].reshape(shape)
            mode = self.centre[index][poisson].reshape(shape) / tau
            total += (tau * (mode * np.log(gamma) - gamma)).sum(axis=0)
        if (kinds == "free").any() or self.positive[index].any():
            return np.where(self.allowed(index, values), total, -np.inf)
        return total

    def log_normalisation(self, index: NDArray[np.intp]) -> float:
        """What `log_density` lacks so that p integrates to one."""
        kinds, width, bounds = self.kinds[index], self.width[index], self.bounds[index]
        sigma, tau, span = width[kinds == "normal"], width[kinds == "poisson"], bounds[kinds == "free"]
        cut = self.positive[index] & (kinds == "normal")
        result = (
            -np.log(sigma * np.sqrt(2 * np.pi)).sum()
            - scipy.special.log_ndtr(self.centre[index][cut] / width[cut]).sum()
        )
        events = self.centre[index][kinds == "poisson"]
        result += ((events + 1) * np.log(tau) - scipy.special.gammaln(events + 1)).sum()
        return float(result - np.log(span[:, 1] - span[:, 0]).sum())

    def allowed(self, index: NDArray[np.intp], values: FloatArray) -> NDArray[np.bool_]:
        """Where the prior is not zero."""
        low, high = self.edges[index].T.reshape(2, -1, *(1,) * (values.ndim - 1))
        return np.asarray(((values >= low) & (values <= high)).all(axis=0))

    @cached_property
    def edges(self) -> FloatArray:
        """Between which values the prior is not zero, (P, 2)."""
        free = self.kinds == "free"
        low = np.where(free, self.bounds[:, 0], np.where(self.positive, 0.0, -np.inf))
        return np.stack([low, np.where(free, self.bounds[:, 1], np.inf)], axis=1)

    def derivatives(self, index: NDArray[np.intp], values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First derivative of ln p and minus its second, both like `values` (Q, ...)."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        kinds = self.kinds[index].reshape(shape)
        width, centre = self.width[index].reshape(shape), self.centre[index].reshape(shape)
        if (self.kinds[index] == "normal").all():
            return (centre - values) / width**2, np.broadcast_to(1 / width**2, values.shape)
        safe = np.maximum(values, 1e-9)
        # A flat prior has no curvature; a little keeps matrices regular where data say nothing.
        span = (self.bounds[index, 1] - self.bounds[index, 0]).reshape(shape)
        normal, poisson = kinds == "normal", kinds == "poisson"
        mode = centre / width
        first = np.where(normal, (centre - values) / width**2, np.where(poisson, width * mode / safe - width, 0))
        second = np.where(normal, 1 / width**2, np.where(poisson, width * mode / safe**2, 1e-6 / span**2))
        return first, second


def prior(model: HistFactory) -> Prior:
    """The priors of a model's parameters."""
    scales = {index for cell in model.cells for index in cell.scales}
    local = {int(index) for cell in model.cells for rows in cell.locals for index in rows}
    positive = np.isin(np.arange(len(model.init)), [*scales, *local])
    return Prior(model.kinds, model.auxdata, model.width, model.bounds, positive)


@dataclass(frozen=True)
class Nuisances:
    """A model at one θ: which parameters are nuisances, and the values of those that are not.

    `whole` (G,) act on whole samples. `local` (M, B) act on one bin each, at most one per bin in each of M layers;
    −1 where there is none. `values` (P,) has the initial values, and θ where the grid sets it.
    """

    model: HistFactory
    prior: Prior
    values: FloatArray
    whole: NDArray[np.intp]
    local: NDArray[np.intp]

    @cached_property
    def log_normalisation(self) -> float:
        """The prior's, for all nuisance parameters."""
        return self.prior.log_normalisation(self.index)

    @cached_property
    def morphing(self) -> Morphing | None:
        """The model as a sum of fixed templates, where no nuisance acts on single bins and that pays."""
        return None if self.local.size else morphing(self.model, self.values, self.whole)

    @cached_property
    def index(self) -> NDArray[np.intp]:
        """All nuisance parameters, (Q,): the whole ones, then the local ones layer by layer."""
        return np.concatenate([self.whole, self.local[self.local >= 0]])

    def parameters(self, whole: FloatArray, local: FloatArray) -> FloatArray:
        """Full parameter vectors (P, N) from nuisances (G, N) and (M, B, N)."""
        size = max(whole.shape[-1], local.shape[-1])
        result = np.repeat(self.values[:, None], size, axis=1)
        result[self.whole] = whole
        result[self.local[self.local >= 0]] = local[self.local >= 0]
        return result

    def start(self) -> tuple[FloatArray, FloatArray]:
        """Initial nuisances, (G, 1) and (M, B, 1); factors of zero, where slopes vanish, are moved to one."""
        low, high = self.prior.edges.T
        inside = np.where((low < 1) & (high > 1), 1.0, self.prior.bounds.mean(axis=1))
        zero = self.prior.positive & ((self.values == 0) | (self.values <= low) | (self.values >= high))
        values = np.where(zero, inside, self.values)
        return values[self.whole, None], np.where(self.local >= 0, values[self.local], 1.0)[..., None]

    @cached_property
    def edges(self) -> tuple[FloatArray, FloatArray]:
        """Between which values nuisances are allowed, lower and upper ones last: (G, 1, 2) and (M, B, 1, 2)."""
        local = np.where(self.local[..., None] >= 0, self.prior.edges[self.local], [0.0, np.inf])
        return self.prior.edges[self.whole, None], local[:, :, None]

    def draw(self, uniforms: FloatArray) -> FloatArray:
        """Parameter vectors (P, N) with nuisances from their prior, from uniform numbers (Q, N)."""
        result = np.repeat(self.values[:, None], uniforms.shape[1], axis=1)
        for index, numbers in zip(self.index, uniforms, strict=True):
            result[index] = self.prior.quantiles(int(index), numbers)
        return result


def nuisances(model: HistFactory, given: Mapping[str, float], fixed: Iterable[str] = ()) -> Nuisances:
    """Split the parameters of a model into θ (`given` by name), those held at their initial values, and nuisances.

    Raises UnsupportedModelError when one parameter acts on single bins of several channels.
    """
    values = model.init.copy()
    place = {name: index for index, name in enumerate(model.names)}
    for name, value in given.items():
        values[place[name]] = value
    held = model.fixed.copy()
    held[[place[name] for name in (*given, *fixed)]] = True
    local = _layers(model, held)
    whole = np.setdiff1d(np.flatnonzero(~held), local)
    return Nuisances(model, prior(model), values, whole, local)


def _layers(model: HistFactory, held: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Arrange bin-by-bin parameters in layers with at most one per bin, (M, B)."""
    layers: list[NDArray[np.intp]] = []
    occupied: list[NDArray[np.bool_]] = []
    bins: dict[int, int] = {}
    for start, rows in _modifiers(model):
        taken = np.where(held[rows], -1, rows)
        for bin_, parameter in enumerate(taken.tolist(), start):
            if parameter >= 0 and bins.setdefault(parameter, bin_) != bin_:
                raise UnsupportedModelError(
                    f"parameter {model.names[parameter]} acts on bins of several channels, which marginalisation"
                    " does not support; hold it fixed or give each channel its own"
                )
        place = slice(start, start + len(rows))
        free = [index for index, one in enumerate(occupied) if not one[place].any()]
        if not free:
            layers.append(np.full(model.bins, -1))
            occupied.append(np.zeros(model.bins, dtype=bool))
        chosen = free[0] if free else -1
        layers[chosen][place], occupied[chosen][place] = taken, True
    used = [layer for layer in layers if (layer >= 0).any()]
    return np.array(used, dtype=np.intp).reshape(len(used), model.bins)


def _modifiers(model: HistFactory) -> Sequence[tuple[int, NDArray[np.intp]]]:
    found = {(cell.start, int(rows[0])): (cell.start, rows) for cell in model.cells for rows in cell.locals}
    return list(found.values())
