"""What the JSON files of a campaign hold: one frozen dataclass per published document.

The JSON schemas in docs/schemas are generated from these classes.
"""

from __future__ import annotations

from dataclasses import field

from .quantities.estimates import CONFIG, document


@document(frozen=True, config=CONFIG)
class Branches:
    """branches.json: the labels over which a campaign fans out."""

    settings: list[str]
    """Labels of the settings φ."""
    samples: list[str]
    """Labels of what is simulated at each setting: parameter points θ, then backgrounds."""
    exposures: list[str]
    """Labels of the exposures."""
    allocations: list[str] = field(default_factory=list)
    """Labels of the exposures whose luminosity is shared among the settings."""
