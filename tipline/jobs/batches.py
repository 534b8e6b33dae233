"""The clock of batches: what is to appear, to go or to close at this moment."""

from __future__ import annotations

import datetime as dt
from functools import partial

from tipline.extensions import db
from tipline.services import batches


def carry_out_batches(now: dt.datetime) -> int:
    """Carry out the batches that are due, each in a transaction of its own; how many.

    One that fails keeps none behind it; what was raised first rises when all have been tried.
    """
    due = batches.due(now)
    db.session.rollback()
    done, failure = 0, None
    for batch_id in due:
        try:
            done += bool(db.in_writing(partial(batches.carry_out, batch_id, now)))
        except Exception as error:  # noqa: BLE001 - raised below
            failure = failure or error
    if failure is not None:
        raise failure
    return done
