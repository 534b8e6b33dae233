"""A password or device that somebody else may know: the account's keys end, and its desks get new ones (SECURITY 11).

A changed password would not do: with an old copy of the database the old one still opens the old key.
"""

from __future__ import annotations

import datetime as dt

from tipline.errors import NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.services import accounts, desk_keys, log
from tipline.services.accounts import Person


def report(person: Person, account_id: str, now: dt.datetime) -> None:
    """End the keys of one's own account, or as an administrator of somebody's, with every grant, factor and session.

    New keys are due for each desk whose keys the account held. Its person gets a code for a new password, as after a
    lost one. Raises NotAllowed, NotFound, and WrongState for an account without keys.
    """
    if account_id != person.id:
        accounts.check_administrator(person)
    account = db.session.get(Account, account_id, with_for_update=True)
    if account is None or account.state == "removed":
        raise NotFound
    if account.public_key is None:
        raise WrongState
    desk_keys.mark_due(account_id, "password", person, now)
    accounts.end_keys(account)
    log.record("password.compromised", chain=person.chain, actor=person.actor, subjects=[account_id], now=now)
