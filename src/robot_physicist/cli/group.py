"""The group of all commands."""

from __future__ import annotations

from typing import Any

import click

from .. import __version__
from ..quantities.errors import nearest


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
