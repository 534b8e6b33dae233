"""``tipline jobs run``: what the clocks demand."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import click

from tipline import clock, config
from tipline import jobs as due
from tipline.cli import opening

PROMPT_EVERY = 20  # seconds between looks for what is urgent


@click.group()
def jobs() -> None:
    """Clocks: erase what is due, close and sign the log."""


@jobs.command("run")
@click.option("--every", type=click.IntRange(10, 86400), help="Go on, every so many seconds.")
@opening.quietly
def run_jobs(every: int | None) -> None:
    """Do all that is due now. Running it again, or twice at once, is harmless."""
    starter = os.getppid()
    settings = opening.settings()
    failed = _run(settings, say_nothing=every is not None)
    while every is not None and _wait(every, starter, settings):
        _run(settings, say_nothing=True)
    if failed:
        raise SystemExit(1)


@jobs.command("notices")
@opening.quietly
def send_notices() -> None:
    """Send only the notices by mail that are due: for a timer that comes every minute."""
    if _run(opening.settings(), say_nothing=False, only=due.PROMPT):
        raise SystemExit(1)


def _wait(seconds: int, starter: int, settings: config.Settings) -> bool:
    """Sleep, but for what must not wait; False as soon as whoever started this is gone.

    A killed server leaves no timer behind.
    """
    end = time.monotonic() + seconds
    prompt = time.monotonic() + PROMPT_EVERY
    while time.monotonic() < end:
        if os.getppid() != starter:
            return False
        time.sleep(1)
        if settings.smtp_host and time.monotonic() >= prompt:
            _run(settings, say_nothing=True, only=due.PROMPT)
            prompt = time.monotonic() + PROMPT_EVERY
    return True


def _run(settings: config.Settings, *, say_nothing: bool, only: Sequence[tuple[str, due.Job]] = due.JOBS) -> bool:
    with opening.database(settings):
        results = due.run_due(clock.now(), only)
    for result in results:
        if result.failure is not None:
            click.echo(f"error: {result.name}: {result.failure}", err=True)
        elif not say_nothing:
            click.echo(f"{result.name}: {result.done}")
    return any(result.failure for result in results)
