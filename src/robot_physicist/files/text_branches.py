"""Branches of text in expressions: they can be compared with text in quotes, by == and !=, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any

#: What awkward calls arrays of text.
TEXT = ("string", "bytestring")
ADVICE = "text can only be compared with text in quotes by == or !=, such as"


def is_text(array: Any) -> bool:
    """Does an awkward array hold text, one per event or a list of them?"""
    return array.layout.purelist_parameter("__array__") in TEXT


def compares_text(node: ast.AST) -> bool:
    """Is this == or != between text in quotes and a branch, or entries of one?

    >>> [compares_text(ast.parse(text, mode="eval").body) for text in ("a == 'b'", "a < 'b'", "'a' == 'b'", "a == 1")]
    [True, False, False, False]
    """
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq)):
        return False
    sides = [node.left, *node.comparators]
    return sum(map(_is_literal, sides)) == 1 and any(named(side) is not None for side in sides)


def named(node: ast.AST) -> str | None:
    """Name of a branch, written out, with dots or as get('name'), perhaps with entries chosen; None for others."""
    if isinstance(node, ast.Subscript):
        return named(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get" and node.args:
        argument = node.args[0]
        return str(argument.value) if isinstance(argument, ast.Constant) else None
    if isinstance(node, ast.Attribute):
        before = named(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else None
        return None if before is None else f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def problem(expression: str, texts: Collection[str], branches: Collection[str]) -> str | None:
    """What is wrong with the text in an expression, once it is known which branches hold text.

    >>> problem("(kind == 'GT') & (m > 2)", {"kind"}, {"kind", "m"})
    >>> problem("kind > 2", {"kind"}, {"kind", "m"})
    "kind is text; text can only be compared with text in quotes by == or !=, such as kind == 'GT'"
    >>> problem("m == 'GT'", {"kind"}, {"kind", "m"})
    'm is no text; compare it with a number, without quotes'
    """
    if expression in branches:
        return f"it is text and no number; {ADVICE} {expression} == 'GT'" if expression in texts else None
    return next(_problems(ast.parse(expression, mode="eval").body, texts), None)


def _problems(node: ast.AST, texts: Collection[str]) -> Iterator[str]:
    if compares_text(node):
        assert isinstance(node, ast.Compare)
        (side,) = (side for side in (node.left, *node.comparators) if not _is_literal(side))
        if named(side) not in texts:
            yield f"{named(side)} is no text; compare it with a number, without quotes"
        for chosen in _choices(side):
            yield from _problems(chosen, texts)
        return
    name = named(node)
    if name is not None and name in texts:
        yield f"{name} is text; {ADVICE} {name} == 'GT'"
        return
    for child in ast.iter_child_nodes(node):
        yield from _problems(child, texts)


def _choices(node: ast.AST) -> Iterator[ast.AST]:
    """What is between the brackets that choose entries of a branch."""
    while isinstance(node, ast.Subscript):
        yield node.slice
        node = node.value


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
