"""Backups in two files, data and keys, and a restore that serves nothing until the erasures are replayed (SECURITY 27).

Data without keys is noise: whoever keeps the key file 14 days at most cannot bring an erased tip back later. For
PostgreSQL ``deploy/postgresql-backup.sh`` does the same with pg_dump; ``replay`` serves both.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from tipline import config, storage
from tipline.errors import BadInput, WrongState
from tipline.services import ledger

KEYS_KEPT = dt.timedelta(days=14)
PENDING = "restore.pending"
KEY_TABLES = (
    "tip_key",
    "attachment_key",
    "referral_key",
    "mailbox",
    "desk_grant",
    "recovery_code",
    "account",
    "passkey",
    "factor_code",
)
# Sessions and drafts are in no backup, nor is what belongs to a draft only.
LEFT_OUT = (
    *("account_session", "draft", "mailbox_visit", "known_device", "invitation", "tip_open"),
    # A search index is made anew from the tips; a copy of it would only outlive what was erased.
    *("search_segment", "search_segment_key", "search_segment_tip", "kept_search"),
)
DRAFT_PARTS = ("attachment", "tip_record", "tip_key")
OWNERS = "SELECT id FROM tip UNION SELECT id FROM addition UNION SELECT id FROM desk_words"
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Backup:
    """The two files of one backup, and how many old key files went."""

    data: Path
    keys: Path
    keys_removed: int


def write_backup(folder: Path, now: dt.datetime) -> Backup:
    """Write data and keys of the embedded database into ``folder``; key files past their 14 days are removed there.

    Raises WrongState when the database is not SQLite, OSError when there is no room (nothing half-written stays).
    """
    source = database_file()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = now.strftime(_STAMP)
    data, keys = folder / f"tipline-{stamp}.data.tar", folder / f"tipline-{stamp}.keys.db"
    copy = folder / f".tipline-{stamp}.db"
    try:
        _copy_database(source, copy)
        _split(copy, keys)
        _pack(copy, data)
    except BaseException:
        for path in (data, keys):
            path.unlink(missing_ok=True)
        raise
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    return Backup(data, keys, remove_old_keys(folder, now))


def remove_old_keys(folder: Path, now: dt.datetime) -> int:
    """Delete key files older than 14 days; how many."""
    removed = 0
    for path in folder.glob("tipline-*.keys.db"):
        with contextlib.suppress(ValueError):
            made = dt.datetime.strptime(path.name.split("-")[1].split(".")[0], _STAMP).replace(tzinfo=dt.UTC)
            if made < now - KEYS_KEPT:
                path.unlink()
                removed += 1
    return removed


def unpack(data: Path, keys: Path, erasures: Path | None) -> None:
    """Put a backup into an instance that has no database. It serves nothing until ``replay.finish`` has run.

    Raises WrongState when there is a database already, BadInput when a file is no backup or no ledger is there.
    """
    target = database_file()
    if target.exists():
        raise WrongState
    if erasures is None and not ledger.path().exists():
        raise BadInput("ledger", "missing")
    instance = config.current().instance
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    unpacked = instance / "data.db"
    (instance / PENDING).touch(mode=0o600)
    if erasures is not None:
        _merge_ledger(erasures)
    try:
        with tarfile.open(data) as archive:
            archive.extractall(instance, filter="data")
        _join(unpacked, keys)
        unpacked.chmod(0o600)
        unpacked.rename(target)  # the last step: a database that is there is whole
    except (tarfile.TarError, sqlite3.DatabaseError, FileNotFoundError):
        unpacked.unlink(missing_ok=True)
        raise BadInput("backup", "unreadable") from None


def is_pending() -> bool:
    """Whether a restore has begun whose erasures were not replayed yet."""
    return (config.current().instance / PENDING).exists()


def is_unpacked() -> bool:
    """Whether the restore under way has its database, so that only the erasures are left to replay."""
    if not is_pending():
        return False
    try:
        return database_file().exists()
    except WrongState:  # a PostgreSQL database is loaded by hand
        return True


def mark_finished() -> None:
    """The erasures are replayed: the instance may serve again."""
    (config.current().instance / PENDING).unlink(missing_ok=True)


def database_file() -> Path:
    """The SQLite file. Raises WrongState for another database."""
    url = make_url(config.current().database_url)
    if not url.drivername.startswith("sqlite") or not url.database:
        raise WrongState
    return Path(url.database)


def _copy_database(source: Path, copy: Path) -> None:
    """SQLite's own online copy: one consistent moment, while the service goes on writing."""
    copy.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(source)) as running, contextlib.closing(sqlite3.connect(copy)) as target:
        running.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


def _split(copy: Path, keys: Path) -> None:
    keys.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("ATTACH DATABASE ? AS keys", (str(keys),))
        connection.execute("BEGIN")
        for table in DRAFT_PARTS:
            connection.execute(f"DELETE FROM {table} WHERE tip_id NOT IN ({OWNERS})")  # noqa: S608
        connection.execute("DELETE FROM attachment_key WHERE attachment_id NOT IN (SELECT id FROM attachment)")
        for table in LEFT_OUT:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the list above
        for table in KEY_TABLES:
            connection.execute(f"CREATE TABLE keys.{table} AS SELECT * FROM main.{table}")  # noqa: S608
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("DETACH DATABASE keys")
        connection.execute("VACUUM")  # no freed page of the copy keeps a key


def _join(target: Path, keys: Path) -> None:
    if not keys.exists():
        raise FileNotFoundError
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS keys", (str(keys),))
        connection.execute("BEGIN")
        for table in KEY_TABLES:
            names = [row[1] for row in connection.execute(f"PRAGMA keys.table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names)
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM keys.{table}")  # noqa: S608
        connection.execute("COMMIT")


def _pack(copy: Path, data: Path) -> None:
    data.touch(mode=0o600)
    with tarfile.open(data, "w") as archive:
        archive.add(copy, "data.db", recursive=False)
        for folder, stored in (("files", storage.files()), ("pictures", storage.pictures())):
            wanted = _named_files(copy) if folder == "files" else None
            for name in sorted(name for name, _size, _moment in stored.walk()):
                if name.endswith(storage.PARTIAL) or (wanted is not None and name not in wanted):
                    continue
                with contextlib.suppress(FileNotFoundError):  # erased while we pack: rightly not in it
                    archive.add(stored.folder / name[:2] / name, f"{folder}/{name[:2]}/{name}", recursive=False)


def _named_files(copy: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        return set(_first_column(connection, "SELECT stored_name FROM attachment")) | set(
            _first_column(connection, "SELECT stored_name FROM package WHERE stored_name IS NOT NULL")
        )


def _first_column(connection: sqlite3.Connection, query: str) -> Iterator[str]:
    return (row[0] for row in connection.execute(query))


def _merge_ledger(erasures: Path) -> None:
    """Add the lines of another ledger that this one lacks."""
    known = {(entry.kind, entry.id) for entry in ledger.entries()}
    for entry in ledger.entries(erasures):
        if (entry.kind, entry.id) not in known:
            moment = dt.datetime.combine(entry.erased_on, dt.time(), dt.UTC)
            ledger.note(entry.kind, [entry.id], reason=entry.reason, now=moment)
