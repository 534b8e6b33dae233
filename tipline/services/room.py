"""How much room unsent drafts may take: files together have a cap, and text keeps a part of it (SECURITY 15)."""

from __future__ import annotations

import threading
import time

from sqlalchemy import func, select

from tipline import config
from tipline.errors import Busy
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Draft

TEXT_BYTES = 12 * 1024  # what a draft of text takes in the database
TEXT_SHARE = 10  # one tenth of the cap is for text
FEWEST_TEXTS = 100
_MEASURE_SECONDS = 5.0

_DRAFT = table_of(Draft).c


def for_files() -> int:
    """How many more bytes of files unsent drafts may hold; less than nothing when they hold too many."""
    cap = config.current().draft_cap_bytes
    held = db.run(select(func.coalesce(func.sum(_DRAFT.stored_bytes), 0))).scalar_one()
    return cap - cap // TEXT_SHARE - int(held)


def check_text() -> None:
    """Raise Busy when unsent drafts of text have filled the part of the cap that is kept for them."""
    cap = config.current().draft_cap_bytes
    if _MEASURE.count() * TEXT_BYTES > max(cap // TEXT_SHARE, FEWEST_TEXTS * TEXT_BYTES):
        raise Busy


class _Measure:
    """How many drafts are open, asked again every few seconds: a count grows with the table, a post must not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._next = 0.0
        self._engine: object = None

    def count(self) -> int:
        moment = time.monotonic()
        here = self._engine is db.engine
        # Never waited for: who counts may have to wait for the database, and who waits here may be holding it.
        if (moment >= self._next or not here) and self._lock.acquire(blocking=False):
            try:
                counted = select(func.count()).select_from(table_of(Draft)).where(_DRAFT.state == "open")
                self._count = int(db.run(counted).scalar_one())
                self._next, self._engine, here = moment + _MEASURE_SECONDS, db.engine, True
            finally:
                self._lock.release()
        return self._count if here else 0


_MEASURE = _Measure()
