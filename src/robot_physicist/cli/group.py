"""The group of all commands."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import __version__
from ..quantities.errors import nearest

#: What a shell calls a command that was ended by Ctrl-C.
INTERRUPTED = 130


class Commands(click.Group):
    """A group that suggests the nearest command, and says that an interrupted one can be resumed."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command, or say which one may be meant."""
        if args and args[0] not in self.commands:
            ctx.fail(f"No such command '{args[0]}'; {nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; where Ctrl-C ends it, files are whole or absent, and nothing has to be tidied up."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ninterrupted: the same command goes on from what is finished", err=True)
            sys.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands with their whole first sentence, which click would cut to a line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(self.commands[name])) for name in self.list_commands(ctx)])


def _first_sentence(command: click.Command) -> str:
    return " ".join((command.help or "").partition("\n\n")[0].split())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def cli() -> None:
    """Which setting of an experiment teaches most about a parameter.

    \b
    Start with:  robot-physicist init my.yaml
                 robot-physicist validate my.yaml
                 snakemake --cores all --configfile my.yaml
    """  # noqa: D301  (click keeps the lines after the character \\b)
