"""Whether the tables are those that this version knows, and how they become so (Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text

from tipline.models import Base

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 0x7469706C  # "tipl": two processes that start at once must not both migrate


def upgrade(url: str) -> None:
    """Bring the database at ``url`` to the newest migration, in one transaction; nothing to do is fine."""
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(configuration(connection), "head")
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether the newest migration is in. Raises SQLAlchemy's OperationalError when the database is gone."""
    engine = create_engine(url)  # a look takes no lock
    try:
        with engine.connect() as connection:
            there = MigrationContext.configure(connection).get_current_heads()
            return set(there) == set(ScriptDirectory.from_config(configuration(connection)).get_heads())
    finally:
        engine.dispose()


def differences(url: str) -> list[Any]:
    """What the database lacks or has beyond the models, as Alembic lists it; empty when they agree."""
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))
    finally:
        engine.dispose()


def new_revision(url: str, message: str) -> str:
    """Write the migration from the database at ``url`` to the models; returns the new file's path. For developers."""
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            settings = configuration(connection)
            number = len(list(ScriptDirectory.from_config(settings).walk_revisions())) + 1
            script = command.revision(settings, message=message, autogenerate=True, rev_id=f"{number:04d}")
    finally:
        engine.dispose()
    if isinstance(script, list) or script is None:
        raise RuntimeError("one migration was expected")
    return str(script.path)


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, in code: no file of it lies about."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("path_separator", "os")
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def _engine(url: str) -> Engine:
    """An engine of its own: foreign keys stay off on SQLite, where changing a table means copying it."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _no_implicit_transactions)
        event.listen(engine, "begin", _lock_at_once)
    return engine


def _no_implicit_transactions(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # Python's sqlite3 would commit before each CREATE TABLE
    connection.execute("PRAGMA busy_timeout=20000")


def _lock_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
