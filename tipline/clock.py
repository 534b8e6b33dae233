"""The one place that knows what time it is. Tests freeze it; services get ``now`` handed in."""

from __future__ import annotations

import datetime as dt

UTC = dt.UTC


def now() -> dt.datetime:
    """The present moment, in UTC, to the second."""
    return dt.datetime.now(UTC).replace(microsecond=0)


def hour_of(moment: dt.datetime) -> dt.datetime:
    """The hour that a moment lies in: nothing finer is stored of when the public wrote (SECURITY 25)."""
    return moment.replace(minute=0, second=0, microsecond=0)


def next_hour(moment: dt.datetime) -> dt.datetime:
    """The first full hour that is not before the moment: expiry dates are rounded up, never down."""
    start = hour_of(moment)
    return start if start == moment else start + dt.timedelta(hours=1)
