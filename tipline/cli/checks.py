"""``tipline doctor``: whether this machine is set up as it should be."""

from __future__ import annotations

import click

from tipline import clock
from tipline.cli import opening
from tipline.services import health


@click.command()
@opening.quietly
def doctor() -> None:
    """Look at tables, secrets, clocks, keys, disk and swap. Fails when something is bad, not for a warning."""
    settings = opening.settings()
    with opening.database(settings):
        checks = health.check_all(clock.now())
    for check in checks:
        click.echo(f"{check.state:8} {check.name:8} {check.words}")
    if any(check.state == "bad" for check in checks):
        raise SystemExit(1)
