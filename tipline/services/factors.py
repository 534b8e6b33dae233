"""Second factors: time-based one-time codes (RFC 6238), enrolled, taken once each, and reset by two people.

Everybody has an authenticator app. Beside it can be passkeys (``passkeys``) and recovery codes (``factor_codes``).
"""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from tipline import config
from tipline.crypto import opening
from tipline.errors import NeedsSecondPerson, NotAllowed, NotFound, SignInFailed, WrongState
from tipline.extensions import db
from tipline.models.account import Account, Invitation
from tipline.models.base import new_id
from tipline.models.desk import DeskMember
from tipline.roles import Role
from tipline.services import account_changes, factor_codes, log
from tipline.services.accounts import Person, check_administrator, end_factors, end_sessions, seal_totp, totp_label

STEP_SECONDS = 30
RESET_LASTS = dt.timedelta(hours=72)
RESET = "second-factor"
MOST_DIGITS = 6
BY_APP = "app"
BY_RECOVERY_CODE = "recovery-code"


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs, shown to its owner only."""

    secret: str = field(repr=False)
    address: str = field(repr=False)  # otpauth://, what the QR code holds


@dataclass(frozen=True)
class Reset:
    """A second factor that somebody proposes to reset, or that was reset."""

    id: str
    account_id: str
    display_name: str
    proposed_by: str
    proposed_by_name: str
    made_at: dt.datetime
    confirmed: bool


def start_enrolment(person: Person) -> None:
    """Draw a new secret for this person's second factor; the one in use stays until the new one is confirmed."""
    account = db.session.get_one(Account, person.id)
    account.totp_pending_sealed = seal_totp(account, pyotp.random_base32())


def read_enrolment(person: Person) -> Enrolment:
    """The secret that waits to be confirmed. Raises WrongState when none does."""
    account = db.session.get_one(Account, person.id)
    if account.totp_pending_sealed is None:
        raise WrongState
    secret = _open(account.totp_pending_sealed, person.seed, account.id)
    issuer = config.current().service_name
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=issuer))


def confirm_enrolment(person: Person, code: str, now: dt.datetime) -> None:
    """Put the new second factor in the place of the old one; other sessions end.

    Raises WrongState when none waits, and SignInFailed for a wrong code.
    """
    account = db.session.get_one(Account, person.id, with_for_update=True)
    if account.totp_pending_sealed is None:
        raise WrongState
    step = _step_of(code, _open(account.totp_pending_sealed, person.seed, account.id), now)
    if step is None:
        raise SignInFailed
    if account.totp_sealed is not None:
        account_changes.note(account.id, "app-changed", now)
    account.totp_sealed, account.totp_pending_sealed, account.totp_last_step = account.totp_pending_sealed, None, step
    _use_reset(account.id, now)
    end_sessions(account.id, but=person.session_id)
    log.record("factor.confirmed", chain=person.chain, actor=person.actor, subjects=[account.id], now=now)


