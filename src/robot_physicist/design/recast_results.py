"""What a recast keeps on disk: recast.json."""

from __future__ import annotations

from ..inference.results import UpperLimit
from ..information.results import InformationGain
from ..quantities.estimates import CONFIG, document


@document(frozen=True, config=CONFIG)
class Recast:
    """recast.json: what published data and backgrounds say about another signal."""

    setting: str
    """Label of the setting φ."""
    exposure: str
    """Label of the exposure."""
    published: str
    """SHA-256 of the published workspace, as its patchset states it."""
    removed: list[str]
    """Names of the published signal's samples, none of which is left."""
    background: float
    """Expected background events, all bins together."""
    data: float
    """Observed events, all bins together."""
    level: float
    """Confidence level of the limits."""
    limits: list[UpperLimit]
    """Upper limits, one entry per parameter point."""
    gain: InformationGain
    """Expected information gain of the new parameters, on the published backgrounds."""
    warnings: list[str]
    """What a reader of the numbers has to know."""
