"""Desks: named by an administrator, founded in a supervisor's session, and joined by word of mouth (SECURITY 7-9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, select, update

from tipline.crypto import opening
from tipline.crypto.grants import Kind
from tipline.crypto.rosters import Roster
from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskEpoch, DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import accounts, confirmed_keys, desk_keys, log, reading, recovery, rosters
from tipline.services.accounts import Person, check_administrator, end_sessions, roles_of, words_of
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
    stopped_for: str | None = None  # why nothing is sealed to it now; see errors.KeysMismatch


# Built once: every page of the desk asks this, some more than once.
_MINE = (
    select(Desk.id, Desk.name, Desk.state, Desk.epoch)
    .join(DeskMember, DeskMember.desk_id == Desk.id)
    .join(Grant, (Grant.desk_id == Desk.id) & (Grant.account_id == DeskMember.account_id))
    .where(DeskMember.account_id == bindparam("person"), DeskMember.standing == desk_keys.MEMBER)
    .where(Grant.kind == "content", Grant.epoch == Desk.epoch)
    .order_by(Desk.name)
)


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
    rows = reading.once(("desks", person.id), lambda: db.run(_MINE, {"person": person.id}).all())
    return tuple(DeskRef(*row) for row in rows)


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
    shown = check_naming(name, founders)
    desk = Desk(id=new_id(), name=shown, state="named", epoch=0, created_at=now)
    db.session.add(desk)
    db.session.flush()
    for account_id in sorted(set(founders)):
        _seat(person, desk, account_id, "founder", now)
    log.record("desk.named", chain="admin", actor=person.actor, subjects=[desk.id], now=now)
    return desk.id


def check_naming(name: str, founders: Collection[str]) -> str:
    """The name as it will be kept. Raises BadInput as ``name_desk`` does."""
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST_NAME:
        raise BadInput("name", "empty" if not shown else "too-long")
    if db.session.scalar(select(Desk.id).where(Desk.name == shown)):
        raise BadInput("name", "taken")
    if len(set(founders)) < FEWEST_FOUNDERS:
        raise BadInput("founders", "too-few")
    if any(Role.SUPERVISOR not in roles_of(account_id) for account_id in founders):
        raise BadInput("founders", "not-supervisor")
    return shown


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


def remove_member(person: Person, desk_id: str, account_id: str, now: dt.datetime, *, agreed: bool = False) -> None:
    """Take somebody off a desk: their grants of its keys end at once, and new keys are due.

    A supervisor signs the roster without them, so that nobody can write them back into it.
    Doors come by way of ``removals``; ``agreed`` by two: either may make the new keys. Raises NotFound and NotAllowed.
    """
    if not person.roles & {Role.ADMINISTRATOR, Role.SUPERVISOR}:
        raise NotAllowed
    desk_keys.locked_desk(desk_id)
    member = desk_keys.standing_of(desk_id, account_id)
    if member is None:
        raise NotFound
    if person.id != account_id:
        rosters.sign_off(person, desk_id, account_id, now)
    confirmed_keys.end_words(account_id, desk_id)
    desk_keys.mark_due(account_id, "left", None if agreed else person, now, desk_id=desk_id)
    member.standing = "left"
    for grant in db.session.scalars(select(Grant).where(Grant.desk_id == desk_id, Grant.account_id == account_id)):
        db.session.delete(grant)
    end_sessions(account_id)
    log.record("member.left", chain=person.chain, actor=person.actor, subjects=[account_id, desk_id], now=now)


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
        desk_keys.give_key(person, desk, desk.epoch, seed, kind, account, now)
    people = {person.id: rosters.holder_of(account, *desk_keys.KINDS)}
    rosters.found(person, Roster(desk_id, "", {desk.epoch: rosters.epoch_keys(seeds)}, people), now)
    member.standing = desk_keys.MEMBER
    return recovery.make_codes(person, desk, seeds, now)


def grant_member(person: Person, desk_id: str, account_id: str, spoken_words: str, now: dt.datetime) -> None:
    """Let a colleague in by sealing the desk's keys to them, after typing the key words that they read out.

    A supervisor gets the identity key too when the person who grants holds it. Raises NotFound for a desk that one
    holds no key of and for somebody who is not on it, NotAllowed for oneself, BadInput on ``words`` (mismatch), and
    WrongState when there is nothing to grant or the colleague has no key yet.
    """
    desk = desk_keys.locked_desk(desk_id)
    open_desk_key(person, desk_id, desk.epoch, "content")
    member = desk_keys.standing_of(desk_id, account_id)
    if member is None:
        raise NotFound
    if account_id == person.id:
        raise NotAllowed
    account = db.session.get_one(Account, account_id)
    if account.public_key is None or account.state != "active":
        raise WrongState
    if _plain_words(spoken_words) != words_of(account):
        raise BadInput("words", "mismatch")
    held = desk_keys.grants_of(desk_id, desk.epoch)
    kinds: list[Kind] = ["content"]
    if Role.SUPERVISOR in roles_of(account_id) and "identity" in held.get(person.id, ()):
        kinds.append("identity")
    if not set(kinds) - held.get(account_id, frozenset()):
        raise WrongState
    _let_in(person, desk, account, kinds, now)
    member.standing = desk_keys.MEMBER
    log.record("member.joined", chain="staff", actor=person.actor, subjects=[account_id, desk_id], now=now)
    recovery.open_when_ready(person, desk, now)


def _let_in(person: Person, desk: Desk, account: Account, kinds: Sequence[Kind], now: dt.datetime) -> None:
    """Give what is missing of every epoch that is still in use, and sign the roster with them on it."""
    for epoch in desk_keys.live_epochs(desk.id):
        held = desk_keys.grants_of(desk.id, epoch)
        for kind in kinds:
            if kind in held.get(person.id, ()) and kind not in held.get(account.id, ()):
                seed = open_desk_key(person, desk.id, epoch, kind)
                desk_keys.give_key(person, desk, epoch, seed, kind, account, now)
    chain = rosters.check(person, desk.id)
    if chain is not None:
        all_kinds = desk_keys.grants_of(desk.id, desk.epoch)[account.id]
        people = {**chain.roster.people, account.id: rosters.holder_of(account, *all_kinds)}
        rosters.change(person, chain, replace(chain.roster, people=people), now)


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
        words = accounts.read_account(person.id).key_words
        grant_member(first, desk_id, person.id, " ".join(words), now)
    for person in (first, second):
        recovery.confirm_code(person, desk_id, "content", codes.content, now)
        recovery.confirm_code(person, desk_id, "identity", codes.identity, now)
    return desk_id, codes


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
    return DeskRef(desk.id, desk.name, desk.state, desk.epoch, desk.stopped_for)
