"""What the room shows of itself; its modules load when they are used."""

from . import allocation_table, design_table, figures, sequence_summary, words

__all__ = ["allocation_table", "design_table", "figures", "sequence_summary", "words"]
