"""Random generators that depend on values, not on positions: extending a grid changes no existing point."""

from __future__ import annotations

import hashlib

import numpy as np

from .arrays import Values
from .labels import number


def branch_generator(
    seed: int, setting: Values, parameters: Values, block: int, purpose: str = "simulate"
) -> np.random.Generator:
    """Make the generator of one block of one branch.

    The stream is keyed by the campaign's seed, the values of φ and θ (whatever the order and spelling of the
    variables), the number of the block and the purpose; see numpy's SeedSequence for why keys may be close.

    >>> first = branch_generator(1, {"phi": 41}, {}, 0).random()
    >>> first == branch_generator(1, {"phi": 41.0}, {}, 0).random()
    True
    >>> first == branch_generator(1, {"phi": 41}, {}, 1).random()
    False
    """
    key = [f"{kind}.{name}={number(value)}"
           for kind, values in (("setting", setting), ("parameter", parameters))
           for name, value in sorted(values.items())]  # fmt: skip
    digest = hashlib.sha256("\n".join([purpose, *key]).encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, block, *words])))


def derived_seed(seed: int, purpose: str) -> int:
    """Seed of a campaign that is made from another one; numbers that a YAML file can hold.

    >>> derived_seed(1, "design 1") == derived_seed(1, "design 1") != derived_seed(1, "design 2")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {purpose}".encode()).digest()[:8], "big") >> 1
