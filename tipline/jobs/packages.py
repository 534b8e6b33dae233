"""Clock of packages."""

from __future__ import annotations

import datetime as dt

from tipline.extensions import db
from tipline.services import packages


def erase_packages(now: dt.datetime) -> int:
    """Expire proposals past their 72 hours and erase packages whose date has come; how many."""
    names: list[str] = db.in_writing(lambda: packages.erase_due_packages(now))
    packages.discard(names)
    return len(names)
