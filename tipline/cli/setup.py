"""``tipline setup``: tables, secrets, seal, and the code of the first administrator."""

from __future__ import annotations

import click

from tipline import clock, config
from tipline.cli import opening
from tipline.extensions import db
from tipline.services import accounts, invitations, schema, seals

SECRETS = ("public.key", "staff.key", "pepper", "jobs.key")


@click.command()
@click.option("--name", default="admin", show_default=True, help="What the first administrator types at sign-in.")
@click.option("--display-name", default="Administrator", show_default=True, help="The name that others see.")
@opening.quietly
def setup(name: str, display_name: str) -> None:
    """Make the database, the secrets and the seal; print a one-time code for the first administrator."""
    settings = opening.settings()
    now = clock.now()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.instance.chmod(0o700)  # a checkout brings the folder along, open to everybody
    _upgrade(settings)
    with opening.database(settings):
        for secret in SECRETS:
            settings.secret(secret)
        seal = seals.read_seal(now)
        click.echo(f"database: ready\nsecrets:  {settings.secrets}\nseal:     {seal.fingerprint}")
        if accounts.count_accounts():
            click.echo("accounts: there are some; nobody was invited")
            return
        invited = db.in_writing(lambda: invitations.invite_first(name, display_name, now))
    click.echo(
        f"\nThe first administrator joins at /staff/join\n  name: {invited.name}\n  code: {invited.code}\n"
        "The code works once, for 72 hours."
    )


def make_tables(settings: config.Settings) -> None:
    """Bring the embedded database up to date; with PostgreSQL only look, since the serving role owns no table."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.database_url.startswith("sqlite"):
        _upgrade(settings)
        return
    with opening.database(settings):
        if not schema.is_current(settings.database_url):
            opening.fail("the database is not up to date", "Run `tipline setup` as the owner of the tables.")


def _upgrade(settings: config.Settings) -> None:
    with opening.database(settings):
        schema.upgrade(settings.database_url)
