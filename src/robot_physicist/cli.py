"""The command line: `robot-physicist STAGE --option ...`, one command per stage and a few for people."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from . import __version__
from .options import FILE, campaign, exposure, files, histograms, path, positive, sample, setting, spread, study
from .quantities.errors import RobotPhysicistError, nearest

#: What a shell calls a command that was ended by Ctrl-C.
INTERRUPTED = 130
#: The same bytes on every machine: sums end in other last digits on other numbers of threads, and functions with the
#: instructions of newer processors. Has to be set before NumPy is imported.
NUMERICS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

if platform.machine() in ("x86_64", "AMD64"):
    NUMERICS |= {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}


class Commands(click.Group):
    """A group that suggests the nearest command."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command, or say which one may be meant."""
        if args and args[0] not in self.commands:
            ctx.fail(f"No such command '{args[0]}'; {nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def cli() -> None:
    r"""Which setting of an experiment teaches most about a parameter.

    \b
    Start with:  robot-physicist init my.yaml
                 robot-physicist validate my.yaml
                 snakemake --cores all --configfile my.yaml
    """


@cli.command()
@campaign
@path("branches", "JSON file to write.")
def branches(campaign: Path, branches: Path) -> None:
    """List the labels of all settings, samples and exposures, over which engines fan out."""
    from . import stages

    click.echo(stages.branches(campaign, branches))


@cli.command()
@campaign
@setting
@sample
@path("events", "ROOT file to write.")
def simulate(campaign: Path, setting: str, sample: str, events: Path) -> None:
    """Simulate the events of one setting and parameter point."""
    from . import stages

    click.echo(stages.simulate(campaign, setting, sample, events))


@cli.command()
@campaign
@setting
@sample
@path("events", "ROOT file of the simulate stage.")
@path("histogram", "JSON file to write.")
def histogram(campaign: Path, setting: str, sample: str, events: Path, histogram: Path) -> None:
    """Fill the histogram of simulated events."""
    from . import stages

    click.echo(stages.histogram(campaign, setting, sample, events, histogram))


@cli.command()
@campaign
@setting
@exposure
@histograms
@path("workspace", "pyhf workspace to write.")
@path("patchset", "pyhf patchset to write.")
def likelihood(
    campaign: Path, setting: str, exposure: str, histograms: tuple[Path, ...], workspace: Path, patchset: Path
) -> None:
    """Build the pyhf likelihood of one setting: a workspace, and a patch per parameter point."""
    from . import stages

    click.echo(stages.likelihood(campaign, setting, exposure, histograms, workspace, patchset))


@cli.command()
@campaign
@setting
@exposure
@path("workspace", "pyhf workspace of the likelihood stage.")
@path("patchset", "pyhf patchset of the likelihood stage.")
@path("posterior", "JSON file to write.")
def posterior(campaign: Path, setting: str, exposure: str, posterior: Path, **inputs: Any) -> None:
    """Compute posteriors of pseudo-experiments and of observed data."""
    from . import stages

    click.echo(stages.posterior(campaign, setting, exposure, output=posterior, **inputs))


@cli.command()
@campaign
@setting
@exposure
@histograms
@path("gain", "JSON file to write.")
def eig(campaign: Path, setting: str, exposure: str, histograms: tuple[Path, ...], gain: Path) -> None:
    """Estimate the expected information gain of one setting; warnings go to the standard error, too."""
    from . import stages

    click.echo(stages.eig(campaign, setting, exposure, histograms, gain))


@cli.command()
@campaign
@setting
@exposure
@histograms
@path("workspace", "pyhf workspace to write: published data and backgrounds, no signal.")
@path("patchset", "pyhf patchset to write: the new signal.")
@path("recast", "JSON file to write: upper limits and information gain.")
def recast(campaign: Path, setting: str, exposure: str, recast: Path, **files: Any) -> None:
    """Put this campaign's signal in place of a published one: likelihood, upper limits, information gain."""
    from . import stages

    click.echo(stages.recast(campaign, setting, exposure, output=recast, **files))


@cli.command()
@campaign
@files("gains", "Results of the eig stage of the round before; none in the first round.", required=False)
@files("previous", "State of the search after the round before; none in the first round.", required=False)
@path("proposal", "Campaign file of the next round to write.")
@path("search", "JSON file to write: the state of the search.")
@path("figures", "Folder to write the figure of the search to.")
def propose(campaign: Path, search: Path, **files: Any) -> None:
    """Propose the settings of the next round of a search."""
    from . import stages

    click.echo(stages.propose(campaign, output=search, **files))


@cli.command()
@campaign
@files("gains", "Results of the eig stage, all settings and exposures.")
@files("posteriors", "Results of the posterior stage.")
@files("histograms", "Results of the histogram stage.")
@path("design", "JSON file to write.")
@path("table", "CSV file to write.")
@path("figures", "Folder to write figures to.")
def design(campaign: Path, design: Path, **inputs: Any) -> None:
    """Rank the settings and draw the figures."""
    from . import stages

    click.echo(stages.design(campaign, output=design, **inputs))


@cli.command()
@study
@path("campaign", "Campaign file of the first round, to write.")
@path("sequence", "JSON file to write: what is known.")
def begin(study: Path, campaign: Path, sequence: Path) -> None:
    """Begin a sequence of experiments: write the campaign of its first round."""
    from . import stages

    click.echo(stages.begin(study, campaign, sequence))


@cli.command()
@study
@path("campaign", "Campaign file of this round.")
@path("sequence", "What was known before this round.")
@path("design", "Result of the design stage of this round.")
@path("measurement", "Campaign file of the experiment, to write.")
@path("data", "ROOT file of its events, to write beside it.")
def observe(study: Path, **files: Path) -> None:
    """Provide the data of a round at its best setting: simulated ones, or the next file that was observed."""
    from . import stages

    click.echo(stages.observe(study, **files))


@cli.command()
@study
@path("campaign", "Campaign file of this round.")
@path("previous", "What was known before this round.")
@path("design", "Result of the design stage of this round.")
@path("measurement", "Campaign file of this round's experiment.")
@path("posterior", "Result of the posterior stage of the experiment.")
@path("next", "Campaign file of the next round, to write.")
@path("sequence", "JSON file to write: what is known after this round.")
@path("figures", "Folder to write figures to.")
def update(study: Path, **files: Path) -> None:
    """Update what is known by the data of a round, and write the campaign of the next one."""
    from . import stages

    click.echo(stages.update(study, **files))


@cli.command()
@click.argument("file", type=FILE)
@click.option("--results", type=FILE, help="Folder of the results; results/NAME of NAME.yaml by default.")
def sequence(file: Path, results: Path | None) -> None:
    """Run a whole sequence of experiments of a campaign FILE here, without a workflow engine."""
    from . import stages

    for line in stages.run_sequence(file, results or Path("results") / file.stem):
        click.echo(line)


@cli.command()
@campaign
@exposure
@files("histograms", "Results of the histogram stage, all settings.")
@path("allocation", "JSON file to write.")
@path("figures", "Folder to write figures to.")
def allocate(campaign: Path, exposure: str, allocation: Path, **inputs: Any) -> None:
    """Share a luminosity among the settings so that it teaches most."""
    from .stages.allocation import allocate as share

    click.echo(share(campaign, exposure, output=allocation, **inputs))


@cli.command()
@click.argument("file", type=FILE)
def validate(file: Path) -> None:
    """Check everything in a campaign FILE that can be checked before a job runs."""
    from . import stages

    click.echo(stages.validate(file))


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
    from . import stages

    click.echo(stages.plan(file, cores, error, pilot))


@cli.command()
@click.argument("folder", type=FILE, default=Path("."))
def check(folder: Path) -> None:
    """Check that steps, graphs, environments and REANA specifications of a project FOLDER agree."""
    from . import project

    options = {name: {str(option.name) for option in command.params} for name, command in cli.commands.items()}
    click.echo(project.check(folder, options))


@cli.command()
@click.argument("file", type=FILE)
def init(file: Path) -> None:
    """Write a commented campaign FILE to start from."""
    from . import project

    click.echo(project.init(file))


@cli.command()
def simulators() -> None:
    """List the simulators with their settings, parameters, observables and options."""
    from . import project

    click.echo(project.simulators())


@cli.command()
@click.argument("file", type=FILE)
@click.option("--colour/--no-colour", default=None, help="Colours; automatic in a terminal.")
def show(file: Path, colour: bool | None) -> None:
    """Print the answer of a design.json, allocation.json, search.json or sequence.json FILE, and its warnings."""
    from . import stages

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
        from . import watch

        watch.watch(file, results or Path("results") / file.stem, once)
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
    from . import stages

    click.echo(stages.workspace(file, **options))


@cli.command()
@click.argument("folder", type=FILE)
def reference(folder: Path) -> None:
    """Generate the JSON schemas and the campaign's reference page below a project FOLDER."""
    from . import project

    click.echo(project.reference(folder))


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit code 2 for bad input, 1 for a failed job, never a traceback for either."""
    warnings.showwarning = _show_warning
    os.environ.update(NUMERICS)
    try:
        cli.main(args=spread(sys.argv[1:] if arguments is None else arguments), prog_name="robot-physicist")
    except RobotPhysicistError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"error: {error.filename or 'file'}: {error.strerror or error}", err=True)
        sys.exit(1)
