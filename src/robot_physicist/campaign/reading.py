"""From parsed YAML to a campaign, or to an error that says what is wrong, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from ..quantities.complaints import complaint
from ..quantities.errors import CampaignError, RobotPhysicistError, UnknownNameError, nearest
from .checks.keys import problems
from .explanations import UNION, mapped, meant
from .model import Campaign

#: Nothing else in a campaign file may mean something to a shell: engines paste values into command lines.
FORBIDDEN = re.compile(r"""[;&|`$<>\\'"*?!{}()\[\]#~]""")
#: The only places where true and false mean something.
OPTION = re.compile(r"simulator\.options\.")
#: Expressions over branches, which no engine sees.
EXPRESSION = re.compile(r"observed(\[\d+\])?\.(branches\.\w+|selection(\[\d+\])?)")
#: Text for people, which no engine sees: figures and terminals show it as it is written.
FREE_TEXT = re.compile(r"title|(settings|parameters|observables)\.[^.\[\]]+\.(label|unit)")
#: What ends lines, moves cursors, turns the direction of writing or is half a character.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MOST_SHOWN = 10


def campaign_from(raw: Any, where: str) -> Campaign:
    """Validate a parsed campaign file; raises CampaignError or UnknownNameError listing every problem."""
    if not isinstance(raw, dict):
        what = "is empty" if raw is None else "not a campaign, which holds keys with values, such as `name: study`"
        raise CampaignError(f"{where}: {what}; `robot-physicist init` writes one to start from")
    _raise(where, CampaignError, list(_unfit(raw, "", set())))
    try:
        campaign = Campaign.model_validate(raw)
    except ValidationError as error:
        entries = meant(error.errors())
        found = list(dict.fromkeys(_explain(entry) for entry in entries))
        unknown = any(entry["type"] == "extra_forbidden" for entry in entries)
        _raise(where, UnknownNameError if unknown else CampaignError, found)
        raise AssertionError("unreachable") from None
    for problem in problems(campaign):
        raise type(problem)(f"{where}: {problem}")
    return campaign


def _raise(where: str, kind: type[RobotPhysicistError], found: Sequence[str]) -> None:
    if found:
        more = [f"... and {len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else []
        separator = "\n  " if len(found) > 1 else " "
        raise kind(separator.join([f"{where}:", *found[:MOST_SHOWN], *more]))


def _unfit(value: Any, path: str, seen: set[int]) -> Iterator[str]:
    """Yield what no campaign may hold: control characters, what means something to a shell, and yes or no.

    No key of a campaign is true or false, options of simulators excepted; pydantic would take them for 1 and 0.
    What YAML aliases repeat, or put inside itself, is looked at once.
    """
    if isinstance(value, dict | list):
        if id(value) not in seen:
            seen.add(id(value))
            yield from _unfit_within(value, path, seen)
    elif isinstance(value, bool) and not OPTION.search(path):
        yield f"{path}: {str(value).lower()} is neither number nor text; YAML reads yes, no, on, off as true or false"
    elif isinstance(value, str) and (found := CONTROL.search(value)):
        yield f"{path}: {found.group()!r} is a control character; remove it"
    elif isinstance(value, str) and not _seen_by_no_engine(path) and (found := FORBIDDEN.search(value)):
        yield f"{path}: the character {found.group()!r} means something to a shell; remove it"


def _seen_by_no_engine(path: str) -> bool:
    return bool(EXPRESSION.fullmatch(path) or FREE_TEXT.fullmatch(path))


def _unfit_within(value: dict[Any, Any] | list[Any], path: str, seen: set[int]) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unfit(item, f"{path}[{index}]", seen)
        return
    for key, item in value.items():
        place = f"{path}.{key}".lstrip(".")
        yield from _unfit(str(key), place, seen)
        yield from _unfit(item, place, seen)


def _explain(entry: Any) -> str:
    parts = [part for part in entry["loc"] if isinstance(part, int) or not UNION.match(part)]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    if entry["type"] == "extra_forbidden":
        parent = path.rpartition(".")[0]
        return f"{path}: unknown key; {nearest(str(parts[-1]), _keys(entry['loc'][:-1]))}" + (
            f" in {parent}" if parent else ""
        )
    if entry["type"] == "string_pattern_mismatch":
        return f"{path}: {entry['input']!r} is not a name; use letters, digits and _, a letter first"
    return f"{path}: {complaint(entry)}"


def _keys(location: Sequence[Any]) -> list[str]:
    """Valid keys at a place of the file, by walking the model's schema."""
    schema = Campaign.model_json_schema()
    nodes = [schema]
    for part in location:
        nodes = [child for node in nodes for child in _children(node, part, schema)]
    return sorted({key for node in nodes for key in _resolve(node, schema).get("properties", {})})


def _children(node: dict[str, Any], part: Any, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    options = [_resolve(option, schema) for option in _alternatives(_resolve(node, schema), schema)]
    for option in options:
        if isinstance(part, int) and "items" in option:
            yield from _alternatives(option["items"], schema)
        elif part in option.get("properties", {}):
            yield from _alternatives(option["properties"][part], schema)
        elif isinstance(part, str) and (values := mapped(option)):
            yield from _alternatives(values, schema)
        elif isinstance(part, str) and (UNION.match(part) or option.get("title") == part):
            yield option


def _alternatives(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    node = _resolve(node, schema)
    options = node.get("anyOf") or node.get("oneOf") or []
    return [_resolve(option, schema) for option in options] or [node]


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node
