"""What every test stands on: a migrated database, frozen time, cheap passwords, no network, warnings as errors."""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from tests import once
from tests.databases import PostgresqlDatabases, SqliteDatabases
from tests.pages import PageClient
from tipline import clock as tipline_clock
from tipline import config, create_app
from tipline.crypto.passwords import Cost
from tipline.extensions import Database, db
from tipline.services import accounts

once.install()
START = dt.datetime(2026, 3, 2, 10, 24, 0, tzinfo=dt.UTC)
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - compared, not bound to


class CompiledTemplates(BytecodeCache):
    """Templates are compiled once a run, not once for every test's application."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``database`` runs on both; everything else on the embedded default."""
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Only loopback and local sockets can be reached."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError("a test tried to reach the network")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """SQLite files, migrated once."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    """A real PostgreSQL, migrated once. Not under pytest's own folder, which each run of pytest closes to other users:
    as root, the server runs as a user of its own.
    """
    with tempfile.TemporaryDirectory(prefix="tipline-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresqlDatabases(Path(folder))
        yield server
        server.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of this test's own, with all migrations in."""
    kind = getattr(request, "param", "sqlite")
    databases = request.getfixturevalue(f"{kind}_databases")
    url = databases.make(tmp_path / "instance")
    yield url
    db.end()
    if db._engine is not None:
        db.engine.dispose()
    databases.drop(url)


@pytest.fixture
def now(clock: Clock) -> dt.datetime:
    """The moment that the test starts at: 2 March 2026, 10:24 UTC."""
    return clock.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time, standing still until the test moves it."""
    frozen = Clock()
    monkeypatch.setattr(tipline_clock, "now", lambda: frozen.now)
    return frozen


class Clock:
    """``now`` is what tipline sees; ``advance(hours=1)`` moves it."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, **span: float) -> dt.datetime:
        """Move on and return the new moment."""
        self.now += dt.timedelta(**span)
        return self.now


@pytest.fixture
def settings(tmp_path: Path, database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> config.Settings:
    """Settings of an instance in a temporary folder, in use; the profile is ``national``."""
    made = config.from_environment(
        {},
        instance=tmp_path / "instance",
        secrets=tmp_path / "secrets",
        database_url=database_url,
        operator_name="Example Authority",
        operator_contact="contact@authority.example",
        dpo_contact="dpo@authority.example",
        supervisory_authority="Example Data Protection Authority",
        testing=True,
    )
    made.instance.mkdir(mode=0o700, exist_ok=True)
    monkeypatch.setattr(accounts, "COST", Cost(memory_kib=8, iterations=1, lanes=1))
    return config.use(made)


@pytest.fixture
def database(settings: config.Settings) -> Iterator[Database]:
    """The connected database; a test that asks for it runs on SQLite and on PostgreSQL."""
    yield from _connected(settings)


@pytest.fixture
def sqlite(settings: config.Settings) -> Iterator[Database]:
    """The connected database, SQLite only."""
    yield from _connected(settings)


def _connected(settings: config.Settings) -> Iterator[Database]:
    db.connect(settings.database_url)
    yield db
    db.end()


@pytest.fixture
def app(settings: config.Settings) -> Flask:
    """The whole service: all parts served together."""
    return make_app(settings)


def make_app(settings: config.Settings, *parts: str, **changes: Any) -> Flask:
    """An application on these settings, with some changed; without parts named, all are served."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    values.update(changes)
    wanted = values.pop("parts")
    made = create_app(parts=parts or wanted, **values)
    made.jinja_env.bytecode_cache = TEMPLATES
    made.test_client_class = PageClient
    return made


@pytest.fixture
def client(app: Flask) -> PageClient:
    """A browser that looks at every page it gets (see tests/pages.py)."""
    return app.test_client()  # type: ignore[return-value]
