"""What the room shows of itself; its modules load when they are used."""

from .commands import check, init, reference, simulators

__all__ = ["check", "init", "reference", "simulators"]
