"""Expressions over the branches of a ROOT tree, as a campaign maps them to observables and selects events with them.

They are uproot's own language (arithmetic, comparisons, functions of numbers, slices of what has several entries per
event), with functions that make one number of those entries. Branches of text can be compared with text in quotes.
Whatever else Python knows is refused before uproot sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import awkward as ak
import numpy as np
from uproot.language.python import PythonLanguage

from ..quantities.errors import NoEventsError, ObservableError, nearest
from . import text_branches
from .reproducible_root import uproot_module

uproot_module()

#: One number per event, from all the entries of an event.
PER_EVENT = {name: partial(getattr(ak, name), axis=1) for name in ("num", "sum", "prod", "min", "max", "any", "all")}
FUNCTIONS: Mapping[str, Any] = {**PythonLanguage.default_functions, **PER_EVENT}
#: Reads a branch whose name is no name in Python.
GETTER = "get"
ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Slice, ast.Tuple, ast.Constant)
SYNTAX = "write & | ~ for and, or, not, and put each comparison in brackets"


def check(expression: str, branches: Collection[str], tree: str) -> None:
    """Raise ObservableError when an expression is not one over these branches; it names the nearest branch.

    >>> check("(sqrt(px**2 + py**2) > 20) & (n == 2)", ["px", "py", "n"], "Events")
    >>> check("sqrt(mas)", ["mass", "charge"], "Events")
    Traceback (most recent call last):
    ...
    robot_physicist.quantities.errors.ObservableError: 'sqrt(mas)': no branch 'mas' in 'Events'; did you mean 'mass'?
    """
    if expression in branches:
        return
    try:
        tree_of = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "too long"
        raise ObservableError(f"'{expression}': not an expression ({reason}); {SYNTAX}") from None
    problem = next(_problems(tree_of, branches, tree), None)
    if problem is None and not _reads_a_branch(tree_of):
        problem = f"is the same for every event; name a branch of '{tree}', such as {sorted(branches)[0]}"
    if problem:
        raise ObservableError(f"'{expression}': {problem}")


def _problems(node: ast.AST, branches: Collection[str], tree: str) -> Any:
    name = _dotted(node)
    if name is not None:
        if name not in branches:
            yield f"no branch '{name}' in '{tree}'; {nearest(name, branches)}"
        return
    if isinstance(node, ast.Call):
        yield from _call_problems(node, branches, tree)
        return
    if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        yield f"and, or, not do not work event by event; {SYNTAX}"
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        yield f"two comparisons in one; write (a < x) & (x < b): {SYNTAX}"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift) and not _varies(node):
        yield f"{ast.unparse(node)} may be too large a number; write it out"
    elif isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
        yield f"{node.value!r} is not a number; {text_branches.ADVICE} kind == 'GT'"
    elif not isinstance(node, ALLOWED):
        yield f"{ast.unparse(node)} is more than arithmetic, comparisons, slices and functions of branches"
    of_text = text_branches.compares_text(node)
    for child in ast.iter_child_nodes(node):
        if of_text and isinstance(child, ast.Constant):
            continue
        if not isinstance(child, ast.operator | ast.unaryop | ast.cmpop | ast.expr_context):
            yield from _problems(child, branches, tree)


def _call_problems(node: ast.Call, branches: Collection[str], tree: str) -> Any:
    function = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if function == GETTER:
        known = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value in branches
        if not known or node.keywords:
            yield f"{GETTER} takes the name of a branch in quotes; {nearest(ast.unparse(node), branches)}"
        return
    if function not in FUNCTIONS:
        yield f"no function '{function}'; {nearest(function, [*FUNCTIONS, GETTER])}"
    elif node.keywords:
        yield f"{function} takes no '{node.keywords[0].arg}='"
    for argument in node.args:
        yield from _problems(argument, branches, tree)


def _reads_a_branch(node: ast.AST) -> bool:
    """Is any name that of a branch? Where all is well, the others are those of functions that are called."""
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    functions = {id(func) for func in calls if isinstance(func, ast.Name) and func.id != GETTER}
    return any(isinstance(part, ast.Name) and id(part) not in functions for part in ast.walk(node))


def _varies(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) for part in ast.walk(node))


def _dotted(node: ast.AST) -> str | None:
    """A name, with the dots that ROOT allows in those of branches; None for anything else."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


