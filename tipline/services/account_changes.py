"""What changed about how somebody signs in: told to them on their account's page, so that a stranger's act is seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select

from tipline.extensions import db
from tipline.models.account import AccountChange

KEPT = dt.timedelta(days=30)
MOST_SHOWN = 20
CODES = (
    "passkey-added",
    "passkey-revoked",
    "codes-made",
    "code-used",
    "app-changed",
    "factor-reset",
    "password-changed",
)


@dataclass(frozen=True)
class Change:
    """One change; ``code`` is one of ``CODES``."""

    code: str
    happened_at: dt.datetime


def note(account_id: str, code: str, now: dt.datetime) -> None:
    """Keep for the person what has just changed. Raises ValueError for a code that there are no words for."""
    if code not in CODES:
        raise ValueError(code)
    db.session.add(AccountChange(account_id=account_id, code=code, happened_at=now))


def list_changes(account_id: str, now: dt.datetime) -> tuple[Change, ...]:
    """The changes of the last 30 days, the newest first, at most twenty."""
    rows = db.session.scalars(
        select(AccountChange)
        .where(AccountChange.account_id == account_id, AccountChange.happened_at > now - KEPT)
        .order_by(AccountChange.happened_at.desc(), AccountChange.id)
        .limit(MOST_SHOWN)
    )
    return tuple(Change(row.code, row.happened_at) for row in rows)


def erase_due(now: dt.datetime) -> int:
    """Delete what is older than 30 days; how many rows went."""
    gone = db.session.execute(delete(AccountChange).where(AccountChange.happened_at <= now - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]
