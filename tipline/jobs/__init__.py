"""The door for the timer: ``run_due`` does all that is due, each job on its own, each act in its own transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tipline.extensions import db
from tipline.jobs import batches, logbook, notices, packages, retention, statistics

_logger = logging.getLogger("tipline.jobs")

Job = Callable[[dt.datetime], int]

# In this order: what ends first, then the log of it.
JOBS: tuple[tuple[str, Job], ...] = (
    ("send notices", notices.send_notices),
    ("count figures", statistics.count_figures),
    ("carry out batches", batches.carry_out_batches),
    ("erase drafts", retention.erase_drafts),
    ("erase withdrawn tips", retention.erase_withdrawn),
    ("erase tips", retention.erase_tips),
    ("expire packages", packages.erase_packages),
    ("sweep files", retention.sweep_files),
    ("end sessions", retention.end_sessions),
    ("end visits", retention.end_visits),
    ("chain public entries", logbook.chain_public_entries),
    ("close segments", logbook.close_segments),
    ("release segments", logbook.release_segments),
    ("empty the write-ahead log", retention.empty_write_ahead_log),
)

# What must not wait for the next full round.
PROMPT = JOBS[:1]


@dataclass(frozen=True)
class Result:
    """What one job did: how many things, or the class of what stopped it (never its message)."""

    name: str
    done: int
    failure: str | None = None


def run_due(now: dt.datetime, jobs: Sequence[tuple[str, Job]] = JOBS) -> list[Result]:
    """Run every job; one that fails stops no other and leaves only whole acts behind. Running it again is harmless."""
    results = []
    for name, job in jobs:
        try:
            results.append(Result(name, job(now)))
        except Exception as error:  # noqa: BLE001 - the other clocks must not stand still because of one
            _logger.error("job failed: %s (%s)", name, type(error).__name__)  # noqa: TRY400 - a traceback may hold values
            results.append(Result(name, 0, type(error).__name__))
        finally:
            db.end()
    return results
