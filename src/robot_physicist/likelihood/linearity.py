"""Whether the Gaussian of Laplace's method surely reaches all of a posterior of nuisance parameters.

It does where effects are small and constraints normal. Elsewhere tails may be longer than its own, or a second
maximum may lie where it never looks, and a check has to look there itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..histfactory.nuisances import Nuisances
from ..quantities.arrays import FloatArray

#: Largest effect of one standard deviation of a nuisance on a bin, relative, and largest relative width of a factor.
LARGEST_EFFECT, WIDEST_FACTOR = 0.3, 0.25
#: Effects whose square is this little of the expected count are lost in its fluctuations.
INVISIBLE = 0.1


def nearly_linear(models: Sequence[Nuisances]) -> bool:
    """Whether all nuisances are constrained normally, or nearly, and have small effects that change sign with them.

    The first, the middle and the last of the models are looked at.
    """
    chosen = {0, len(models) // 2, len(models) - 1}
    return all(_narrow(models[k]) and _small_effects(models[k]) for k in chosen)


def _narrow(one: Nuisances) -> bool:
    """Whether the priors of factors are narrow."""
    kinds, width, centre = (array[one.index] for array in (one.prior.kinds, one.prior.width, one.prior.centre))
    factors, counts = one.prior.positive[one.index] & (kinds == "normal"), kinds == "poisson"
    wide = (width[factors] > WIDEST_FACTOR * centre[factors]).any()
    few = (WIDEST_FACTOR**2 * centre[counts] < 1).any()
    return not ((kinds == "free").any() or wide or few)


def _small_effects(one: Nuisances) -> bool:
    """Whether shifts of one standard deviation are small, and those up and down have opposite signs if visible."""
    normal = one.whole[one.prior.kinds[one.whole] == "normal"]
    parameters = np.repeat(one.values[:, None], 2 * len(normal) + 1, axis=1)
    up, down = np.arange(len(normal)) + 1, np.arange(len(normal)) + 1 + len(normal)
    parameters[normal] = one.prior.centre[normal, None]
    parameters[normal, up] += one.prior.width[normal]
    parameters[normal, down] -= one.prior.width[normal]
    rates = one.model.rates(parameters)
    nominal, above, below = rates[:, :1], rates[:, up] - rates[:, :1], rates[:, down] - rates[:, :1]
    large = _visible(np.maximum(np.abs(above), np.abs(below)), nominal, LARGEST_EFFECT)
    folded = _visible(np.where(above * below > 0, np.minimum(np.abs(above), np.abs(below)), 0.0), nominal, 0.0)
    return not (large or folded)


def _visible(shifts: FloatArray, nominal: FloatArray, relative: float) -> bool:
    return bool(((shifts > relative * nominal * (1 + 1e-9)) & (shifts**2 > INVISIBLE * np.abs(nominal))).any())
