"""Work that is the same for every application and every database of a test run, done once a run.

In service there is one application and one engine in a process. A test has its own of each, and without this it would
compile the addresses of all routes and every SQL statement anew. Nor need its files outlive a power cut: what must is
tested on a server of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from werkzeug.routing import Rule

from tipline import extensions

MOST_STATEMENTS = 5000


def install() -> None:
    """Share compiled routes and statements among all tests of this process."""
    Rule._compile_builder = _sharing_builders(Rule._compile_builder)  # type: ignore[method-assign]
    os.fsync = lambda _file: None
    extensions.create_engine = _sharing_statements(extensions.create_engine)  # type: ignore[assignment]


def _sharing_builders(real: Callable[..., Any]) -> Callable[..., Any]:
    """What builds a rule's addresses depends on what the rule says, not on the application that it belongs to."""
    known: dict[Any, Any] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), tuple(sorted((rule.defaults or {}).items())), append_unknown)
        if key not in known:
            known[key] = real(rule, append_unknown)
        return known[key]

    return compile_builder


def _sharing_statements(real: Callable[..., Engine]) -> Callable[..., Engine]:
    """Engines of one kind of database share its dialect, once it knows the database, and what it has compiled."""
    known: dict[str, tuple[Any, Any]] = {}

    def create_engine(url: Any, **options: Any) -> Engine:
        engine = real(url, query_cache_size=MOST_STATEMENTS, **options)
        name = engine.dialect.name
        if name == "sqlite":
            event.listen(engine, "checkout", lambda raw, *_: raw.execute("PRAGMA synchronous=OFF"))
        if name in known and known[name][0].server_version_info is not None:
            engine.dialect, engine._compiled_cache = known[name]
            engine.pool._dialect = engine.dialect
        else:
            known[name] = (engine.dialect, engine._compiled_cache)
        return engine

    return create_engine
