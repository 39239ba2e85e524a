"""Docstrings of attributes, read from the source when a reference is generated.

Pydantic can do this at import, which every stage would pay for.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from types import ModuleType


def attribute_docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """Map each class of a module to the docstrings of its attributes, on one line each.

    >>> from ..campaign import variables
    >>> attribute_docstrings(variables)["Normal"]["mean"]
    'Mean of the normal distribution before truncation.'
    """
    tree = ast.parse(inspect.getsource(module))
    return {node.name: dict(_documented(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _documented(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in itertools.pairwise(node.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id.rstrip("_"), " ".join(text.value.value.split())