def take_code(account_id: str, sealed: bytes, seed: bytes, code: str, now: dt.datetime) -> str:
    """Accept a one-time code of this moment or a recovery code, once: a second use fails, even at the same instant.

    Which of the two it was. Raises SignInFailed for a wrong, old or used code.
    """
    step = _step_of(code, _open(sealed, seed, account_id), now)
    if step is None:
        if factor_codes.use_code(account_id, code, now):
            return BY_RECOVERY_CODE
        raise SignInFailed
    # One statement decides who takes the step: of two requests with the same code only one changes the row.
    taken = db.session.execute(
        update(Account).where(Account.id == account_id, Account.totp_last_step < step).values(totp_last_step=step)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise SignInFailed
    return BY_APP


def propose_reset(person: Person, account_id: str, now: dt.datetime) -> None:
    """Ask for somebody's second factor to be reset; nothing changes until a second person agrees.

    Raises NotAllowed unless an administrator asks for somebody else, NotFound, and WrongState when one is waiting
    or the account is not active.
    """
    check_administrator(person)
    account = db.session.get(Account, account_id, with_for_update=True)
    if account is None or account.state == "removed":
        raise NotFound
    if account_id == person.id:
        raise NotAllowed
    if account.state != "active" or _waiting(account_id, now) is not None:
        raise WrongState
    db.session.add(
        Invitation(
            id=new_id(),
            account_id=account_id,
            kind=RESET,
            code_hash="",  # nobody is shown a code: the person's own password opens the way to enrol again
            made_by=person.id,
            made_at=now,
            expires_at=now + RESET_LASTS,
        )
    )
    log.record(
        "factor.reset", chain=person.chain, actor=person.actor, subjects=[account_id], now=now, field_group="proposed"
    )


def confirm_reset(person: Person, reset_id: str, now: dt.datetime) -> None:
    """Agree to a reset: all old factors and sessions end; the password alone then leads to enrolling, 72 hours long.

    Agreeing is for another administrator or a supervisor of one of the person's desks, never for who proposed it or
    whom it is about. Raises NotFound, NotAllowed, NeedsSecondPerson, WrongState.
    """
    reset = db.session.get(Invitation, reset_id, with_for_update=True)
    if reset is None or reset.kind != RESET:
        raise NotFound
    if reset.account_id == person.id:
        raise NotAllowed
    if Role.ADMINISTRATOR not in person.roles and not _supervises(person, reset.account_id):
        raise NotFound
    if reset.made_by == person.id:
        raise NeedsSecondPerson
    if reset.confirmed_by or reset.used_at or reset.expires_at <= now:
        raise WrongState
    reset.confirmed_by, reset.expires_at = person.id, now + RESET_LASTS
    account = db.session.get_one(Account, reset.account_id)
    end_factors(account)
    end_sessions(account.id)
    account_changes.note(account.id, "factor-reset", now)
    log.record(
        "factor.reset", chain=person.chain, actor=person.actor, subjects=[account.id], now=now, field_group="confirmed"
    )


def may_enrol_anew(account_id: str, now: dt.datetime) -> bool:
    """Whether a confirmed reset lets this account enrol with its password alone."""
    reset = _waiting(account_id, now)
    return reset is not None and reset.confirmed_by is not None


def waiting_resets(person: Person, now: dt.datetime) -> tuple[Reset, ...]:
    """The resets that wait for a second person: all for an administrator, those of one's own desks for a supervisor."""
    found = _resets(
        select(Invitation).where(
            Invitation.confirmed_by.is_(None), Invitation.used_at.is_(None), Invitation.expires_at > now
        )
    )
    if Role.ADMINISTRATOR in person.roles:
        return found
    return tuple(reset for reset in found if reset.account_id != person.id and _supervises(person, reset.account_id))


def recent_resets(account_ids: list[str], since: dt.datetime) -> tuple[Reset, ...]:
    """Confirmed resets of these people since then: what a desk is told."""
    return _resets(
        select(Invitation).where(
            Invitation.account_id.in_(account_ids), Invitation.confirmed_by.is_not(None), Invitation.made_at >= since
        )
    )


def _resets(query: object) -> tuple[Reset, ...]:
    whose, proposer = aliased(Account), aliased(Account)
    rows = db.session.execute(
        query.add_columns(whose.display_name, proposer.display_name)  # type: ignore[attr-defined]
        .join(whose, whose.id == Invitation.account_id)
        .join(proposer, proposer.id == Invitation.made_by)
        .where(Invitation.kind == RESET)
        .order_by(Invitation.made_at.desc())
        .limit(50)
    )
    return tuple(
        Reset(row.id, row.account_id, name, row.made_by or "", by, row.made_at, row.confirmed_by is not None)
        for row, name, by in rows
    )


def _waiting(account_id: str, now: dt.datetime) -> Invitation | None:
    return db.session.scalars(
        select(Invitation).where(
            Invitation.account_id == account_id,
            Invitation.kind == RESET,
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
        )
    ).first()


def _use_reset(account_id: str, now: dt.datetime) -> None:
    db.session.execute(
        update(Invitation)
        .where(Invitation.account_id == account_id, Invitation.kind == RESET, Invitation.confirmed_by.is_not(None))
        .where(Invitation.used_at.is_(None))
        .values(used_at=now)
    )


def _supervises(person: Person, account_id: str) -> bool:
    """Whether the person is a supervisor on a desk that the account is on too."""
    if Role.SUPERVISOR not in person.roles:
        return False
    mine, theirs = aliased(DeskMember), aliased(DeskMember)
    shared = select(mine.desk_id).join(theirs, theirs.desk_id == mine.desk_id)
    shared = shared.where(mine.account_id == person.id, mine.standing == "member")
    return db.session.scalar(shared.where(theirs.account_id == account_id, theirs.standing != "left")) is not None


def _open(sealed: bytes, seed: bytes, account_id: str) -> str:
    return opening.open_sealed(sealed, seed, totp_label(account_id)).decode()


def _step_of(code: str, secret: str, now: dt.datetime) -> int | None:
    """The time step whose code this is: the present one, the one before or the one after."""
    typed = "".join(character for character in code if character.isascii() and character.isdigit())
    if len(typed) != MOST_DIGITS:
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed):
            return step
    return None
