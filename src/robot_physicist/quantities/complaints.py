"""Plain words for what is wrong with a value, and for how a program ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from typing import Any

#: What signals mean, where the system's own word says too little.
MEANING = {"SIGKILL": "perhaps it took too much memory", "SIGTERM": "somebody, or a time limit, ended it"}
#: Signals of a program that a shell has run are exit codes above this.
OF_A_SHELL = 128
KEYS = "has to hold keys with values, such as `key: value`, one per line"
#: Longest text that a complaint repeats, and repeats as the entry of a list.
LONGEST = 60


def ending(code: int) -> str:
    """Say how a program ended from its exit code, which is minus the number of a signal that killed it.

    >>> ending(3), ending(-11)
    ('failed with exit code 3', 'was killed by SIGSEGV (segmentation fault)')
    """
    if code < 0:
        return f"was killed by {_signal(-code)}"
    within = _signal(code - OF_A_SHELL) if code > OF_A_SHELL else ""
    more = f": what it ran was killed by {within}" if within.startswith("SIG") else ""
    return f"failed with exit code {code}{more}"


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    meaning = MEANING.get(name) or (signal.strsignal(number) or "").lower()
    return f"{name} ({meaning})" if meaning else name


def complaint(entry: Mapping[str, Any]) -> str:
    """Say in plain words what is wrong with a value, and what is wanted, from an error of pydantic.

    >>> complaint({"type": "list_type", "input": "prog", "msg": "Input should be a valid list"})
    'has to be a list; write [prog]'
    """
    kind, given, context = entry["type"], entry.get("input"), entry.get("ctx", {})
    for pattern, words in WORDS.items():
        if re.fullmatch(pattern, kind):
            return words(given, context)
    message = str(entry["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:] + (_not(given) if isinstance(given, int | float | str) else "")


def _not(given: Any) -> str:
    """What was given in place of what is wanted."""
    if given is None:
        return "; nothing is there"
    if isinstance(given, list | tuple):
        return f", not a list of {len(given)}"
    if isinstance(given, Mapping):
        return ", not keys with values"
    if isinstance(given, bool):
        return f", not {str(given).lower()}"
    if isinstance(given, str):
        return f", not {given[:LONGEST]!r}" + ("..." if len(given) > LONGEST else "")
    return f", not {given!r}" if isinstance(given, int | float) else ""


def _list(given: Any, _: Mapping[str, Any]) -> str:
    if isinstance(given, str) and 0 < len(given.strip()) <= LONGEST:
        return f"has to be a list; write [{given.strip().strip('[]')}]"
    if isinstance(given, int | float) and not isinstance(given, bool):
        return f"has to be a list; write [{given}]"
    if isinstance(given, Mapping):
        return "has to be a list; begin each entry with `- `"
    return f"has to be a list, such as [a, b]{_not(given)}"


def _text(given: Any, _: Mapping[str, Any]) -> str:
    quoted = isinstance(given, int | float) and not isinstance(given, bool)
    return f"has to be text; put it in quotes: '{given}'" if quoted else f"has to be text{_not(given)}"


def _size(given: Any, context: Mapping[str, Any]) -> str:
    wanted = context.get("min_length", context.get("max_length"))
    bound = "at least" if "min_length" in context else "at most"
    there = context.get("actual_length", len(given) if hasattr(given, "__len__") else "others")
    return f"needs {bound} {wanted} {'entry' if wanted == 1 else 'entries'}, and has {there}"


def _one_of(given: Any, context: Mapping[str, Any]) -> str:
    return f"has to be {context['expected']}{_not(given)}"


def _tag(given: Any, context: Mapping[str, Any]) -> str:
    key = str(context["discriminator"]).strip("'")
    if "tag" not in context:
        return f"{key} is missing; add it" if isinstance(given, Mapping) else KEYS
    return f"{key} has to be {' or '.join(str(context['expected_tags']).split(', '))}, not '{context['tag']}'"


def _bound(words: str) -> Callable[[Any, Mapping[str, Any]], str]:
    return lambda given, context: f"has to be {words} {next(iter(context.values())):g}{_not(given)}"


def _a(words: str) -> Callable[[Any, Mapping[str, Any]], str]:
    return lambda given, _: f"has to be {words}{_not(given)}"


#: What to say of each type of error, by a pattern of its name; "such as" helps only those who wrote something else.
WORDS: dict[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "missing": lambda *_: "is missing; add it",
    "extra_forbidden": lambda *_: "unknown key; remove it",
    "int_(type|parsing|parsing_size|from_float)": _a("a whole number, such as 10"),
    "float_(type|parsing)|decimal_.*|complex_.*": _a("a number, such as 0.5"),
    "finite_number": _a("a finite number"),
    "bool_(type|parsing)": _a("true or false"),
    "string_(type|sub_type|unicode)": _text,
    "string_too_short": lambda *_: "is empty; write something",
    "tuple_type": _a("a list, such as [0, 1]"),
    "(list|set|frozen_set|iterable)_type": _list,
    "dict_type|model_type|model_attributes_type|mapping_type|dataclass_type|dataclass_exact_type": lambda *_: KEYS,
    "too_(short|long)": _size,
    "literal_error|enum": _one_of,
    "union_tag_(invalid|not_found)": _tag,
    "greater_than": _bound("above"),
    "greater_than_equal": _bound("at least"),
    "less_than": _bound("below"),
    "less_than_equal": _bound("at most"),
}
