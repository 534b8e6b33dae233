"""Invitations: a one-time code that an administrator hands over, and the way in that it opens.

The link carries no secret. Name and code lead to a new password, the password to a new second factor, and only a
code from that factor makes the account active (SECURITY 9).
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update

from tipline.crypto import opening
from tipline.crypto.passwords import hash_one_time_code, new_one_time_code
from tipline.errors import NeedsSecondPerson, NotAllowed, NotFound, SignInFailed, WrongState
from tipline.extensions import db
from tipline.models.account import Account, Invitation
from tipline.models.base import new_id
from tipline.roles import Role
from tipline.services import accounts, approvals, factors, failures, log, passwords, sessions, standing
from tipline.services.accounts import Person, check_administrator
from tipline.services.approval_acts import Owner, register

LASTS = dt.timedelta(hours=72)
KEPT = dt.timedelta(days=30)
MOST_FAILURES = 10
JOIN = "join"
PASSWORD = "password"  # noqa: S105 - the kind of an invitation
KINDS = (JOIN, PASSWORD)


@dataclass(frozen=True)
class Invited:
    """An account that waits for its person. ``code`` is shown once, to be handed over by voice or paper."""

    account_id: str
    name: str
    display_name: str
    code: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(frozen=True)
class Joining:
    """Somebody whose code was right: whose account it is, and what the code is for."""

    invitation_id: str
    account_id: str
    name: str
    display_name: str
    kind: str


def invite(person: Person, name: str, display_name: str, roles: Collection[Role], now: dt.datetime) -> Invited | str:
    """Make an account that waits for its person, and the code that lets them in for 72 hours.

    The account can read nothing: a member of a desk must let it in. Only its id while its roles wait for a second
    administrator; the code is made afterwards. Raises NotAllowed, and BadInput as ``accounts.create_account`` does.
    """
    check_administrator(person)
    account_id = accounts.create_account(name, display_name, roles, now, sample=False, given=False)
    log.record("account.invited", chain="admin", actor=person.actor, subjects=[account_id], now=now)
    if standing.propose_roles(person, account_id, roles, now):
        return account_id
    return _new_code(account_id, JOIN, person.id, now)


def invite_first(name: str, display_name: str, now: dt.datetime) -> Invited:
    """Invite the first administrator of an instance that has no account yet; for the set-up command.

    Raises WrongState when there is an account, and BadInput.
    """
    if accounts.count_accounts():
        raise WrongState
    account_id = accounts.create_account(name, display_name, {Role.ADMINISTRATOR}, now, sample=False)
    log.record("account.invited", chain="admin", actor=None, subjects=[account_id], now=now)
    return _new_code(account_id, JOIN, None, now)


def invite_again(person: Person, account_id: str, now: dt.datetime) -> Invited | None:
    """A new code: to join, for somebody who has not yet; for a new password, for somebody who has lost theirs.

    A new password is a new key: nothing changes until the code is used, then all grants end and each desk has to
    let the person in again. Earlier codes stop working. For an administrator's password it is None until a second
    administrator has agreed. Raises NotAllowed, NotFound, and WrongState, also while no role is given.
    """
    check_administrator(person)
    account = db.session.get(Account, account_id, with_for_update=True)
    if account is None or account.state == "removed":
        raise NotFound
    if account_id == person.id:
        raise NotAllowed
    roles = accounts.roles_of(account_id)
    if account.state == "suspended" or not roles:
        raise WrongState
    kind = JOIN if account.state == "invited" else PASSWORD
    if kind == PASSWORD and Role.ADMINISTRATOR in roles and _waits_for_second(person, account_id, roles, now):
        return None
    log.record("account.invited", chain="admin", actor=person.actor, subjects=[account_id], now=now, field_group=kind)
    return _new_code(account_id, kind, person.id, now)


def _waits_for_second(person: Person, account_id: str, roles: Collection[Role], now: dt.datetime) -> bool:
    """Spend the approval to take over an administrator's password, or propose it: with it one could be two people."""
    content = {"roles": sorted(roles)}
    try:
        approvals.use("new-password", account_id, content, person, now)
    except NeedsSecondPerson:
        return approvals.propose_or_do("new-password", account_id, content, person, now)
    return False


