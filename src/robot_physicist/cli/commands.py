"""The commands for people, one function each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .. import project, stages
from .. import watch as watching
from .group import INTERRUPTED, cli
from .options import FILE, positive


@cli.command()
@click.argument("file", type=FILE)
@click.option("--results", type=FILE, help="Folder of the results; results/NAME of NAME.yaml by default.")
def sequence(file: Path, results: Path | None) -> None:
    """Run a whole sequence of experiments of a campaign FILE here, without a workflow engine."""
    for line in stages.run_sequence(file, results or Path("results") / file.stem):
        click.echo(line)


@cli.command()
@click.argument("file", type=FILE)
@click.option("--try", "attempt", is_flag=True, help="Let every simulator make 10 events, and say what they are.")
def validate(file: Path, attempt: bool) -> None:
    """Check everything in a campaign FILE that can be checked before a job runs."""
    click.echo(stages.validate(file, attempt))


@cli.command()
@click.argument("file", type=FILE)
@click.option(
    "--cores",
    type=click.IntRange(1),
    metavar="COUNT",
    default=1,
    show_default=True,
    help="Cores to spread the work over.",
)
@click.option(
    "--error", type=float, metavar="NATS", callback=positive, help="Wanted standard error of the gain, in nats."
)
@click.option("--pilot", type=FILE, help="Results folder of a finished pilot; results/NAME of NAME.yaml by default.")
def plan(file: Path, cores: int, error: float | None, pilot: Path | None) -> None:
    """List the branches of a campaign FILE, and estimate events, disk and time from a short probe.

    With --error: how many events per branch each setting needs for that error, from the errors of a pilot, a finished
    run of the same campaign with few simulation.events.
    """
    click.echo(stages.plan(file, cores, error, pilot))


@cli.command()
@click.argument("folder", type=FILE, default=Path("."))
def check(folder: Path) -> None:
    """Check that steps, graphs, environments and REANA specifications of a project FOLDER agree."""
    options = {name: {str(option.name) for option in command.params} for name, command in cli.commands.items()}
    click.echo(project.check(folder, options))


@cli.command()
@click.argument("file", type=FILE)
def init(file: Path) -> None:
    """Write a commented campaign FILE to start from."""
    click.echo(project.init(file))


@cli.command()
def simulators() -> None:
    """List the simulators with their settings, parameters, observables and options."""
    click.echo(project.simulators())


@cli.command()
@click.argument("file", type=FILE)
@click.option("--colour/--no-colour", default=None, help="Colours; automatic in a terminal.")
def show(file: Path, colour: bool | None) -> None:
    """Print the answer of a design.json, allocation.json, search.json or sequence.json FILE, and its warnings."""
    click.echo(stages.show(file, sys.stdout.isatty() if colour is None else colour), color=colour)


@cli.command()
@click.argument("file", type=FILE)
@click.option("--results", type=FILE, help="Folder of the results; results/NAME of NAME.yaml by default.")
@click.option("--once", is_flag=True, help="Print the state and end.")
def watch(file: Path, results: Path | None, once: bool) -> None:
    """Watch a campaign FILE run: branches done, time left, best setting so far; ends when all is done.

    Runs nothing itself. Where the output is no terminal, a line is printed whenever something has changed.
    """
    try:
        watching.watch(file, results or Path("results") / file.stem, once)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@cli.command()
@click.argument("file", type=FILE)
@click.option("--grid", "grids", multiple=True, metavar="NAME=LOW:HIGH:COUNT", help="Parameter to learn about.")
@click.option("--prior", "priors", multiple=True, metavar="NAME=MEAN:SD", help="Normal prior on a grid.")
@click.option("--patchset", type=FILE, help="pyhf patchset; every patch is a point too.")
@click.option("--measurement", metavar="NAME", help="Measurement of the workspace; its first by default.")
@click.option(
    "--draws",
    type=click.IntRange(64, 1 << 20),
    metavar="COUNT",
    default=4096,
    show_default=True,
    help="Pseudo-data sets.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Seed of all random numbers.",
)
@click.option("--output", type=FILE, help="JSON file to write.")
def workspace(file: Path, **options: Any) -> None:
    """Posterior and information gain of any pyhf workspace FILE, nuisance parameters marginalised."""
    click.echo(stages.workspace(file, **options))


@cli.command()
@click.argument("folder", type=FILE)
def reference(folder: Path) -> None:
    """Generate the JSON schemas and the campaign's reference page below a project FOLDER."""
    click.echo(project.reference(folder))
