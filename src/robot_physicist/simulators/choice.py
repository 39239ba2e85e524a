"""Which simulator a campaign names, with which options."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..quantities.options import Name, Section
from . import load
from .base import Simulator


class SimulatorChoice(Section):
    """Which simulator, with which options."""

    name: Name
    """A simulator of this package (`robot-physicist simulators` lists them), or `command` for a black box."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of that simulator."""


def build(choice: SimulatorChoice) -> Simulator:
    """Make the simulator that a campaign names, with its options."""
    kind = load(choice.name)
    return kind(kind.Options(**choice.options))
