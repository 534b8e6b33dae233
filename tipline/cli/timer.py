"""``tipline jobs run``: what the clocks demand."""

from __future__ import annotations

import os
import time

import click

from tipline import clock, config
from tipline import jobs as due
from tipline.cli import opening


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
    while every is not None and _wait(every, starter):
        _run(settings, say_nothing=True)
    if failed:
        raise SystemExit(1)


def _wait(seconds: int, starter: int) -> bool:
    """Sleep; False as soon as whoever started this is gone: a killed server leaves no timer behind."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.getppid() != starter:
            return False
        time.sleep(1)
    return True


def _run(settings: config.Settings, *, say_nothing: bool) -> bool:
    with opening.database(settings):
        results = due.run_due(clock.now())
    for result in results:
        if result.failure is not None:
            click.echo(f"error: {result.name}: {result.failure}", err=True)
        elif not say_nothing:
            click.echo(f"{result.name}: {result.done}")
    return any(result.failure for result in results)
