"""YAML as physicists write it: `1e5` is a number, and a key that is given twice is a mistake."""

from __future__ import annotations

import re
from typing import Any

import yaml

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: YAML 1.1, which PyYAML reads, takes 1e5 and 1e-3 for text because they have no point.
POWER_OF_TEN = re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")
#: A tab in the indentation of a line.
TAB = re.compile(r"^ *\t")
LONGEST = 60
#: What to do where a YAML reader says this.
ADVICE = {
    "':'": "not `key: value`; write a colon and a blank after the key",
    "',' or ']'": "a bracket [ is not closed; add ]",
    "',' or '}'": "a brace { is not closed; add }",
    "mapping values are not allowed": "a second colon, or a line indented otherwise than those beside it; indent keys"
    " of one section alike, put text with a colon in quotes",
    "did not find expected key": "indented otherwise than the lines beside it; indent keys of one section alike",
    "expected <block end>": "indented otherwise than the lines beside it; indent keys of one section alike",
    "found undefined alias": "a word that begins with * means something to YAML; put it in quotes",
    "but found another document": "--- begins a second document; keep one",
    "block sequence entries are not allowed": "a `- ` after a key; put each entry on a line of its own",
    "unexpected end of stream": "a quotation mark is not closed; add it",
}


class CampaignLoader(SafeLoader):  # type: ignore[misc]
    """Reads plain data only; refuses double keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Make a dictionary of a mapping; PyYAML would keep the last of two equal keys in silence."""
        seen = set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if isinstance(key, yaml.ScalarNode) and key.value != "<<" and name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' is given twice; remove one", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


CampaignLoader.add_implicit_resolver("tag:yaml.org,2002:float", POWER_OF_TEN, list("-+.0123456789"))


def explained(error: Exception, text: str) -> str:
    r"""Say in which line of a text a YAML reader stumbled, over what, and what to do.

    >>> text = "a:\n\tb: 2"
    >>> try:
    ...     parse(text)
    ... except yaml.YAMLError as error:
    ...     explained(error, text)
    'line 2: a tab, which YAML does not take; indent with blanks'
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if isinstance(error, UnicodeDecodeError):
        return "not text in UTF-8; save it as such, without letters of other encodings"
    if isinstance(error, RecursionError):
        return "nested too deeply; write fewer brackets"
    if mark is None:
        return str(error)
    lines = text.splitlines() or [""]
    index = min(mark.line, len(lines) - 1)
    if TAB.match(lines[index]) or lines[index][mark.column : mark.column + 1] == "\t":
        return f"line {index + 1}: a tab, which YAML does not take; indent with blanks"
    begun = getattr(error, "context_mark", None)
    if begun is not None and begun.line < len(lines) and "second" not in _advice(str(getattr(error, "problem", ""))):
        index = begun.line
    return f"line {index + 1}: {lines[index].strip()[:LONGEST]!r}: {_advice(str(getattr(error, 'problem', error)))}"


def _advice(problem: str) -> str:
    """What to do about a problem of a YAML reader, in the words of a campaign."""
    known = (advice for words, advice in ADVICE.items() if words in problem)
    return next(known, problem)


def parse(text: str) -> Any:
    """Parse the text of a campaign file; raises yaml.YAMLError or ValueError when it is not YAML.

    >>> parse("{events: 1e5, variance: [1e-3, 2.5E1, -.5e-2]}")
    {'events': 100000.0, 'variance': [0.001, 25.0, -0.005]}
    """
    return yaml.load(text, Loader=CampaignLoader)
