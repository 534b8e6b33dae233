"""The clock of the figures: days that are over are counted, today's once an hour."""

from __future__ import annotations

import datetime as dt
from functools import partial

from tipline.extensions import db
from tipline.services import statistics


def count_figures(now: dt.datetime) -> int:
    """Count what is due, each day read without a lock and kept in a transaction of its own; how many days."""
    days = statistics.due_days(now)
    for day in days:
        counts = statistics.count_day(day)
        db.session.rollback()
        db.in_writing(partial(statistics.keep_day, day, counts, now))
    if days:
        db.in_writing(partial(statistics.erase_old, now))
    return len(days)
