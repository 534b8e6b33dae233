"""``tipline backup`` and ``tipline restore``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from tipline import clock
from tipline.cli import opening
from tipline.cli.setup import make_tables
from tipline.errors import BadInput, WrongState
from tipline.extensions import db
from tipline.services import backup as backups
from tipline.services import replay, retention, write_ahead

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
OTHER_DATABASE = "For PostgreSQL see deploy/postgresql-backup.sh, then `tipline restore --replay`."


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@opening.quietly
def backup(folder: Path) -> None:
    """Write data and keys into FOLDER as two files. Keep them apart; key files go after 14 days."""
    settings = opening.settings()
    with opening.database(settings):
        try:
            made = backups.write_backup(folder, clock.now())
        except WrongState:
            opening.fail("this backup is for the embedded database", OTHER_DATABASE)
        except OSError as error:
            opening.fail(f"the backup was not written: {error.strerror}", "Nothing half-written was left.")
    click.echo(f"data: {made.data}\nkeys: {made.keys}\nold key files removed: {made.keys_removed}")
    click.echo("hint:  the erasure ledger and the secrets folder are in neither; docs/PRIVACY.md says why")


@click.command()
@click.argument("data", type=EXISTING, required=False)
@click.argument("keys", type=EXISTING, required=False)
@click.option("--ledger", type=EXISTING, help="The erasure ledger, kept outside the backup.")
@click.option("--replay", "replay_only", is_flag=True, help="Only replay the ledger over the database that is there.")
@opening.quietly
def restore(data: Path | None, keys: Path | None, ledger: Path | None, *, replay_only: bool) -> None:
    """Put a backup back and erase again what was erased since. Nothing is served before that is done."""
    settings = opening.settings()
    if not replay_only and not backups.is_unpacked():
        if data is None or keys is None:
            opening.fail("two files are needed", "tipline restore DATA KEYS --ledger LEDGER")
        _unpack(data, keys, ledger)
    make_tables(settings)
    with opening.database(settings):
        erased = _replay()
        while not write_ahead.truncate():
            click.echo("the write-ahead log is in use; trying again", err=True)
        backups.mark_finished()
    click.echo(f"restored; erased again: {erased}")


def _unpack(data: Path, keys: Path, ledger: Path | None) -> None:
    try:
        backups.unpack(data, keys, ledger)
    except WrongState:
        opening.fail("there is a database already", "Move the instance folder away first, or use --replay.")
    except BadInput as refused:
        if refused.field == "ledger":
            opening.fail("the erasure ledger is missing", "Without it erased tips would come back: give --ledger.")
        opening.fail("this is not a backup of tipline", "Give the .data.tar and the .keys.db of one backup.")


def _replay() -> int:
    now = clock.now()
    erased = 0
    for entry in replay.lines():
        gone: retention.Erased | None = db.in_writing(partial(replay.erase_again, entry, now))
        if gone is not None:
            retention.discard(gone.stored_names)
            erased += 1
    return erased
