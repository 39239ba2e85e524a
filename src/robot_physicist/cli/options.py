"""Options that commands share: files, labels, and lists of files as workflow engines write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)
#: Options that take several values after one flag, as workflow engines write lists of files.
LISTS = ("--histograms", "--gains", "--posteriors", "--previous")


def positive(_: click.Context, __: click.Parameter, number: float | None) -> float | None:
    """Check that an option is a finite number above zero; what Python calls nan is none."""
    if number is not None and not (number > 0 and math.isfinite(number)):
        raise click.BadParameter(f"{number:g} is no number above zero; give one such as 0.01")
    return number


def spread(arguments: Sequence[str]) -> list[str]:
    """Repeat the flag of a list before each of its values.

    >>> spread(["eig", "--histograms", "a", "b", "--output", "c"])
    ['eig', '--histograms', 'a', '--histograms', 'b', '--output', 'c']
    """
    result: list[str] = []
    flag = ""
    for argument in arguments:
        if argument.startswith("--"):
            flag = argument if argument in LISTS else ""
            result += [] if flag else [argument]
        else:
            result += [flag, argument] if flag else [argument]
    return result


def path(name: str, text: str) -> Callable[..., Any]:
    """Option for one file or folder."""
    return click.option(f"--{name}", type=FILE, required=True, help=text)


def label(name: str, text: str) -> Callable[..., Any]:
    """Option for the label of a setting, sample or exposure."""
    return click.option(f"--{name}", required=True, metavar="LABEL", help=text)


def files(name: str, text: str, required: bool = True) -> Callable[..., Any]:
    """Option for one or more files."""
    return click.option(f"--{name}", type=FILE, metavar="PATH...", multiple=True, required=required, help=text)


campaign = path("campaign", "Campaign file.")
setting = label("setting", "Setting φ, such as sqrt_s=91.2.")
sample = label("sample", "Parameter point θ, such as sin2theta_w=0.23, or background=NAME.")
exposure = label("exposure", "Exposure, such as events=1000.")
histograms = files("histograms", "Histograms of this setting, in any order.")
study = path("study", "Campaign file with a section `sequence`.")