class Selecting(PythonLanguage):  # type: ignore[misc]
    """Uproot's language with cuts: each is made on the events that those before it left, then come the expressions.

    `passed` counts the events of all calls: those in the tree, then those that each cut left.
    """

    def __init__(self, cuts: Sequence[str]) -> None:
        super().__init__(FUNCTIONS, GETTER)
        self.cuts = cuts
        self.passed = np.zeros(len(cuts) + 1, dtype=np.int64)

    def compute_expressions(self, tree: Any, arrays: Any, contexts: Any, *names: Any) -> dict[str, Any]:
        """Values of all expressions but the cuts for the selected events, by expression."""
        wanted = {text: context for text, context in contexts if context["is_primary"]}
        self.passed[0] += len(next(iter(arrays.values())))
        for number, cut in enumerate(self.cuts, 1):
            kept = self._value(cut, wanted[cut], tree, arrays, names)
            if kept.ndim != 1:
                raise ObservableError(f"'{cut}': not one answer per event; put it into any(...) or all(...)")
            # what has no value, such as a largest of none or a root of a negative number, does not pass
            kept = ak.fill_none((kept != 0) & (kept == kept), False)
            arrays = {key: array[kept] for key, array in arrays.items()}
            self.passed[number] += int(np.count_nonzero(kept))
        return {text: self._value(text, context, tree, arrays, names) for text, context in wanted.items()}

    def check(self) -> None:
        """Raise NoEventsError when no event has passed the cuts; it says how many each of them left."""
        if self.cuts and not self.passed[-1]:
            flow = ", ".join(f"{left} after '{cut}'" for cut, left in zip(self.cuts, self.passed[1:], strict=True))
            raise NoEventsError(f"no event passes the selection: {self.passed[0]} in the tree, {flow}")

    def _value(self, expression: str, context: Any, tree: Any, arrays: Any, names: Any) -> Any:
        if found := _text_problem(expression, context["branches"], tree, arrays, names[0]):
            raise ObservableError(f"'{expression}': {found}")
        try:
            with np.errstate(all="ignore"):
                return super().compute_expressions(tree, arrays, [(expression, context)], *names)[expression]
        except Exception as error:  # awkward and numpy raise errors of many kinds
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            reason = reason.partition(" (in compiled code")[0]
            advice = "cut away the events that lack an entry first, with num(...)" if "[" in expression else SYNTAX
            raise ObservableError(f"'{expression}': cannot be computed ({reason}); {advice}") from None


def _text_problem(expression: str, used: Sequence[Any], tree: Any, arrays: Any, known: Collection[str]) -> str | None:
    """What is wrong with text in an expression over these branches of a tree."""
    of_text = [branch for branch in used if text_branches.is_text(arrays[branch.cache_key])]
    texts = {name for branch in of_text for name in _names(branch, tree, known)}
    literal = any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) for node in _nodes(expression, known)
    )
    return text_branches.problem(expression, texts, known) if texts or literal else None


def _nodes(expression: str, known: Collection[str]) -> list[ast.AST]:
    return [] if expression in known else list(ast.walk(ast.parse(expression, mode="eval")))


def _names(branch: Any, tree: Any, known: Collection[str]) -> set[str]:
    """How an expression may name a branch: by its own name, or with those of the branches that it is in."""
    name, names = branch.name, {branch.name}
    while (branch := branch.parent) is not tree:
        name = f"{branch.name}/{name}"
        names.add(name)
    return {one for one in (*names, f"/{name}") if one in known}


def evaluate(tree: Any, expressions: Sequence[str], language: PythonLanguage, start: int, stop: int) -> Any:
    """Values of expressions over the branches of some entries of a TTree or RNTuple, by expression."""
    if hasattr(tree, "branches"):
        options = {"library": "ak", "how": dict, "language": language}
        return tree.arrays(list(expressions), entry_start=start, entry_stop=stop, **options)
    # Of RNTuples uproot reads fields, but computes nothing: the language is given what it is given of a TTree.
    keys = set(tree.keys())
    symbols = {
        text: {text} if text in keys else language.free_symbols(text, keys, {}, "", "") for text in expressions
    }
    wanted = sorted(set().union(*symbols.values()))
    read = tree.arrays(filter_name=lambda name: name in wanted, entry_start=start, entry_stop=stop)
    arrays = {name: read[name if name in read.fields else tuple(name.split("."))] for name in wanted}
    fields = {name: SimpleNamespace(name=name, cache_key=name, parent=tree) for name in wanted}
    contexts = [
        (text, {"is_primary": True, "is_cut": False, "branches": [fields[name] for name in used]})
        for text, used in symbols.items()
    ]
    return language.compute_expressions(tree, arrays, contexts, keys, {}, "", "")


def columns(arrays: Mapping[str, Any], expressions: Mapping[str, str]) -> dict[str, np.ndarray[Any, Any]]:
    """One number per event for each named expression; what has no value, such as a largest of none, is NaN.

    Raises ObservableError when an expression has several numbers per event, or none that are numbers.
    """
    return {name: _column(text, arrays[text]) for name, text in expressions.items()}


def _column(expression: str, values: Any) -> np.ndarray[Any, Any]:
    try:
        found = ak.to_numpy(ak.fill_none(values, np.nan))
    except ValueError:
        found = np.empty((len(values), 0))
    if found.ndim != 1 or found.dtype.kind not in "fiub":
        raise ObservableError(
            f"'{expression}': not one number per event; choose an entry, such as [:, 0], or use max(...), sum(...)"
        )
    return np.asarray(found, dtype=np.float64)
