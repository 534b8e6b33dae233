"""``tipline sample`` and ``tipline code``: for somebody who wants to try it, never beside real accounts."""

from __future__ import annotations

import datetime as dt
import json

import click
import pyotp

from tipline import clock
from tipline.cli import opening
from tipline.cli.setup import make_tables
from tipline.extensions import db
from tipline.services import accounts
from tipline.services import sample as samples

# Who runs a sample: an invented authority, unless the settings name another.
OPERATOR = {
    "TIPLINE_OPERATOR_NAME": "Westvale Police, Object Identification Unit (sample)",
    "TIPLINE_OPERATOR_CONTACT": "objects@westvale.example",
    "TIPLINE_DPO_CONTACT": "dpo@westvale.example",
    "TIPLINE_SUPERVISORY_AUTHORITY": "Westvale Data Protection Authority (sample)",
}


@click.command()
@opening.quietly
def sample() -> None:
    """Make the sample on an empty instance: an invented authority, its desk, four exhibits and twenty tips."""
    settings = opening.settings()
    make_tables(settings)
    with opening.database(settings):
        if accounts.count_accounts():
            opening.fail("the instance is not empty", "Set TIPLINE_INSTANCE to another folder.")
        make(clock.now())


def make(now: dt.datetime) -> None:
    """Make the sample in the open database and print how to sign in."""
    click.echo("making the sample; this takes a few seconds")
    db.session.rollback()
    for line in samples.make_sample(now):
        click.echo(line)


def show_sign_in() -> None:
    """Print how to sign in to the sample that is there."""
    for line in samples.sign_in_lines():
        click.echo(line)


@click.command()
@click.argument("account")
@opening.quietly
def code(account: str) -> None:
    """Print the current one-time code of a sample ACCOUNT. Real accounts have an authenticator app."""
    settings = opening.settings()
    path = settings.instance / "sample" / "accounts.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        opening.fail("this instance has no sample", "Codes of real accounts come from an authenticator app.")
    if account not in known:
        opening.fail("no such sample account", f"One of: {', '.join(sorted(known))}")
    click.echo(pyotp.TOTP(known[account]["totp"]).now())
