"""Names of branches: `sqrt_s=91.2,polarisation=0.8` for a setting, the same form for a parameter point; named files.

Standard library only and imported by path: the Snakefile reads the branches of a campaign with this
module where the package itself is not installed (REANA's workflow engine).

A label is also a value: numbers are rounded to 12 significant digits *before* they are used, so a label
parses back to exactly the number that was simulated, and never depends on how a file spelt it (41, 41.0).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

DIGITS = 12
#: What engines may paste into command lines and paths.
SAFE = re.compile(r"[\w.,+=/-]+", re.ASCII)
#: All keys that name a file, relative to the campaign's; `[]` stands for each entry of a list, `*` for each key.
FILES = (
    "observed[].file",
    "backgrounds[].file",
    "systematics[].file",
    "prior.posterior",
    "published.workspace",
    "published.patchset",
)


def rounded(value: float) -> float:
    """Round to 12 significant digits, which is what a label can carry.

    >>> rounded(0.1 + 0.2)
    0.3
    """
    return float(format(float(value), f".{DIGITS}g")) + 0.0


def number(value: float) -> str:
    """Spell a number the same way whatever its type.

    >>> number(41), number(41.0), number(0.1 + 0.2), number(-0.0)
    ('41', '41', '0.3', '0')
    """
    return format(rounded(value), f".{DIGITS}g")


def label(point: Mapping[str, float]) -> str:
    """Name a point; the order of the variables is that of the campaign file.

    >>> label({"sqrt_s": 91.20, "polarisation": 0.8})
    'sqrt_s=91.2,polarisation=0.8'
    """
    return ",".join(f"{name}={number(value)}" for name, value in point.items())


def parse(text: str) -> dict[str, float]:
    """Read a label back into values; raises ValueError when it is not one.

    >>> parse("sqrt_s=91.2,polarisation=0.8")
    {'sqrt_s': 91.2, 'polarisation': 0.8}
    """
    pairs = [part.split("=", 1) for part in text.split(",")]
    if any(len(pair) != 2 or not pair[0] for pair in pairs):
        raise ValueError(f"'{text}' is not of the form name=value,name=value")
    return {name: float(value) for name, value in pairs}


def axis(grid: Mapping[str, Any] | Sequence[float]) -> list[float]:
    """Expand `[1, 2]`, `{values: [1, 2]}`, `{linspace: [start, stop, points]}` or the ends of a `range`.

    >>> axis({"linspace": [0.2, 0.26, 4]})
    [0.2, 0.22, 0.24, 0.26]
    """
    if not isinstance(grid, Mapping):
        return [rounded(value) for value in grid]
    if "linspace" in grid:
        # YAML readers take 1e-3 for text
        start, stop, points = (float(value) for value in grid["linspace"])
        steps = max(int(points) - 1, 1)
        return [rounded(start + (stop - start) * i / steps) for i in range(int(points))]
    return [rounded(value) for value in grid["range" if "range" in grid else "values"]]


def product(axes: Mapping[str, Any]) -> list[dict[str, float]]:
    """All points of a Cartesian grid, the last variable running fastest.

    >>> product({"a": [1], "b": [2, 3]})
    [{'a': 1.0, 'b': 2.0}, {'a': 1.0, 'b': 3.0}]
    """
    expanded = [axis(grid) for grid in axes.values()]
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*expanded)]


def setting_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of all settings φ of a campaign, as read from its YAML.

    >>> setting_labels({"settings": {"phi": {"range": [0, 1]}}, "chosen_settings": [{"phi": 0.5}]})
    ['phi=0.5']
    """
    chosen = campaign.get("chosen_settings")
    if chosen is not None:
        return _safe(label({name: point[name] for name in campaign["settings"]}) for point in chosen)
    return _safe(label(point) for point in product(campaign["settings"]))


def point_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of all parameter points θ of a campaign."""
    return _safe(label(point) for point in product(campaign["parameters"]))


def reference_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of the points whose weighted events serve all parameter points; empty when each has its own events.

    >>> reference_labels({"parameters": {"a": [1], "b": [2]}, "simulation": {"references": [{"b": 2, "a": 1.0}]}})
    ['a=1,b=2']
    """
    references = (campaign.get("simulation") or {}).get("references") or []
    return [label({name: reference[name] for name in campaign["parameters"]}) for reference in references]


def sample_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of what is simulated at each setting: references or parameter points, then backgrounds."""
    return [*(reference_labels(campaign) or point_labels(campaign)), *background_labels(campaign)]


def weighted_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of the points to which events carry weights: parameter points, then references that are none."""
    references, points = reference_labels(campaign), point_labels(campaign)
    return [*points, *(one for one in references if one not in points)] if references else []


def events_at(campaign: Mapping[str, Any], setting: str) -> int | list[int] | None:
    """Events per branch at a setting, by round if there are rounds; None when the campaign leaves it to the default.

    >>> campaign = {"simulation": {"events": 1000, "events_at": {"phi=1": 2000}}}
    >>> events_at(campaign, "phi=1"), events_at(campaign, "phi=2")
    (2000, 1000)
    """
    simulation: Mapping[str, Any] = campaign.get("simulation") or {}
    events: int | None = (simulation.get("events_at") or {}).get(setting, simulation.get("events"))
    batches: list[int] | int | None = (simulation.get("batches") or {}).get(setting, events)
    return batches


