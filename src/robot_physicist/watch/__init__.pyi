"""What the room shows of itself; its modules load when they are used."""

from .screen import watch

__all__ = ["watch"]
