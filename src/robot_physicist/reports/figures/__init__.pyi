"""What the room shows of itself; its modules load when they are used."""

from . import allocation, of_a_design, search, sequence

__all__ = ["allocation", "of_a_design", "search", "sequence"]
