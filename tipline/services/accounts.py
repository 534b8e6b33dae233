"""People who sign in: who they are, which roles they hold, and the end of both."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import bindparam, delete, func, select, update

from tipline.crypto import opening, sealing
from tipline.crypto import rosters as signed
from tipline.crypto.keys import Label, Purpose, key_words
from tipline.crypto.passwords import Cost
from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole, AccountSession, FactorCode, Passkey
from tipline.models.base import new_id, table_of
from tipline.models.desk import DeskMember, Grant
from tipline.roles import DESK_ROLES, Role, may_share_a_person
from tipline.services import confirmed_keys, log, passwords, rosters

# What one try of a password costs. Tests lower it; nothing else changes it.
COST = Cost()
_ROLE = table_of(AccountRole).c
_ROLES = select(_ROLE.role).where(_ROLE.account_id == bindparam("account"))  # built once: every page asks this

STRONGEST_FIRST = (Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR, Role.REVIEWER)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
LONGEST_DISPLAY_NAME = 120


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, for the length of one request. ``seed`` opens what is sealed to them."""

    id: str
    name: str
    display_name: str
    roles: frozenset[Role]
    session_id: str
    seed: bytes = field(repr=False)
    password_at: dt.datetime

    @property
    def actor(self) -> log.Actor:
        """How the log names this person."""
        return log.Actor(self.id, strongest(self.roles), self.session_id[:32] or None)

    @property
    def chain(self) -> str:
        """The chain of the log that this person's own acts go to: the door that the roles belong to."""
        return chain_of(self.roles)


@dataclass(frozen=True)
class AccountRef:
    """One account as lists show it. ``key_words`` is empty until the person has made a key."""

    id: str
    name: str
    display_name: str
    state: str
    roles: frozenset[Role]
    key_words: tuple[str, ...]
    has_factor: bool
    created_at: dt.datetime


def strongest(roles: Collection[Role]) -> str:
    """The role that an act is logged under when a person holds two."""
    return next((role.value for role in STRONGEST_FIRST if role in roles), "none")


def chain_of(roles: Collection[Role]) -> str:
    """The chain of the log that belongs to the door of these roles."""
    return "staff" if DESK_ROLES & set(roles) else "admin"


def fold_name(typed: str) -> str:
    """A sign-in name as it is stored: NFKC, lower case, no spaces around it."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def person_for(account_id: str, seed: bytes, now: dt.datetime, session_id: str = "") -> Person:
    """The person behind an active account and its seed. Raises NotFound."""
    account = db.session.get(Account, account_id)
    if account is None or account.state == "removed":
        raise NotFound
    return Person(account.id, account.name, account.display_name, roles_of(account.id), session_id, seed, now)


def roles_of(account_id: str) -> frozenset[Role]:
    """The roles of one account."""
    db.session.flush()
    return frozenset(Role(row.role) for row in db.run(_ROLES, {"account": account_id}))


def list_accounts() -> tuple[AccountRef, ...]:
    """Every account that was not removed, by name."""
    rows = db.session.scalars(select(Account).where(Account.state != "removed").order_by(Account.name).limit(1000))
    return describe(rows)


def read_account(account_id: str) -> AccountRef:
    """One account. Raises NotFound when there is none or it was removed."""
    account = db.session.get(Account, account_id)
    if account is None or account.state == "removed":
        raise NotFound
    return describe([account])[0]


def describe(rows: Iterable[Account]) -> tuple[AccountRef, ...]:
    """Accounts as plain values, in the order given."""
    accounts = list(rows)
    roles: dict[str, set[Role]] = {}
    wanted = select(AccountRole).where(AccountRole.account_id.in_([account.id for account in accounts]))
    for row in db.session.scalars(wanted):
        roles.setdefault(row.account_id, set()).add(Role(row.role))
    return tuple(
        AccountRef(
            id=account.id,
            name=account.name,
            display_name=account.display_name,
            state=account.state,
            roles=frozenset(roles.get(account.id, ())),
            key_words=words_of(account),
            has_factor=account.totp_sealed is not None,
            created_at=account.created_at,
        )
        for account in accounts
    )


def create_account(
    name: str,
    display_name: str,
    roles: Collection[Role],
    now: dt.datetime,
    *,
    sample: bool,
    given: bool = True,
) -> str:
    """Add an account that waits for its person; the id. Logs nothing: the callers do.

    Unless ``given``, the roles are only checked and come later. Raises BadInput on ``name`` (form, taken),
    ``display_name`` (empty) and ``roles`` (none, mixed).
    """
    folded = fold_name(name)
    if not NAME.fullmatch(folded):
        raise BadInput("name", "form")
    if db.session.scalar(select(Account.id).where(Account.name == folded)):
        raise BadInput("name", "taken")
    shown = check_display_name(display_name)
    check_roles(roles)
    account = Account(
        id=new_id(), name=folded, display_name=shown, state="invited", sample=sample, totp_last_step=0, created_at=now
    )
    db.session.add(account)
    db.session.flush()
    if given:
        set_roles(account.id, roles)
    return account.id


def check_roles(roles: Collection[Role]) -> None:
    """Refuse roles that one person may not hold together (SECURITY 8). Raises BadInput on ``roles``."""
    if not roles:
        raise BadInput("roles", "none")
    if not may_share_a_person(frozenset(roles)):
        raise BadInput("roles", "mixed")


def set_keys(account: Account, seed: bytes, locked: bytes) -> None:
    """Give an account a new key pair in the place of an older one; desks must let them in anew."""
    end_keys(account)
    account.public_key = opening.public_key(seed)
    complete_keys(account, seed)
    account.locked_seed = locked
    account.failures, account.delayed_until = 0, None


def end_keys(account: Account) -> None:
    """Forget an account's keys, and with them every grant, word, factor and session of theirs."""
    account.public_key = account.signing_public_key = account.desk_memory = account.locked_seed = None
    end_factors(account)
    end_sessions(account.id)
    confirmed_keys.end_words(account.id)
    db.session.execute(delete(Grant).where(Grant.account_id == account.id))
    db.session.execute(
        update(DeskMember)
        .where(DeskMember.account_id == account.id, DeskMember.standing == "member")
        .values(standing="named")
    )


