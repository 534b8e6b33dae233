"""The database connection that doors and services share.

``db.session`` is one session a thread. Doors commit, services never do. On SQLite a transaction that may write
the log starts with BEGIN IMMEDIATE (SECURITY 24): call ``db.begin_writing()`` before the first statement of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, Executable, create_engine, event, text
from sqlalchemy.orm import Session, SessionTransaction, scoped_session, sessionmaker

POOL_KEPT = 16
POOL_MORE = 1024  # a thread never waits for a connection: how many threads there are is what bounds them
LOCK_SECONDS = 20


class Database:
    """Engine and session of one process; ``connect`` may be called again (tests, after a fork)."""

    def __init__(self) -> None:
        self._mode = threading.local()
        # SQLite lets its writers poll and sleep; the threads of one process take turns instead, and wake at once.
        self._turn = threading.Lock()
        self._factory = sessionmaker(expire_on_commit=False, autoflush=True)
        event.listen(self._factory, "after_transaction_end", self._end_turn)
        self.session: scoped_session[Session] = scoped_session(self._factory)
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine. Raises RuntimeError before ``connect``."""
        if self._engine is None:
            raise RuntimeError("no database is connected")
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded default is in use."""
        return self.engine.dialect.name == "sqlite"

    def connect(self, url: str, **options: Any) -> Engine:
        """Open the database at ``url``; an earlier engine is disposed of."""
        if self._engine is not None:
            self.session.remove()
            self._engine.dispose()
        if url.startswith("sqlite"):
            options.setdefault("connect_args", {"timeout": LOCK_SECONDS, "check_same_thread": False})
        options.setdefault("hide_parameters", True)  # an error's message names no value, wherever it ends up
        # Last in, first out: the connection used last has its statements prepared, and idle ones stay idle.
        engine = create_engine(url, pool_use_lifo=True, pool_size=POOL_KEPT, max_overflow=POOL_MORE, **options)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", self._begin_sqlite)
        self._engine = engine
        self._factory.configure(bind=engine)
        return engine

    def begin_writing(self) -> None:
        """Make the next transaction of this thread one that may write; ends a read that is under way.

        SQLite cannot turn a read into a write once somebody else has written in between ("database is locked"
        at once), so a request that may log says so before its first statement. PostgreSQL needs nothing.
        """
        if self.session.registry.has() and self.session().in_transaction():
            if self.session.new or self.session.dirty or self.session.deleted:
                raise RuntimeError("begin_writing() comes before the first change")
            if getattr(self._mode, "writing", False):
                return
            self.session.rollback()
        self._mode.writing = True

    @property
    def is_writing(self) -> bool:
        """Whether this thread's transaction was begun as one that may write."""
        return bool(getattr(self._mode, "writing", False))

    def end(self) -> None:
        """Give the connection back and forget the mode: the end of a request or of a job."""
        self._mode.writing = False
        self.session.remove()
        self._end_turn()

    def _begin_sqlite(self, connection: Any) -> None:
        if not getattr(self._mode, "writing", False):
            connection.connection.driver_connection.execute("BEGIN")  # it locks nothing yet, so it cannot fail
            return
        if not getattr(self._mode, "has_turn", False):
            # Whoever waits in vain still asks SQLite, which then says that the database is locked.
            self._mode.has_turn = self._turn.acquire(timeout=LOCK_SECONDS)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _end_turn(self, _session: Session | None = None, transaction: SessionTransaction | None = None) -> None:
        outermost = transaction is None or transaction.parent is None
        if outermost and getattr(self._mode, "has_turn", False):
            self._mode.has_turn = False
            self._turn.release()

    def in_writing(self, act: Callable[[], Any]) -> Any:
        """Run ``act`` in a transaction of its own and commit it; anything raised rolls it back."""
        self.session.rollback()
        self.begin_writing()
        try:
            result = act()
            self.session.commit()
        except BaseException:
            self.session.rollback()
            raise
        finally:
            self._mode.writing = False
        return result

    def run(self, statement: Executable, values: Mapping[str, Any] | list[dict[str, Any]] | None = None) -> Any:
        """Run a statement on tables in this thread's transaction, without the session's work on objects."""
        return self.session().connection().execute(statement, values)

    def ping(self) -> None:
        """Ask the database for one row; raises SQLAlchemy's OperationalError when it is gone."""
        self.session.execute(text("SELECT 1"))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's BEGIN below is the only one
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "secure_delete=ON",
        f"busy_timeout={LOCK_SECONDS * 1000}",
        "trusted_schema=OFF",
        "temp_store=MEMORY",  # nothing sorted or grouped passes through a file
        "cache_size=-16384",
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


db = Database()
