"""What an administrator changes of other people's accounts: names and roles, suspension, removal.

Roles, and the removal of an administrator or an auditor, take two administrators as soon as there are two: whoever
could invent people, or send away who watches, could take both sides of every other decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, update

from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole, Invitation
from tipline.models.desk import DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import approvals, confirmed_keys, desk_keys, ledger, log, notices, welfare
from tipline.services.accounts import (
    Person,
    check_administrator,
    check_display_name,
    check_roles,
    end_keys,
    end_sessions,
    roles_of,
    set_roles,
)
from tipline.services.approval_acts import Approved, Content, Owner, register

# Who decides on others or watches: to send them away takes two.
WATCHING = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


def change_account(
    person: Person, account_id: str, display_name: str, roles: Collection[Role], now: dt.datetime
) -> bool:
    """Change how somebody is called and what they may do; True when other roles wait for a second administrator.

    Nobody changes their own roles, and nobody crosses from the desk's side to the other or back: that is a new
    account. Raises NotAllowed, NotFound and BadInput.
    """
    account = _change_of(person, account_id)
    check_roles(roles)
    before, after = roles_of(account_id), frozenset(roles)
    if before and bool(before & DESK_ROLES) != bool(after & DESK_ROLES):
        raise BadInput("roles", "other-side")
    shown = check_display_name(display_name)
    if shown != account.display_name:
        account.display_name = shown
        log.record("account.changed", chain="admin", actor=person.actor, subjects=[account_id], now=now)
    return before != after and propose_roles(person, account_id, after, now)


def propose_roles(person: Person, account_id: str, roles: Collection[Role], now: dt.datetime) -> bool:
    """Give an account these roles and no others, with a second administrator where there is one. True when it waits."""
    content = {"before": sorted(roles_of(account_id)), "after": sorted(roles)}
    return approvals.propose_or_do("roles", account_id, content, person, now)


def suspend_account(person: Person, account_id: str, now: dt.datetime) -> None:
    """Keep somebody out until restored; sessions end, grants stay. Raises NotAllowed, NotFound, WrongState."""
    _move(person, account_id, "active", "suspended")
    end_sessions(account_id)
    log.record("account.suspended", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def restore_account(person: Person, account_id: str, now: dt.datetime) -> None:
    """Let a suspended person in again. Raises NotAllowed, NotFound, WrongState."""
    _move(person, account_id, "suspended", "active")
    log.record("account.restored", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def remove_account(person: Person, account_id: str, now: dt.datetime) -> bool:
    """End an account for good: keys, grants, sessions and invitations go; the id stays for the log.

    The name stays taken, so that no later person is mistaken for this one. True when it waits for a second
    administrator. Raises NotAllowed and NotFound.
    """
    _change_of(person, account_id)
    roles = roles_of(account_id)
    if roles & WATCHING:
        return approvals.propose_or_do("removal", account_id, {"roles": sorted(roles)}, person, now)
    _remove(account_id, person, now)
    return False


def _remove(account_id: str, person: Person, now: dt.datetime) -> None:
    account = db.session.get_one(Account, account_id)
    desk_keys.mark_due(account_id, "left", person, now)
    end_keys(account)
    account.state = "removed"
    for table in (Invitation, AccountRole):
        db.session.execute(delete(table).where(table.account_id == account_id))
    db.session.execute(update(DeskMember).where(DeskMember.account_id == account_id).values(standing="left"))
    notices.forget(account_id)
    welfare.forget(account_id)
    ledger.note("account", [account_id], reason="removed", now=now)
    log.record("account.removed", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def _set_roles(approved: Approved, person: Person, now: dt.datetime) -> None:
    """Put other roles in place of an account's; its sessions end."""
    account_id, after = approved.subject, [Role(role) for role in approved.content["after"]]
    db.session.execute(delete(AccountRole).where(AccountRole.account_id == account_id))
    set_roles(account_id, after)
    if Role.SUPERVISOR in approved.content["before"] and Role.SUPERVISOR not in after:
        desk_keys.mark_due(account_id, "role", person, now)
        confirmed_keys.end_words(account_id)
        db.session.execute(delete(Grant).where(Grant.account_id == account_id, Grant.kind == "identity"))
    end_sessions(account_id)
    log.record("role.changed", chain="admin", actor=person.actor, subjects=[account_id], now=now)


def _present_roles(account_id: str, content: Content) -> Content | None:
    return {**content, "before": sorted(roles_of(account_id))} if _is_there(account_id) else None


def present_account(account_id: str, _content: Content) -> Content | None:
    """What an act on a whole account is approved for: the account as it is, with these roles."""
    return {"roles": sorted(roles_of(account_id))} if _is_there(account_id) else None


def tell_account(account_id: str, content: Content) -> Mapping[str, Any]:
    """Whom an act is about, for the words of a proposal."""
    account = db.session.get_one(Account, account_id)
    return {"name": account.name, "display_name": account.display_name, **content}


def _is_there(account_id: str) -> bool:
    account = db.session.get(Account, account_id)
    return account is not None and account.state != "removed"


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


register("roles", Owner(_present_roles, tell_account, _set_roles))
register("removal", Owner(present_account, tell_account, lambda it, person, now: _remove(it.subject, person, now)))
