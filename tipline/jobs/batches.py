"""The clock of batches: what is to appear, to go or to close at this moment."""

from __future__ import annotations

import datetime as dt
from functools import partial

from tipline.extensions import db
from tipline.jobs import apart
from tipline.services import batches


def carry_out_batches(now: dt.datetime) -> int:
    """Carry out the batches that are due, each in a transaction of its own; how many."""
    return apart.do_each(
        lambda: batches.due(now), lambda batch_id: bool(db.in_writing(partial(batches.carry_out, batch_id, now)))
    )
