"""An open mailbox from page to page: what the visitor's cookie carries of it.

The cookie holds a random secret and the time of issue, beside those of a draft; never the receipt. A visit is refused
after exactly 30 minutes by that time; its row says only the hour in which it goes (SECURITY 25).
"""

from __future__ import annotations

import datetime as dt

from flask import session

from tipline.errors import VisitOver
from tipline.services import visits
from tipline.services.mailbox import OpenMailbox
from tipline.services.visits import Visit

_SECRET = "visit"  # noqa: S105 - the name of an entry
_ISSUED = "visit_issued"


def begin(opened: OpenMailbox, now: dt.datetime) -> None:
    """Open this mailbox for the visitor; one that was open before is closed. The caller commits."""
    end()
    session[_SECRET] = visits.start_visit(opened.tip_id, opened.key, now)
    session[_ISSUED] = int(now.timestamp())


def current(now: dt.datetime) -> Visit:
    """The mailbox that the visitor has open. Raises VisitOver when there is none or its half hour is over."""
    secret, issued = session.get(_SECRET), session.get(_ISSUED)
    if not isinstance(secret, bytes) or not isinstance(issued, int):
        raise VisitOver
    if now.timestamp() >= issued + visits.LIFE.total_seconds():
        raise VisitOver
    return visits.find_visit(secret, now)


def end() -> None:
    """Close the visitor's mailbox, if one is open. The caller commits."""
    secret = session.pop(_SECRET, None)
    session.pop(_ISSUED, None)
    if isinstance(secret, bytes):
        visits.end_visit(secret)
