"""Which edition of what is public is the present one."""

from __future__ import annotations

from sqlalchemy import select

from tipline.extensions import db
from tipline.models.edition import Edition

_NUMBER = select(Edition.number)


def current() -> int:
    """The number of the present edition: as long as it is the same, nothing that is published has changed."""
    return int(db.run(_NUMBER).scalar() or 0)
