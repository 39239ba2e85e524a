"""The commands of the stages: `robot-physicist STAGE --option ...`, one function each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import stages
from .group import cli
from .options import campaign, exposure, files, histograms, path, sample, setting, study


@cli.command()
@campaign
@path("branches", "JSON file to write.")
def branches(campaign: Path, branches: Path) -> None:
    """List the labels of all settings, samples and exposures, over which engines fan out."""
    click.echo(stages.branches(campaign, branches))


@cli.command()
@campaign
@setting
@sample
@path("events", "ROOT file to write.")
def simulate(campaign: Path, setting: str, sample: str, events: Path) -> None:
    """Simulate the events of one setting and parameter point."""
    click.echo(stages.simulate(campaign, setting, sample, events))


@cli.command()
@campaign
@setting
@sample
@path("events", "ROOT file of the simulate stage.")
@path("histogram", "JSON file to write.")
def histogram(campaign: Path, setting: str, sample: str, events: Path, histogram: Path) -> None:
    """Fill the histogram of simulated events."""
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
    click.echo(stages.posterior(campaign, setting, exposure, output=posterior, **inputs))


@cli.command()
@campaign
@setting
@exposure
@histograms
@path("gain", "JSON file to write.")
def eig(campaign: Path, setting: str, exposure: str, histograms: tuple[Path, ...], gain: Path) -> None:
    """Estimate the expected information gain of one setting; warnings go to the standard error, too."""
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
    click.echo(stages.design(campaign, output=design, **inputs))


@cli.command()
@study
@path("campaign", "Campaign file of the first round, to write.")
@path("sequence", "JSON file to write: what is known.")
def begin(study: Path, campaign: Path, sequence: Path) -> None:
    """Begin a sequence of experiments: write the campaign of its first round."""
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
    click.echo(stages.update(study, **files))


@cli.command()
@campaign
@exposure
@files("histograms", "Results of the histogram stage, all settings.")
@path("allocation", "JSON file to write.")
@path("figures", "Folder to write figures to.")
def allocate(campaign: Path, exposure: str, allocation: Path, **inputs: Any) -> None:
    """Share a luminosity among the settings so that it teaches most."""
    click.echo(stages.allocate(campaign, exposure, output=allocation, **inputs))
