"""The erasure ledger replayed over a restored database: what was erased once is erased again (SECURITY 27)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import delete, select, update

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.account import Account, AccountRole, AccountSession, FactorCode, Passkey
from tipline.models.desk import Grant
from tipline.models.notice import NoticeSetting
from tipline.models.referral import Package
from tipline.models.tip import Hold, Tip
from tipline.models.welfare import WelfareDiary
from tipline.services import ledger, retention


def erase_again(entry: ledger.Erasure, now: dt.datetime) -> retention.Erased | None:
    """Erase once more what this line names, if the restored database brought it back; None when it did not.

    Holds do not stop it: when the tip was erased there was none. The caller commits, then discards the files.
    """
    if entry.kind == "tip":
        return _tip(entry.id, now)
    if entry.kind == "attachment":
        return _attachment(entry.id, now)
    if entry.kind == "package":
        return _package(entry.id)
    return _account(entry.id)


def lines(source: Path | None = None) -> list[ledger.Erasure]:
    """Every erasure of the ledger once, oldest first."""
    return list(dict.fromkeys(ledger.entries(source)))


def _tip(tip_id: str, now: dt.datetime) -> retention.Erased | None:
    if db.session.execute(select(Tip.id).where(Tip.id == tip_id)).first() is None:
        return None
    db.session.execute(delete(Hold).where(Hold.tip_id == tip_id))
    return retention.erase_tip(tip_id, "restored", None, now)


def _attachment(attachment_id: str, now: dt.datetime) -> retention.Erased | None:
    try:
        return retention.erase_attachment(attachment_id, "restored", None, now)
    except NotFound:
        return None


def _package(package_id: str) -> retention.Erased | None:
    name = db.session.execute(select(Package.stored_name).where(Package.id == package_id)).scalar_one_or_none()
    if name is None:
        return None
    db.session.execute(update(Package).where(Package.id == package_id).values(stored_name=None))
    return retention.Erased(package_id, (name,))


def _account(account_id: str) -> retention.Erased | None:
    found = db.session.execute(
        select(Account.id).where(Account.id == account_id, Account.state != "removed")
    ).one_or_none()
    if found is None:
        return None
    for table in (Grant, AccountSession, AccountRole, Passkey, FactorCode, NoticeSetting, WelfareDiary):
        db.session.execute(delete(table).where(table.account_id == account_id))
    db.session.execute(
        update(Account).where(Account.id == account_id).values(state="removed", locked_seed=None, totp_sealed=None)
    )
    return retention.Erased(account_id, ())
