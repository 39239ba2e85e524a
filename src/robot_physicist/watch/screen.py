"""Watch a campaign run: the state in a terminal, or line by line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from .. import files
from ..campaign.files import read_campaign
from ..campaign.layout import jobs
from ..campaign.model import Campaign
from ..quantities.errors import DigestMismatchError
from . import rounds
from .files import WatchedFiles
from .progress import Progress, best, finished, progress
from .view import WIDTH, lines, panel

#: Seconds between two looks, and the most of the time that looking may take.
PERIOD, SHARE = 1.0, 0.2


def watch(file: Path, folder: Path, once: bool = False) -> None:
    """Show state after state of a campaign until all is done, or the first one only.

    A terminal gets a panel that changes in place, anything else a line whenever something has changed.
    """
    console = Console(highlight=False)
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        for text in lines(states(file, folder, once)):
            click.echo(text)  # which flushes
        return
    with Live(console=console, auto_refresh=False) as live:
        for state in states(file, folder, once):
            live.update(panel(state, min(console.width, WIDTH)), refresh=True)


def states(file: Path, folder: Path, once: bool = False) -> Iterator[Progress]:
    """The state of a campaign now and then until all is done; raises CampaignError or InputFileError at first.

    A campaign file that cannot be read later on, in the middle of an edit, is taken to be what it was.
    """
    campaign, results = read_campaign(file), WatchedFiles(folder)
    if stranger := files.origin.stranger(folder, file, campaign.name):
        raise DigestMismatchError(stranger)
    while True:
        started = time.perf_counter()
        campaign = results.read(file.absolute(), read_campaign) or campaign
        changed = files.modified(file.parent, [file.name]).get(file.name, 0.0)
        state = replace(look(campaign, results, time.time(), changed), folder=str(folder))
        yield state
        if once or state.finished:
            return
        time.sleep(max(PERIOD, (time.perf_counter() - started) * (1 / SHARE - 1)))


def look(campaign: Campaign, results: WatchedFiles, now: float, changed: float = 0.0) -> Progress:
    """The state at one moment; a design that is older than the last change of the campaign is not its design."""
    if sort := rounds.kind(campaign):
        return rounds.look(campaign, sort, results, now)
    wanted = jobs(campaign)
    times = {path: at for path, at in results.times(wanted).items() if path != "design.json" or at >= changed}
    found = best(campaign, results.gains(wanted, finished(wanted, times)), len(campaign.setting_points))
    return progress(campaign.title or campaign.name, wanted, times, now, found)
