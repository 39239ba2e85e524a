"""Which simulator a campaign names, with which options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from ..quantities.options import Name, Section
from . import load
from .base import Simulator


class SimulatorChoice(Section):
    """Which simulator, with which options."""

    name: Name
    """A simulator of this package (`robot-physicist simulators` lists them), or `command` for a black box."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of that simulator."""
    _folder: Path | None = PrivateAttr(None)

    def named_in(self, folder: Path) -> None:
        """Say in which folder the campaign file is, to which paths among the options are relative."""
        self._folder = folder


def build(choice: SimulatorChoice) -> Simulator:
    """Make the simulator that a campaign names, with its options."""
    kind = load(choice.name)
    simulator = kind(kind.Options(**choice.options))
    simulator.folder = choice._folder
    return simulator
