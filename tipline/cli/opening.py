"""How a command starts and how it fails: settings in use, database open, two lines on error."""

from __future__ import annotations

import functools
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from tipline import config, errors
from tipline.extensions import db

Command = TypeVar("Command", bound=Callable[..., Any])

# What to do about a refusal, by its code. The code itself is the word of the error.
HINTS = {
    "unavailable": "Look at the disk, the secrets folder and the database, then run it again.",
    "log-broken": "Run `tipline log verify` and tell the auditors.",
    "wrong-state": "Nothing was changed.",
}


def fail(error: str, hint: str = "") -> NoReturn:
    """End the command: what is wrong, and what to do about it."""
    click.echo(f"error: {error}", err=True)
    if hint:
        click.echo(f"hint:  {hint}", err=True)
    raise SystemExit(1)


def settings(**overrides: Any) -> config.Settings:
    """The settings of this process; a wrong one ends the command with its name."""
    try:
        return config.use(config.from_environment(**overrides))
    except config.ConfigError as error:
        fail(str(error))


@contextmanager
def database(in_use: config.Settings) -> Iterator[None]:
    """The database, open for the length of the block; failures become two lines without values."""
    in_use.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        db.connect(in_use.database_url)
        yield
    except SQLAlchemyError as error:
        fail(
            f"the database refused ({type(error).__name__})",
            "Is it there, is it `tipline setup`, and does TIPLINE_DATABASE_URL name it?",
        )
    except errors.Refused as refused:
        fail(refused.code, HINTS.get(refused.code, ""))
    except config.ConfigError as error:
        fail(str(error))
    finally:
        db.end()


def quietly(command: Command) -> Command:
    """No core dump and no file that others can read, from the first line of a command on (SECURITY 13)."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.umask(0o077)
        return command(*args, **kwargs)

    return guarded  # type: ignore[return-value]
