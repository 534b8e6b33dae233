"""What an administrator changes of other people's accounts: names and roles, suspension, removal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import delete, update

from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole, Invitation
from tipline.models.desk import DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import ledger, log
from tipline.services.accounts import (
    Person,
    check_administrator,
    check_display_name,
    check_roles,
    end_sessions,
    roles_of,
    set_roles,
)


def change_account(
    person: Person, account_id: str, display_name: str, roles: Collection[Role], now: dt.datetime
) -> None:
    """Change how somebody is called and what they may do; another set of roles ends all their sessions.

    Nobody changes their own roles, and nobody crosses from the desk's side to the other or back: that is a new
    account. Raises NotAllowed, NotFound and BadInput.
    """
    account = _change_of(person, account_id)
    check_roles(roles)
    before, after = roles_of(account_id), frozenset(roles)
    if bool(before & DESK_ROLES) != bool(after & DESK_ROLES):
        raise BadInput("roles", "other-side")
    shown = check_display_name(display_name)
    if shown != account.display_name:
        account.display_name = shown
        log.record("account.changed", chain="admin", actor=person.actor, subjects=[account_id], now=now)
    if before == after:
        return
    db.session.execute(delete(AccountRole).where(AccountRole.account_id == account_id))
    set_roles(account_id, after)
    if Role.SUPERVISOR not in after:
        db.session.execute(delete(Grant).where(Grant.account_id == account_id, Grant.kind == "identity"))
    end_sessions(account_id)
    log.record("role.changed", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def suspend_account(person: Person, account_id: str, now: dt.datetime) -> None:
    """Keep somebody out until restored; sessions end, grants stay. Raises NotAllowed, NotFound, WrongState."""
    _move(person, account_id, "active", "suspended")
    end_sessions(account_id)
    log.record("account.suspended", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def restore_account(person: Person, account_id: str, now: dt.datetime) -> None:
    """Let a suspended person in again. Raises NotAllowed, NotFound, WrongState."""
    _move(person, account_id, "suspended", "active")
    log.record("account.restored", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def remove_account(person: Person, account_id: str, now: dt.datetime) -> None:
    """End an account for good: keys, grants, sessions and invitations go; the id stays for the log.

    The name stays taken, so that no later person is mistaken for this one. Raises NotAllowed and NotFound.
    """
    account = _change_of(person, account_id)
    account.state, account.public_key, account.locked_seed = "removed", None, None
    account.totp_sealed = account.totp_pending_sealed = None
    end_sessions(account_id)
    for table in (Grant, Invitation, AccountRole):
        db.session.execute(delete(table).where(table.account_id == account_id))
    db.session.execute(update(DeskMember).where(DeskMember.account_id == account_id).values(standing="left"))
    ledger.note("account", [account_id], reason="removed", now=now)
    log.record("account.removed", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def _change_of(person: Person, account_id: str) -> Account:
    """The account that an administrator, who is somebody else, may change."""
    check_administrator(person)
    if account_id == person.id:
        raise NotAllowed
    account = db.session.get(Account, account_id, with_for_update=True)
    if account is None or account.state == "removed":
        raise NotFound
    return account


def _move(person: Person, account_id: str, before: str, after: str) -> None:
    account = _change_of(person, account_id)
    if account.state != before:
        raise WrongState
    account.state = after
