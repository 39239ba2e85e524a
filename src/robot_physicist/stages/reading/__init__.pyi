"""What the room shows of itself; its modules load when they are used."""

from . import published

__all__ = ["published"]
