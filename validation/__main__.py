"""Run scripts of repeats and print their tables, or print what is finished."""

import argparse
import ast
import importlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from robot_physicist.cli.main import NUMERICS
from robot_physicist.quantities.errors import nearest
from validation.repeats import Runs, found, run, runs, to_stderr

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results/validation"
SCRIPTS = (
    "accuracy",
    "calibration",
    "convergence",
    "coverage",
    "gaussian_processes",
    "gaussian_toy",
    "search",
    "sequence",
    "structure",
)


def main(arguments: list[str]) -> int:
    """Exit code: 2 for arguments that make no sense, 130 after Ctrl-C."""
    os.environ.update(NUMERICS)  # as the stages do, before NumPy is imported
    asked = parsed(arguments)
    if not asked.names and not asked.report:
        print("\n".join(listed()))
        return 0
    wrong = next((name for name in asked.names if name not in SCRIPTS), None)
    if wrong is not None:
        to_stderr(f"error: there is no script '{wrong}'; {nearest(wrong, SCRIPTS)}")
        return 2
    return executed(asked)


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m validation", description=__doc__, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scripts; without any they are listed")
    parser.add_argument("--repeats", type=positive, metavar="N", help="repeats of each case")
    parser.add_argument("--workers", type=positive, default=1, metavar="W", help="processes")
    parser.add_argument("--cases", default="", metavar="SUBSTRING", help="only cases whose names contain this")
    parser.add_argument("--report", action="store_true", help="print what is finished, and run nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where repeats are kept")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """Read a number of repeats or processes."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


def listed() -> Iterator[str]:
    """Every script with what its first line says."""
    for name in SCRIPTS:
        says = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
        yield f"{name:<20} {says.splitlines()[0]}"


def executed(asked: argparse.Namespace) -> int:
    """Run or report the scripts; what ends a run early is said in one sentence."""
    try:
        plans = [planned(name, asked) for name in asked.names or SCRIPTS]
        if not any(wanted.planned for wanted in plans):
            to_stderr(f"error: no case contains '{asked.cases}'; --report names those that have repeats")
            return 2
        for wanted in plans:
            report(wanted) if asked.report else complete(wanted, asked.workers)
    except KeyboardInterrupt:
        to_stderr("Stopped; finished repeats are kept, and the same command resumes.")
        return 130
    except BrokenProcessPool:
        to_stderr("error: a worker process was killed; finished repeats are kept, and the same command resumes.")
        return 1
    except OSError as error:
        to_stderr(f"error: {error.filename or 'results'}: {error.strerror or error}")
        return 1
    return 0


def planned(name: str, asked: argparse.Namespace) -> Runs:
    """The repeats of one script that are asked for."""
    script = importlib.import_module(f"validation.{name}").SCRIPT
    return runs(name, script, asked.results, asked.repeats, asked.cases)


def complete(wanted: Runs, workers: int) -> None:
    """Run what is missing, print the table and draw the figures."""
    say_left_alone(wanted)
    run(wanted, workers, to_stderr)
    results = found(wanted, wanted.read())
    if results:
        print("\n".join(wanted.script.table(results)), end="\n\n", flush=True)
    for path in wanted.script.draw(results, wanted.file.parent) if wanted.script.draw else ():
        print(f"figure: {path}")


def report(wanted: Runs) -> None:
    """Print how many repeats of every case are finished and what they found, then the table as far as it goes."""
    say_left_alone(wanted)
    results = found(wanted, wanted.read())
    finished = sum(map(len, results.values()))
    print(f"{wanted.name}: {finished}/{len(wanted.works)} repeats finished")
    for case, repeats in results.items():
        says = wanted.script.tally(case, repeats)
        print(f"  {case}: {len(repeats)}/{wanted.planned[case]}{', ' * bool(says)}{says}")
    if results:
        print("\n" + "\n".join(wanted.script.table(results)))
    print(flush=True)


def say_left_alone(wanted: Runs) -> None:
    """Say how many lines of the file are not used."""
    records = wanted.read()
    if records.other_code:
        to_stderr(
            f"{wanted.name}: {records.other_code} repeats of other code are set aside and stay in {wanted.file}"
        )
    if records.damaged:
        to_stderr(f"{wanted.name}: {records.damaged} lines of {wanted.file} cannot be read and are ignored")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
