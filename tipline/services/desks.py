"""Desks: named by an administrator, founded in a supervisor's session, and joined by word of mouth (SECURITY 7-9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from tipline.crypto import keys, opening
from tipline.crypto.grants import Kind
from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskEpoch, DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import desk_keys, log, passwords, recovery
from tipline.services.accounts import Person, check_administrator, roles_of
from tipline.services.desk_keys import open_desk_key
from tipline.services.recovery import RecoveryCodes

__all__ = [
    "DeskRef",
    "RecoveryCodes",
    "desks_of",
    "found_desk",
    "found_sample",
    "grant_member",
    "list_desks",
    "name_desk",
    "name_member",
    "open_desk_key",
    "read_desk",
    "remove_member",
    "seats_of",
]

FEWEST_FOUNDERS = 2
LONGEST_NAME = 120


@dataclass(frozen=True)
class DeskRef:
    """A desk as lists show it. ``state``: named, founded, open; ``epoch`` is 0 before it has keys."""

    id: str
    name: str
    state: str
    epoch: int


@dataclass(frozen=True)
class Seat:
    """A desk that somebody is on: with what standing, and which keys of it they hold."""

    desk: DeskRef
    standing: str
    keys: frozenset[str]


def desks_of(person: Person) -> tuple[DeskRef, ...]:
    """The desks whose content key the person holds now: those whose tips they may see. By name."""
    if not person.roles & DESK_ROLES:
        return ()
    rows = db.session.scalars(
        select(Desk)
        .join(DeskMember, DeskMember.desk_id == Desk.id)
        .join(Grant, (Grant.desk_id == Desk.id) & (Grant.account_id == DeskMember.account_id))
        .where(DeskMember.account_id == person.id, DeskMember.standing == desk_keys.MEMBER)
        .where(Grant.kind == "content", Grant.epoch == Desk.epoch)
        .order_by(Desk.name)
    )
    return tuple(_ref(desk) for desk in rows)


def seats_of(person: Person) -> tuple[Seat, ...]:
    """Every desk that the person is on, let in or still waiting, by name."""
    if not person.roles & DESK_ROLES:
        return ()
    rows = db.session.execute(
        select(Desk, DeskMember.standing)
        .join(DeskMember, DeskMember.desk_id == Desk.id)
        .where(DeskMember.account_id == person.id, DeskMember.standing.in_(desk_keys.ON_THE_DESK))
        .order_by(Desk.name)
    ).all()
    none: frozenset[str] = frozenset()
    return tuple(
        Seat(_ref(desk), standing, desk_keys.grants_of(desk.id, desk.epoch).get(person.id, none))
        for desk, standing in rows
    )


def list_desks() -> tuple[DeskRef, ...]:
    """All desks by name, for administrators."""
    return tuple(_ref(desk) for desk in db.session.scalars(select(Desk).order_by(Desk.name)))


def read_desk(desk_id: str) -> DeskRef:
    """One desk. Raises NotFound."""
    desk = db.session.get(Desk, desk_id)
    if desk is None:
        raise NotFound
    return _ref(desk)


def name_desk(person: Person, name: str, founders: Collection[str], now: dt.datetime) -> str:
    """Name a desk and the supervisors who will found it; the id. It has no key until one of them makes it.

    Raises NotAllowed, and BadInput on ``name`` (empty, too-long, taken) and ``founders`` (too-few, not-supervisor).
    """
    check_administrator(person)
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST_NAME:
        raise BadInput("name", "empty" if not shown else "too-long")
    if db.session.scalar(select(Desk.id).where(Desk.name == shown)):
        raise BadInput("name", "taken")
    if len(set(founders)) < FEWEST_FOUNDERS:
        raise BadInput("founders", "too-few")
    if any(Role.SUPERVISOR not in roles_of(account_id) for account_id in founders):
        raise BadInput("founders", "not-supervisor")
    desk = Desk(id=new_id(), name=shown, state="named", epoch=0, created_at=now)
    db.session.add(desk)
    db.session.flush()
    for account_id in sorted(set(founders)):
        _seat(person, desk, account_id, "founder", now)
    log.record("desk.named", chain="admin", actor=person.actor, subjects=[desk.id], now=now)
    return desk.id


def name_member(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> None:
    """Name somebody for a desk: they can read nothing until a member lets them in.

    Raises NotAllowed, NotFound, BadInput on ``account`` (role) and WrongState when they are on it.
    """
    check_administrator(person)
    desk = desk_keys.locked_desk(desk_id)
    if not roles_of(account_id) & DESK_ROLES:
        raise BadInput("account", "role")
    if desk_keys.standing_of(desk_id, account_id) is not None:
        raise WrongState
    _seat(person, desk, account_id, "named", now)
    log.record("member.named", chain="admin", actor=person.actor, subjects=[account_id, desk_id], now=now)


def remove_member(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> None:
    """Take somebody off a desk: their grants of its keys end at once. Raises NotAllowed and NotFound."""
    check_administrator(person)
    desk_keys.locked_desk(desk_id)
    member = desk_keys.standing_of(desk_id, account_id)
    if member is None:
        raise NotFound
    member.standing = "left"
    for grant in db.session.scalars(select(Grant).where(Grant.desk_id == desk_id, Grant.account_id == account_id)):
        db.session.delete(grant)
    log.record("member.left", chain="admin", actor=person.actor, subjects=[account_id, desk_id], now=now)


def found_desk(person: Person, desk_id: str, now: dt.datetime) -> RecoveryCodes:
    """Make the desk's two key pairs in this founder's session; what is returned is shown once and kept on paper.

    The founder holds both keys from now on, and lets the others in. Raises NotFound for who is not a founder, and
    WrongState when it was founded before.
    """
    member = desk_keys.standing_of(desk_id, person.id)
    if member is None or member.standing != "founder" or Role.SUPERVISOR not in person.roles:
        raise NotFound
    taken = db.session.execute(
        update(Desk).where(Desk.id == desk_id, Desk.state == "named").values(state="founded", epoch=1)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise WrongState
    desk = desk_keys.locked_desk(desk_id)
    seeds: dict[Kind, bytes] = {kind: opening.new_seed() for kind in desk_keys.KINDS}
    db.session.add(
        DeskEpoch(
            desk_id=desk_id,
            epoch=desk.epoch,
            content_public=opening.public_key(seeds["content"]),
            identity_public=opening.public_key(seeds["identity"]),
            state="current",
            made_by=person.id,
            made_at=now,
        )
    )
    log.record("desk.founded", chain="staff", actor=person.actor, subjects=[desk_id], now=now)
    account = db.session.get_one(Account, person.id)
    for kind, seed in seeds.items():
        desk_keys.give_key(person, desk, seed, kind, account, now)
    member.standing = desk_keys.MEMBER
    return recovery.make_codes(person, desk, seeds, now)


def grant_member(person: Person, desk_id: str, account_id: str, spoken_words: str, now: dt.datetime) -> None:
    """Let a colleague in by sealing the desk's keys to them, after typing the key words that they read out.

    A supervisor gets the identity key too when the person who grants holds it. Raises NotFound for a desk that one
    holds no key of and for somebody who is not on it, NotAllowed for oneself, BadInput on ``words`` (mismatch), and
    WrongState when there is nothing to grant or the colleague has no key yet.
    """
    desk = desk_keys.locked_desk(desk_id)
    content = open_desk_key(person, desk_id, desk.epoch, "content")
    member = desk_keys.standing_of(desk_id, account_id)
    if member is None:
        raise NotFound
    if account_id == person.id:
        raise NotAllowed
    account = db.session.get_one(Account, account_id)
    if account.public_key is None or account.state != "active":
        raise WrongState
    if _plain_words(spoken_words) != keys.key_words(account.public_key, passwords.words()):
        raise BadInput("words", "mismatch")
    held = desk_keys.grants_of(desk_id, desk.epoch)
    seeds: dict[Kind, bytes] = {"content": content}
    if Role.SUPERVISOR in roles_of(account_id) and "identity" in held.get(person.id, ()):
        seeds["identity"] = open_desk_key(person, desk_id, desk.epoch, "identity")
    missing = [kind for kind in seeds if kind not in held.get(account_id, ())]
    if not missing:
        raise WrongState
    for kind in missing:
        desk_keys.give_key(person, desk, seeds[kind], kind, account, now)
    member.standing = desk_keys.MEMBER
    log.record("member.joined", chain="staff", actor=person.actor, subjects=[account_id, desk_id], now=now)
    recovery.open_when_ready(person, desk, now)


def found_sample(
    administrator: Person, name: str, supervisors: Sequence[Person], reviewers: Sequence[Person], now: dt.datetime
) -> tuple[str, RecoveryCodes]:
    """A desk that is open, made by the real steps one after the other: its id and codes. For the sample and tests.

    The first supervisor founds it and lets everybody in; the first two confirm the codes. Raises as the steps do.
    """
    desk_id = name_desk(administrator, name, [person.id for person in supervisors], now)
    for person in reviewers:
        name_member(administrator, desk_id, person.id, now)
    first, second = supervisors[0], supervisors[1]
    codes = found_desk(first, desk_id, now)
    for person in (*supervisors[1:], *reviewers):
        grant_member(first, desk_id, person.id, " ".join(_words_of(person)), now)
    for person in (first, second):
        recovery.confirm_code(person, desk_id, "content", codes.content, now)
        recovery.confirm_code(person, desk_id, "identity", codes.identity, now)
    return desk_id, codes


def _words_of(person: Person) -> tuple[str, ...]:
    return keys.key_words(opening.public_key(person.seed), passwords.words())


def _plain_words(spoken: str) -> tuple[str, ...]:
    return tuple("".join(c if c.isalpha() else " " for c in spoken.casefold()).split())


def _seat(person: Person, desk: Desk, account_id: str, standing: str, now: dt.datetime) -> None:
    row = db.session.get(DeskMember, (desk.id, account_id))
    if row is None:
        row = DeskMember(desk_id=desk.id, account_id=account_id)
        db.session.add(row)
    row.standing, row.named_by, row.since = standing, person.id, now
    db.session.flush()


def _ref(desk: Desk) -> DeskRef:
    return DeskRef(desk.id, desk.name, desk.state, desk.epoch)
