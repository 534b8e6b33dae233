"""Recovery codes of a second factor: ten codes on paper, each in the place of one code from the app or a passkey.

The password is needed beside them. They are stored as invitations' codes are, hashed with the pepper.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, select

from tipline.crypto.passwords import hash_one_time_code, new_one_time_code
from tipline.extensions import db
from tipline.models.account import FactorCode
from tipline.services import account_changes, accounts, log, passwords
from tipline.services.accounts import Person

HOW_MANY = 10


def make_codes(person: Person, now: dt.datetime) -> tuple[str, ...]:
    """Ten new codes, to be shown this once; earlier ones and other sessions end."""
    codes = tuple(new_one_time_code() for _ in range(HOW_MANY))
    db.session.execute(delete(FactorCode).where(FactorCode.account_id == person.id))
    db.session.add_all(FactorCode(account_id=person.id, code_hash=_hash(code)) for code in codes)
    accounts.end_sessions(person.id, but=person.session_id)
    account_changes.note(person.id, "codes-made", now)
    log.record("factor.codes", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)
    return codes


def count_codes(account_id: str) -> int:
    """How many codes are left."""
    return db.session.scalar(select(func.count()).where(FactorCode.account_id == account_id)) or 0


def use_code(account_id: str, code: str, now: dt.datetime) -> bool:
    """Whether this was one of the account's codes; it is none any more. Of two who use it at once one is told yes."""
    gone = db.session.execute(
        delete(FactorCode).where(FactorCode.account_id == account_id, FactorCode.code_hash == _hash(code))
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        return False
    account_changes.note(account_id, "code-used", now)
    return True


def _hash(code: str) -> str:
    return hash_one_time_code(code, passwords.pepper())