def complete_keys(account: Account, seed: bytes) -> None:
    """Give an account what its seed gives and it lacks: the signing key, and a memory of the desks it comes to see."""
    if account.signing_public_key is None:
        account.signing_public_key = signed.signing_public(seed)
    if account.desk_memory is None:
        account.desk_memory = rosters.make_memory(account.id, seed)


def words_of(account: Account) -> tuple[str, ...]:
    """The words that confirm both public keys of an account, read out by its person; none before it has keys."""
    if account.public_key is None:
        return ()
    return key_words(account.public_key + (account.signing_public_key or b""), passwords.words())


def seal_totp(account: Account, secret: str) -> bytes:
    """Seal a second factor's secret to the account's own key. Raises WrongState before it has one."""
    if account.public_key is None:
        raise WrongState
    return sealing.seal(secret.encode(), account.public_key, totp_label(account.id))


def totp_label(account_id: str) -> Label:
    """What binds a sealed second factor to its account."""
    return Label(Purpose.ACCOUNT_TOTP, "", 0, account_id)


def make_active(
    name: str, display_name: str, roles: Collection[Role], password: str, now: dt.datetime, *, sample: bool = True
) -> tuple[str, bytes, str]:
    """An account that can sign in at once: its id, seed and second factor's secret. For the sample and for tests.

    Raises as ``create_account`` does, and BadInput on ``password``.
    """
    passwords.check_choice(password, [name, display_name])
    account_id = create_account(name, display_name, roles, now, sample=sample)
    account = db.session.get_one(Account, account_id)
    seed, secret = opening.new_seed(), pyotp.random_base32()
    set_keys(account, seed, passwords.lock(seed, password, account_id, COST))
    account.totp_sealed = seal_totp(account, secret)
    account.state, account.activated_at = "active", now
    log.record("account.activated", chain="admin", actor=None, subjects=[account_id], now=now)
    return account_id, seed, secret


def end_factors(account: Account) -> None:
    """Forget every second factor of an account, and with the passkeys their wraps of its key."""
    account.totp_sealed = account.totp_pending_sealed = None
    for table in (Passkey, FactorCode):
        db.session.execute(delete(table).where(table.account_id == account.id))


def end_sessions(account_id: str, *, but: str = "") -> None:
    """End every session of an account, ``but`` the one named."""
    db.session.execute(delete(AccountSession).where(AccountSession.account_id == account_id, AccountSession.id != but))


def count_accounts() -> int:
    """How many accounts there have ever been."""
    return db.session.scalar(select(func.count()).select_from(Account)) or 0


def check_administrator(person: Person) -> None:
    """Raises NotAllowed unless the person is an administrator."""
    if Role.ADMINISTRATOR not in person.roles:
        raise NotAllowed


def set_roles(account_id: str, roles: Collection[Role]) -> None:
    """Give an account, which has none at this moment, these roles."""
    db.session.add_all(AccountRole(account_id=account_id, role=role.value) for role in sorted(roles))
    db.session.flush()


def check_display_name(display_name: str) -> str:
    """What somebody is called, with single spaces. Raises BadInput on ``display_name``: empty, too-long."""
    shown = " ".join(display_name.split())
    if not shown or len(shown) > LONGEST_DISPLAY_NAME:
        raise BadInput("display_name", "empty" if not shown else "too-long")
    return shown


def names_of(account_ids: Sequence[str]) -> dict[str, str]:
    """What people are called, by account id; removed people keep their name here."""
    rows = db.session.execute(select(Account.id, Account.display_name).where(Account.id.in_(account_ids)))
    return {row.id: row.display_name for row in rows}