def check_code(name: str, code: str, now: dt.datetime) -> Joining:
    """Find the invitation that this name and code open. Counts the try first; the caller commits even when refused.

    Raises SignInFailed for an unknown name, a wrong, used or expired code, and after ten failures.
    """
    typed = hash_one_time_code(code, passwords.pepper())
    account = db.session.scalars(select(Account).where(Account.name == accounts.fold_name(name))).first()
    invitation = _usable(account.id, now) if account is not None else None
    if account is None or invitation is None:
        raise SignInFailed
    counted = db.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.failures < MOST_FAILURES)
        .values(failures=Invitation.failures + 1)
    )
    if counted.rowcount != 1 or not hmac.compare_digest(typed, invitation.code_hash):  # type: ignore[attr-defined]
        raise SignInFailed
    db.session.execute(
        update(Invitation).where(Invitation.id == invitation.id).values(failures=Invitation.failures - 1)
    )
    return Joining(invitation.id, account.id, account.name, account.display_name, invitation.kind)


def read_joining(invitation_id: str, now: dt.datetime) -> Joining:
    """The invitation that a person is on the way with. Raises SignInFailed when it has ended in the meantime."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now:
        raise SignInFailed
    account = db.session.get_one(Account, invitation.account_id)
    return Joining(invitation.id, account.id, account.name, account.display_name, invitation.kind)


def new_keys(joining: Joining, password: str) -> tuple[bytes, bytes]:
    """A new seed, and the same seed locked under the password. Slow, touches no table. Raises BadInput and Busy."""
    passwords.check_choice(password, [joining.name, joining.display_name])
    seed = opening.new_seed()
    return seed, passwords.lock(seed, password, joining.account_id, accounts.COST)


def take_keys(joining: Joining, seed: bytes, locked_seed: bytes, now: dt.datetime) -> sessions.Opened:
    """Give the account its new key pair and open a session that leads to enrolling the second factor.

    Raises SignInFailed when the invitation has ended in the meantime.
    """
    invitation = db.session.get(Invitation, joining.invitation_id, with_for_update=True, populate_existing=True)
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now:
        raise SignInFailed
    account = db.session.get_one(Account, invitation.account_id, with_for_update=True)
    accounts.set_keys(account, seed, locked_seed)
    person = accounts.person_for(account.id, seed, now)
    factors.start_enrolment(person)
    if invitation.kind == PASSWORD:
        log.record("password.reset", chain=person.chain, actor=person.actor, subjects=[account.id], now=now)
    return sessions.start_session(account.id, seed, now, purpose=sessions.ENROLLING)


def finish_joining(person: Person, code: str, device: str, now: dt.datetime) -> sessions.Opened:
    """Confirm the second factor with its first code: the invitation is used up, the account active, a session open.

    ``person`` comes from an enrolling session, which ends here. Raises SignInFailed for a wrong code.
    """
    factors.confirm_enrolment(person, code, now)
    account = db.session.get_one(Account, person.id)
    if account.state == "invited":
        account.state, account.activated_at = "active", now
        log.record("account.activated", chain=person.chain, actor=person.actor, subjects=[account.id], now=now)
    _end_codes(account.id, now)
    accounts.end_sessions(account.id)
    failures.remember_device(device, account.id, now)
    return sessions.start_session(account.id, person.seed, now)


def is_waiting(account_id: str, now: dt.datetime) -> bool:
    """Whether the account has a code that still works."""
    return _usable(account_id, now) is not None


def erase_due_invitations(now: dt.datetime) -> int:
    """Delete invitations and resets that ended more than 30 days ago; how many rows went."""
    gone = db.session.execute(delete(Invitation).where(Invitation.expires_at <= now - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _new_code(account_id: str, kind: str, made_by: str | None, now: dt.datetime) -> Invited:
    _end_codes(account_id, now)
    account = db.session.get_one(Account, account_id)
    code, expires_at = new_one_time_code(), now + LASTS
    db.session.add(
        Invitation(
            id=new_id(),
            account_id=account_id,
            kind=kind,
            code_hash=hash_one_time_code(code, passwords.pepper()),
            made_by=made_by,
            failures=0,
            made_at=now,
            expires_at=expires_at,
        )
    )
    return Invited(account_id, account.name, account.display_name, code, expires_at)


def _end_codes(account_id: str, now: dt.datetime) -> None:
    db.session.execute(
        update(Invitation)
        .where(Invitation.account_id == account_id, Invitation.kind.in_(KINDS), Invitation.used_at.is_(None))
        .values(used_at=now)
    )


def _usable(account_id: str, now: dt.datetime) -> Invitation | None:
    return db.session.scalars(
        select(Invitation).where(
            Invitation.account_id == account_id,
            Invitation.kind.in_(KINDS),
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
            Invitation.failures < MOST_FAILURES,
        )
    ).first()


register("new-password", Owner(standing.present_account, standing.tell_account))
