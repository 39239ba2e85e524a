"""Observed data that cannot come from the experiment that was simulated, told apart before anything is inferred.

What is merely unlikely is left to the goodness of fit: only what no template can make is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import lazy_loader as lazy
import numpy as np

from ..campaign.model import Observed
from ..quantities.arrays import FloatArray
from ..quantities.errors import BadInputError, ObservableError
from ..quantities.exposure import EventCount, Exposure, Luminosity
from ..quantities.observable import Observable
from ..quantities.units import BROUGHT_INSIDE, Conversion, conversions
from ..statistics.deviance import excess
from ..templates.checks import bin_name
from ..templates.templates import Templates, effective_counts

scipy = lazy.load("scipy")


#: Chance below which events in bins that no simulated event reached are no accident.
ACCIDENT = 1e-3
#: Expected events in such bins, in units of data events per simulated event, that are just compatible with none.
NONE_SEEN = 3.0
#: Most that the number of events may differ from those expected, as a factor, when no fluctuation explains it.
MOST_FACTOR = 2.0
#: Standard deviations above which a deviance refuses all templates, and a total all rates.
REFUSED = 5.0
#: Standard deviations below which a deviance describes the data in other units.
DESCRIBED = 2.0
Counted = Callable[[str, Conversion], FloatArray]


def check(
    counts: FloatArray,
    templates: Templates,
    exposure: Exposure,
    rates: FloatArray,
    spread: FloatArray,
    observed: Observed,
    observables: Mapping[str, Observable],
    counted: Counted,
) -> None:
    """Raise ObservableError when no template could make the counts (B,).

    `rates` (K, B) are expected events, `spread` (K,) the relative uncertainty of their total. `counted` counts the
    events with one observable taken to be in another unit; when that makes sense of the data, the error says so.
    """
    simulated, _ = effective_counts(*templates.sums())
    least = float(counts.sum() / simulated.sum(axis=1).min())
    problem = _stray(counts, templates, least) or _total(counts, exposure, rates, spread)
    shape = _excess(counts, rates, least)
    if problem is None and shape < REFUSED:
        return
    for name, observable in observables.items():
        for one in conversions(observable.unit, observable.range):
            other = _recounted(counted, name, one)
            inside = other.sum() >= BROUGHT_INSIDE * counts.sum()
            # units that squeeze all events into a few bins may fit a little better, too
            if inside and _excess(other, rates, least) < min(DESCRIBED, shape / 2):
                wanted = f" ({observable.unit})" if observable.unit else ""
                raise ObservableError(
                    f"observables.{name}: no template looks like these data, but one does if they are in {one.unit}:"
                    f' write branches: {{{name}: "{one.expression(observed.branches.get(name, name))}"}} to bring it'
                    f" to the unit of the campaign{wanted}"
                )
    if problem is not None:
        raise ObservableError(problem)


def _recounted(counted: Counted, name: str, one: Conversion) -> FloatArray:
    """The counts (B,) in other units, or none where they cannot be counted."""
    try:
        return counted(name, one)
    except BadInputError:
        return np.zeros(1)


def _excess(counts: FloatArray, rates: FloatArray, least: float) -> float:
    """How far the deviance from the nearest template is above its expectation, in standard deviations.

    Bins are expected to hold `least` events at least: what less than one simulated event stands for is not known.
    """
    if not counts.any():
        return 0.0
    scaled = rates / rates.sum(axis=1, keepdims=True) * counts.sum()
    return min(excess(counts, np.maximum(mean, least), 1) for mean in scaled)


def _stray(counts: FloatArray, templates: Templates, least: float) -> str | None:
    """Events in bins that no simulated event reached at any θ, and no background."""
    empty = (templates.sums()[0] <= 0).all(axis=0) & (templates.background_total <= 0)
    stray, most = float(counts[empty].sum()), NONE_SEEN * least
    if not stray or _poisson_tail(stray, most) > ACCIDENT:
        return None
    worst = bin_name(templates, int(np.where(empty, counts, 0).argmax()))
    return (
        f"{stray:.0f} of {counts.sum():.0f} events are where no simulated event is at any parameter point, such as"
        f" {worst}, and at most {most:.2g} can be by chance; see that units and selection are those of the"
        " simulation, cut these events away, or add the process that makes them to the backgrounds"
    )


def _poisson_tail(count: float, mean: float) -> float:
    """Chance of at least as many events."""
    return float(scipy.special.gammainc(count, mean))


def _total(counts: FloatArray, exposure: Exposure, rates: FloatArray, spread: FloatArray) -> str | None:
    """A number of events far from the expected one at every θ; a number that the exposure fixes is no evidence."""
    if isinstance(exposure, EventCount):
        return None
    total, expected = float(counts.sum()), rates.sum(axis=1)
    error = np.sqrt(expected + (expected * spread) ** 2)
    nearest = int((np.abs(total - expected) / error).argmin())
    factor = (total + 0.5) / (expected[nearest] + 0.5)
    near = abs(total - expected[nearest]) < REFUSED * error[nearest]
    if near or 1 / MOST_FACTOR < factor < MOST_FACTOR:
        return None
    return (
        f"{total:.0f} events, where {_spelt(exposure)} should give {expected.min():.4g} to {expected.max():.4g}: they"
        f" are {factor:.3g} times what is expected; see that luminosity, its unit, selection and cross-section"
        " are those of the data"
    )


def _spelt(exposure: Luminosity) -> str:
    return f"{exposure.luminosity:g} {exposure.unit}"
