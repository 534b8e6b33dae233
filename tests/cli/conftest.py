"""The ``tipline`` command as somebody at the machine runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from tipline.cli import main
from tipline.config import Settings
from tipline.extensions import db

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """``run("log", "verify")``: output and exit code of a command on this test's instance."""
    monkeypatch.setenv("TIPLINE_INSTANCE", str(settings.instance))
    monkeypatch.setenv("TIPLINE_SECRETS", str(settings.secrets))
    monkeypatch.setenv("TIPLINE_DATABASE_URL", settings.database_url)
    db.connect(settings.database_url)
    mask = os.umask(0o077)
    before = dict(os.environ)  # `tipline run` hands its options on to the workers in here

    def command(*words: str) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)

    yield command
    os.umask(mask)
    os.environ.clear()
    os.environ.update(before)
