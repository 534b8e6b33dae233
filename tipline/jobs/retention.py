"""Clocks of drafts, tips, files and sessions."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from functools import partial

from tipline.extensions import db
from tipline.jobs import apart
from tipline.services import (
    approvals,
    bulk,
    invitations,
    pictures,
    presence,
    retention,
    sessions,
    visits,
    withdrawals,
    write_ahead,
)

# The write-ahead log cannot be emptied while somebody reads: tried again for this long, then reported.
PATIENCE = 5.0


class StillBusy(Exception):  # noqa: N818 - reported by its name
    """Readers kept the write-ahead log from being emptied: erased bytes may still be in it. Run the jobs again."""


def erase_drafts(now: dt.datetime) -> int:
    """Erase drafts whose hour is over; how many."""
    return _erase_each(lambda: retention.due_drafts(now), lambda lookup: retention.erase_due_draft(lookup, now))


def erase_tips(now: dt.datetime) -> int:
    """Erase tips whose date has come and that no hold keeps; how many."""
    return _erase_each(lambda: retention.due_tips(now), lambda tip_id: retention.erase_due_tip(tip_id, now))


def erase_withdrawn(now: dt.datetime) -> int:
    """Erase tips that were withdrawn 72 hours ago and that nothing keeps; how many."""
    return _erase_each(lambda: withdrawals.due_tips(now), lambda tip_id: withdrawals.erase_due_tip(tip_id, now))


def end_visits(now: dt.datetime) -> int:
    """Close mailboxes whose half hour is over; how many."""
    ended: int = db.in_writing(lambda: visits.erase_due_visits(now))
    return ended


def sweep_files(now: dt.datetime) -> int:
    """Remove files that no row names any more, ciphertext and pictures; how many."""
    return retention.sweep_orphans(now) + pictures.sweep(now)


def end_sessions(now: dt.datetime) -> int:
    """Delete sessions, devices, invitations, proposals and what lets acts be undone, past their end; how many rows."""
    jobs = (
        presence.erase_old,
        bulk.erase_old,
        sessions.erase_due_sessions,
        invitations.erase_due_invitations,
        approvals.erase_ended,
    )
    ended: int = db.in_writing(lambda: sum(erase(now) for erase in jobs))
    return ended


def empty_write_ahead_log(_now: dt.datetime) -> int:
    """Truncate SQLite's write-ahead log, so that erased bytes do not linger in it. Raises StillBusy."""
    deadline = time.monotonic() + PATIENCE
    while not write_ahead.truncate():
        if time.monotonic() > deadline:
            raise StillBusy
        time.sleep(0.2)
    return 1


def _erase_each(due: Callable[[], list[str]], erase: Callable[[str], retention.Erased | None]) -> int:
    """Each erasure in a transaction of its own, its files after it: a kill in between leaves nothing half done."""
    return apart.do_each(due, lambda one: _erase(partial(erase, one)))


def _erase(erase: Callable[[], retention.Erased | None]) -> int:
    gone: retention.Erased | None = db.in_writing(erase)
    if gone is None:
        return 0
    retention.discard(gone.stored_names)
    return 1
