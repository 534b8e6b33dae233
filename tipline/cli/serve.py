"""``tipline run``: the service with the server it is made for, and its clocks beside it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tipline import clock, config
from tipline.cli import opening, sample
from tipline.cli.setup import make_tables
from tipline.services import accounts, backup, health

JOBS_EVERY = 300
# A request head is short: who takes longer than this to send one is not writing a tip.
HEAD_TIMEOUT_MS = 10_000
BACKLOG = 2048


@click.command()
@click.option("--host", help="Address to listen on (TIPLINE_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (PORT, 8000).")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that serve (TIPLINE_WORKERS, 1).")
@click.option("--sample-if-empty", is_flag=True, help="Make the sample when the instance has no account.")
@click.option("--without-jobs", is_flag=True, help="Run no clocks beside it: a timer calls `tipline jobs run`.")
@opening.quietly
def run(host: str | None, port: int | None, workers: int | None, *, sample_if_empty: bool, without_jobs: bool) -> None:
    """Serve the parts that TIPLINE_PARTS names. Nothing about visitors is logged."""
    for name, value in (("TIPLINE_HOST", host), ("PORT", port), ("TIPLINE_WORKERS", workers)):
        if value is not None:
            os.environ[name] = str(value)  # the workers read their settings from the environment
    settings = opening.settings()
    if backup.is_pending():
        opening.fail("a restore is not finished", "Run `tipline restore` with the same files again.")
    make_tables(settings)
    if settings.parts & {"staff", "admin"}:  # the public part may not even ask who has an account
        with opening.database(settings):
            _look_at_sample(settings, make=sample_if_empty)
    click.echo(f"tipline serves {', '.join(sorted(settings.parts))} on http://{settings.host}:{settings.port}/")
    whole = settings.parts == frozenset(config.PARTS)
    clocks = _jobs_beside() if whole and not without_jobs else contextlib.nullcontext()
    with clocks, contextlib.suppress(KeyboardInterrupt):
        server(settings).serve()


def server(settings: config.Settings) -> Any:
    """The server for these settings: no access log, enough threads that slow senders stop nobody (SECURITY 15)."""
    return Granian(
        "tipline:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        backlog=BACKLOG,
        backpressure=settings.threads * 2,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_TIMEOUT_MS),
        websockets=False,
        log_access=False,
        log_level=LogLevels.error,  # its one warning is about the threads that are wanted here
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )


def _look_at_sample(settings: config.Settings, *, make: bool) -> None:
    if make and accounts.count_accounts() == 0:
        check_loopback(settings.host)
        sample.make(clock.now())
    elif health.has_sample():
        check_loopback(settings.host)
        sample.show_sign_in()
    if health.has_sample():
        for name, value in sample.OPERATOR.items():
            os.environ.setdefault(name, value)  # the workers read their settings from the environment


def check_loopback(host: str) -> None:
    """End the command when a sample would be reachable from elsewhere (SECURITY 32)."""
    if health.is_loopback(host):
        return
    opening.fail(
        "a sample is served on this machine only",
        "Use TIPLINE_HOST=127.0.0.1, or set up a real instance in another folder: `tipline setup`.",
    )


@contextlib.contextmanager
def _jobs_beside() -> Iterator[None]:
    """The timer as a process of its own: it alone holds the key that signs the log."""
    # In a session of its own: Ctrl-C in a terminal ends the server, and the server ends the timer.
    words = [sys.executable, "-m", "tipline", "jobs", "run", "--every", str(JOBS_EVERY)]
    timer = subprocess.Popen(words, start_new_session=True)
    try:
        yield
    finally:
        timer.terminate()
        timer.wait(10)