def background_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of the backgrounds that have to be simulated, once per setting."""
    backgrounds: Iterable[Mapping[str, Any]] = campaign.get("backgrounds") or []
    return _safe(f"background={entry['name']}" for entry in backgrounds if "simulator" in entry)


def observed_files(campaign: Mapping[str, Any], setting: str, exposure: str) -> list[str]:
    """Files of observed data of a setting and exposure, relative to the campaign's; a single entry needs no list.

    >>> data = {"file": "data.root", "setting": {"phi": 1}}
    >>> campaign = {"settings": {"phi": [1, 2]}, "exposure": {"events": 9}, "observed": data}
    >>> observed_files(campaign, "phi=1", "events=9"), observed_files(campaign, "phi=2", "events=9")
    (['data.root'], [])
    """
    entries = campaign.get("observed") or []
    return [
        entry["file"]
        for entry in ([entries] if isinstance(entries, Mapping) else entries)
        if label({name: entry["setting"][name] for name in campaign["settings"]}) == setting
        and (entry.get("exposure") or exposure_labels(campaign)[0]) == exposure
    ]


def named_files(campaign: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every file that a campaign names: its place in the campaign, and its path relative to the campaign file.

    >>> named_files({"backgrounds": [{"name": "z", "file": "z.json"}], "observed": {"file": "data.root"}})
    [('observed[0].file', 'data.root'), ('backgrounds[0].file', 'z.json')]
    """
    found = [named for key in FILES for named in _values(campaign, key.replace("[]", ".[]").split("."), "")]
    return [(place, path) for place, path in found if isinstance(path, str)]


def _values(content: Any, keys: Sequence[str], place: str) -> Iterator[tuple[str, Any]]:
    """What stands at a key, given by its parts, with the place of each; a single entry needs no list."""
    if not keys or content is None:
        yield place, content
    elif keys[0] == "[]":
        for index, entry in enumerate(content if isinstance(content, list) else [content]):
            yield from _values(entry, keys[1:], f"{place}[{index}]")
    elif isinstance(content, Mapping):
        for key in content if keys[0] == "*" else [keys[0]]:
            yield from _values(content.get(key), keys[1:], f"{place}.{key}".lstrip("."))


def published_file(pattern: str, setting: str, exposure: str) -> str:
    """Path of a published file at a setting and exposure, whose labels stand in place of SETTING and EXPOSURE."""
    return pattern.replace("SETTING", setting).replace("EXPOSURE", exposure)


def files_to_have(
    named: Iterable[tuple[str, str]], settings: Sequence[str], exposures: Sequence[str]
) -> list[tuple[str, str]]:
    """The files that have to be there, of those that `named_files` has found: published ones once per branch.

    >>> named = [("prior.posterior", "p.json"), ("published.workspace", "SETTING.json")]
    >>> files_to_have(named, ["a=1", "a=2"], ["luminosity=1fb-1"])
    [('prior.posterior', 'p.json'), ('published.workspace', 'a=1.json'), ('published.workspace', 'a=2.json')]
    """
    branches = list(itertools.product(settings, exposures))
    found = [
        (place, published_file(path, *branch) if place.startswith("published.") else path)
        for place, path in named
        for branch in (branches if place.startswith("published.") else [()])
    ]
    return list(dict.fromkeys(found))


def files_at(campaign: Mapping[str, Any], setting: str, exposure: str) -> list[str]:
    """Files on which the inference at a setting and exposure depends: all that are named but data of other branches.

    >>> files_at({"prior": {"posterior": "p.json"}, "observed": []}, "phi=1", "events=9")
    ['p.json']
    """
    named = [(place, path) for place, path in named_files(campaign) if not place.startswith("observed")]
    others = [path for _, path in files_to_have(named, [setting], [exposure])]
    return list(dict.fromkeys([*observed_files(campaign, setting, exposure), *others]))


def exposure_label(exposure: Mapping[str, Any]) -> str:
    """Name an exposure.

    >>> exposure_label({"events": 1000}), exposure_label({"luminosity": 0.5, "unit": "fb-1"})
    ('events=1000', 'luminosity=0.5fb-1')
    """
    if exposure.get("events") == "observed":
        return "events=observed"
    if "events" in exposure:
        return f"events={number(exposure['events'])}"
    return f"luminosity={number(exposure['luminosity'])}{exposure.get('unit', 'pb-1')}"


def exposure_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of all exposures; a single one may stand without a list."""
    exposure = campaign["exposure"]
    entries = [exposure] if isinstance(exposure, Mapping) else exposure
    return _safe(exposure_label(entry) for entry in entries)


def allocation_labels(campaign: Mapping[str, Any]) -> list[str]:
    """Labels of the exposures whose luminosity is shared among the settings; a single one may stand without a list.

    >>> allocation_labels({"allocate": "luminosity=1fb-1"}), allocation_labels({})
    (['luminosity=1fb-1'], [])
    """
    chosen = campaign.get("allocate") or []
    return _safe([chosen] if isinstance(chosen, str) else chosen)


def _safe(labels: Iterable[str]) -> list[str]:
    """Refuse labels that no valid campaign has, before an engine makes folders and command lines of them."""
    found = list(labels)
    for name in found:
        if "/" in name or not SAFE.fullmatch(name):
            raise ValueError(f"'{name}' cannot name a folder; names are letters, digits and _")
    return found
