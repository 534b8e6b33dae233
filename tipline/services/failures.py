"""How often somebody failed to sign in: growing delays, never a lock (SECURITY 12).

A browser that signed in before has its own count, so that nobody else can delay its owner.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import case, or_, select, update

from tipline.extensions import db
from tipline.models.account import Account, KnownDevice

FREE_FAILURES = 3
FIRST_DELAY = 5
LONGEST_DELAY = 900
DEVICE_KNOWN = dt.timedelta(days=60)

Table = type[Account] | type[KnownDevice]


@dataclass(frozen=True)
class Counted:
    """Where a try was counted, whether it may go on, and the delay that it set or met."""

    account_id: str
    device_id: str | None
    may_go_on: bool
    delayed_until: dt.datetime | None

    @property
    def place(self) -> tuple[Table, str]:
        """The row that counts."""
        return (KnownDevice, self.device_id) if self.device_id else (Account, self.account_id)


def count(account_id: str, device: str | None, now: dt.datetime) -> Counted:
    """Count a try before anything is checked, unless a delay runs. ``forget`` and ``take_back`` undo it."""
    known = _known(device, account_id, now)
    table, row_id = Counted(account_id, known, may_go_on=False, delayed_until=None).place
    counted = db.session.execute(
        update(table)
        .where(table.id == row_id, or_(table.delayed_until.is_(None), table.delayed_until <= now))
        .values(failures=table.failures + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        until = db.session.scalar(select(table.delayed_until).where(table.id == row_id))
        return Counted(account_id, known, may_go_on=False, delayed_until=until)
    beyond = (db.session.scalar(select(table.failures).where(table.id == row_id)) or 0) - FREE_FAILURES
    if beyond < 0:
        return Counted(account_id, known, may_go_on=True, delayed_until=None)
    until = now + dt.timedelta(seconds=min(FIRST_DELAY * 2 ** min(beyond, 12), LONGEST_DELAY))
    _change(table, row_id, delayed_until=until)
    return Counted(account_id, known, may_go_on=True, delayed_until=until)


def forget(counted: Counted) -> None:
    """Somebody got in: their count starts anew."""
    _change(*counted.place, failures=0, delayed_until=None)


def take_back(counted: Counted) -> None:
    """The try was never made, because the service had no room for it: it counts for nothing."""
    if not counted.may_go_on:
        return
    table, row_id = counted.place
    own_delay = case((table.delayed_until == counted.delayed_until, None), else_=table.delayed_until)
    db.session.execute(
        update(table)
        .where(table.id == row_id, table.failures > 0)
        .values(failures=table.failures - 1, delayed_until=own_delay)
        .execution_options(synchronize_session=False)
    )


def remember_device(device: str, account_id: str, now: dt.datetime) -> None:
    """Know this browser from now on: its failures are counted apart from everybody else's."""
    device_id = _device_id(device, account_id)
    row = db.session.get(KnownDevice, device_id)
    if row is None:
        db.session.add(KnownDevice(id=device_id, account_id=account_id, failures=0, used_on=now.date()))
    else:
        row.used_on = now.date()


def _change(table: Table, row_id: str, **values: object) -> None:
    db.session.execute(
        update(table).where(table.id == row_id).values(**values).execution_options(synchronize_session=False)
    )


def _device_id(device: str, account_id: str) -> str:
    return hashlib.sha256(f"{account_id}/{device}".encode()).hexdigest()


def _known(device: str | None, account_id: str, now: dt.datetime) -> str | None:
    if not device:
        return None
    row = db.session.get(KnownDevice, _device_id(device, account_id))
    return row.id if row is not None and row.used_on >= (now - DEVICE_KNOWN).date() else None
