"""Units that experiments mix up, and what takes a value from one to the other."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: A change of units that brings this fraction of the events into the range is worth naming.
BROUGHT_INSIDE = 0.8
#: Size of each unit, by quantity; no file says which of them it is in.
QUANTITIES: tuple[Mapping[str, float], ...] = (
    {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3},
    {"rad": 1.0, "mrad": 1e-3, "deg": math.pi / 180},
    {"um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3},
    {"fs": 1e-15, "ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0},
)
#: A branch, or an entry of one.
ONE_TERM = re.compile(r"[\w.]+(\[[^]]*\])?")
SYNONYMS = {"radian": "rad", "radians": "rad", "degree": "deg", "degrees": "deg", "°": "deg", "µm": "um", "µs": "us"}
CIRCLE = 2 * math.pi

#: In natural units masses, momenta and energies have one unit.
LIGHT = re.compile(r"/\s*c(\^?2|²|\*\*2)?$")


def contradict(first: str, second: str) -> bool:
    """Are two units different ones? One that is not said contradicts none.

    >>> contradict("GeV", "MeV"), contradict("GeV/c^2", "GeV"), contradict("degrees", "deg"), contradict("", "mm")
    (True, False, False, False)
    """
    plain = [LIGHT.sub("", unit.strip()).strip() for unit in (first, second)]
    return all(plain) and len({SYNONYMS.get(unit, unit) for unit in plain}) == 2


@dataclass(frozen=True)
class Conversion:
    """The unit that values may be in, and the factor that takes them to the wanted one."""

    unit: str
    factor: float

    def expression(self, value: str) -> str:
        """Write the conversion of a value.

        >>> Conversion("MeV", 1e-3).expression("mass")
        'mass / 1000'
        """
        value = value if ONE_TERM.fullmatch(value) else f"({value})"
        return f"{value} / {1 / self.factor:.12g}" if self.factor < 1 else f"{value} * {self.factor:.12g}"


#: For values whose unit is not said.
UNSAID = (
    Conversion("a unit 1000 times smaller, as MeV beside GeV", 1e-3),
    Conversion("a unit 1000 times larger, as TeV beside GeV", 1e3),
)
#: For values in a range that does not reach further than a full circle in radians, and in degrees.
RADIANS = Conversion("degrees instead of radians", math.pi / 180)
DEGREES = Conversion("radians instead of degrees", 180 / math.pi)


def conversions(unit: str, span: tuple[float, float]) -> tuple[Conversion, ...]:
    """What brings values in similar units to this one, the nearest first; the usual suspects for an unknown one.

    `span` is the range of the observable, which says whether it may be an angle.

    >>> conversions("GeV", (0, 100))[0]
    Conversion(unit='MeV', factor=0.001)
    """
    name = SYNONYMS.get(unit, unit)
    known: Mapping[str, float] = next((sizes for sizes in QUANTITIES if name in sizes), {})
    found = [Conversion(other, size / known[name]) for other, size in known.items() if other != name]
    return tuple(sorted(found or _unsaid(span), key=lambda one: abs(math.log(one.factor))))


def _unsaid(span: tuple[float, float]) -> tuple[Conversion, ...]:
    reach = max(abs(end) for end in span)
    if reach <= 1.01 * CIRCLE:
        return (*UNSAID, RADIANS)
    return (*UNSAID, DEGREES) if reach <= 1.01 * math.degrees(CIRCLE) else UNSAID
