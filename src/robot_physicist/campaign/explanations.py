"""What a wrong value was meant to be, so that its error speaks of that form alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

#: Parts of a pydantic location that name a branch of a union rather than a key of the file.
UNION = re.compile(
    r"^(EventCount|ObservedCount|Luminosity|SimulatedBackground|HistogramBackground|Weights|PosteriorFile|Normal|lumi"
    r"|normsys|histosys|literal\[.*|function-.*|list\[.*|constrained-.*|nullable.*)$"
)


def meant(entries: Sequence[Any]) -> list[Any]:
    """Keep, where a value may have one of several forms, the errors of the form that it is closest to.

    Pydantic reports what every form of a union has against a value. The closest form is a mapping where the value is
    one, has the fewest errors, and comes first.
    """
    forms: dict[tuple[Any, ...], dict[str, list[Any]]] = {}
    for entry in entries:
        place, form = _form(entry["loc"])
        forms.setdefault(place, {}).setdefault(form, []).append(entry)
    return [entry for found in forms.values() for entry in min(found.values(), key=_distance)]


def _form(location: Sequence[Any]) -> tuple[tuple[Any, ...], str]:
    index = next((i for i, part in enumerate(location) if isinstance(part, str) and UNION.match(part)), None)
    return (tuple(location), "") if index is None else (tuple(location[:index]), location[index])


def _distance(entries: Sequence[Any]) -> tuple[bool, int]:
    place, form = _form(entries[0]["loc"])
    return form != "" and len(entries[0]["loc"]) == len(place) + 1, len(entries)


def mapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Schema of the values of a mapping whose keys the user chooses; empty for anything else."""
    patterns = list(schema.get("patternProperties", {}).values())
    free = schema.get("additionalProperties")
    return dict(patterns[0]) if patterns else dict(free) if isinstance(free, dict) else {}
