"""Everything that can go wrong and is not a bug: named, located, and with advice.

A message answers three questions: what is wrong, where, and what to do about it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence

from .labels import parse

#: Names that an error lists; trees of ROOT files have thousands.
MOST_NAMES = 30


class RobotPhysicistError(Exception):
    """Base of all errors that a user can cause or repair; `exit_code` is what the command ends with."""

    exit_code = 1


class BadInputError(RobotPhysicistError):
    """Something the user wrote or gave us is wrong; no job can repair it."""

    exit_code = 2


class CampaignError(BadInputError):
    """The campaign file does not describe a campaign."""


class UnknownNameError(CampaignError):
    """A name that is not among the ones we know."""


class LabelClashError(CampaignError):
    """Two branches would get the same label, hence the same folder."""


class ObservableError(BadInputError):
    """A file does not hold the observable that the campaign asks for."""


class NoEventsError(ObservableError):
    """No event of a file passes the selection."""


class InputFileError(BadInputError):
    """A file is missing, truncated or not what its name promises."""


class DigestMismatchError(BadInputError):
    """A file was made by another campaign."""


class CheckError(BadInputError):
    """The files of a project do not agree with each other."""


class HistogramError(BadInputError):
    """Histograms that cannot make a likelihood."""


class UnsupportedModelError(BadInputError):
    """A HistFactory model that is valid, but with which this project cannot do what was asked."""


class RecastError(BadInputError):
    """A published likelihood onto which the signal of this campaign cannot be recast."""


class DataNeededError(BadInputError):
    """A sequence of experiments waits for the data of its next one."""


class SimulationError(RobotPhysicistError):
    """The simulator itself failed."""


class DensityError(RobotPhysicistError):
    """A density from which no bin probabilities can be computed that are worth being called exact."""


class RegularisedBinWarning(UserWarning):
    """A simulated template had an empty bin, which was filled as the warning says."""


class MarginalisationWarning(UserWarning):
    """Nuisance parameters could not be integrated out by the fast method."""


class NarrowPosteriorWarning(UserWarning):
    """Posteriors do not know all errors of their templates."""


class GainWarning(UserWarning):
    """What a reader of an information gain has to know."""


class PlanWarning(UserWarning):
    """A plan of less than the whole campaign."""


class ObservedWarning(UserWarning):
    """Observed data are odd, but may be what was measured."""


class SearchWarning(UserWarning):
    """What a search expects to miss hangs on a length scale that it has not seen."""


class SequenceWarning(UserWarning):
    """The grid of a sequence of experiments had to be widened, or something about its data is odd."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name is closest to a misspelt one, or list what is known.

    >>> nearest("gausian", ["gaussian", "weinberg"])
    "did you mean 'gaussian'?"
    >>> nearest("xyz", ["gaussian", "weinberg"])
    'known names: gaussian, weinberg'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return "known names: " + ", ".join(names[:MOST_NAMES]) + more if names else "none are defined"


def nearest_point(name: str, known: Iterable[str]) -> str:
    """Say which known label of a point has the values nearest to those of another one, relative to their ranges.

    A label of other variables, or of none, is compared by its spelling.

    >>> nearest_point("energy=91", ["energy=19", "energy=90", "energy=100"])
    "did you mean 'energy=90'?"
    """
    labels = list(known)
    points = {label: _values(label) for label in labels}
    wanted = _values(name)
    like = [label for label in labels if wanted and points[label].keys() == wanted.keys()]
    if not like:
        return nearest(name, labels)
    ranges = {variable: _range([points[label][variable] for label in like]) for variable in wanted}

    def distance(label: str) -> float:
        return math.hypot(*((points[label][one] - wanted[one]) / ranges[one] for one in wanted))

    return f"did you mean '{min(like, key=distance)}'?"


def _values(label: str) -> Mapping[str, float]:
    """The values in a label; none where it is not one of finite numbers."""
    try:
        values = {name.strip(): value for name, value in parse(label).items()}
    except ValueError:
        return {}
    return values if all(map(math.isfinite, values.values())) else {}


def _range(values: Sequence[float]) -> float:
    return max(values) - min(values) or 1.0
