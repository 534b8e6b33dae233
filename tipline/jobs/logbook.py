"""The log's own clocks: hours chained, days closed and signed, old segments released."""

from __future__ import annotations

import datetime as dt
from functools import partial

from tipline import config
from tipline.errors import LogBroken
from tipline.extensions import db
from tipline.services import log, log_segments

SIGNING_KEY = "jobs.key"  # held by the timer's process only


def chain_public_entries(now: dt.datetime) -> int:
    """Chain what the public did in hours that are over; how many entries."""
    chained = 0
    while count := db.in_writing(partial(log_segments.chain_arrivals, now)):
        chained += count
    return chained


def close_segments(now: dt.datetime) -> int:
    """Close and sign every day that is over, on every chain; how many. Raises LogBroken once all have been tried."""
    seed = config.current().secret(SIGNING_KEY)
    closed = 0
    broken: LogBroken | None = None
    for chain in log.CHAINS:
        try:
            while db.in_writing(partial(log_segments.close_day, chain, seed, now)) is not None:
                closed += 1
        except LogBroken as error:  # the other chains are closed nevertheless
            broken = broken or error
    if broken is not None:
        raise broken
    return closed


def release_segments(now: dt.datetime) -> int:
    """Release segments whose years are over and that nobody holds; how many."""
    released = 0
    while due := log_segments.due_for_release(now):
        db.session.rollback()
        for segment_id in due:
            db.in_writing(partial(log_segments.release, segment_id, now))
            released += 1
    return released
