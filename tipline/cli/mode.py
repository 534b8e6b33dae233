"""``tipline mode``: whether tips can be sent, from the command line."""

from __future__ import annotations

import click

from tipline import clock
from tipline.cli import opening
from tipline.extensions import db
from tipline.services import modes


@click.command()
@click.argument("name", required=False, type=click.Choice(modes.MODES))
@click.option(
    "--objects", type=click.Choice(["shown", "hidden"]), help="Whether the objects stay visible while closed."
)
@opening.quietly
def mode(name: str | None, objects: str | None) -> None:
    """Show the mode of the service, or set it: open, maintenance or closed. Every server follows at once."""
    with opening.database(opening.settings()):
        if name is not None:
            shown = None if objects is None else objects == "shown"
            db.in_writing(lambda: modes.set_mode(name, None, clock.now(), objects_shown=shown))
        current = modes.read_mode()
    click.echo(f"mode: {current.name}{' (objects hidden)' if current.hides_objects else ''}")
