"""What a desk's page shows of it: its people, their key words and keys, its codes, and what its members are told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import DeskMember
from tipline.roles import DESK_ROLES, Role
from tipline.services import (
    accounts,
    desk_keys,
    desks,
    drills,
    epochs,
    factors,
    recovery,
    resealing,
    rosters,
    transfers,
)
from tipline.services.accounts import AccountRef, Person

TOLD_FOR = dt.timedelta(days=30)


@dataclass(frozen=True)
class Member:
    """Somebody on a desk. ``can_be_let_in``: they have a key, and the person who looks could grant them one."""

    account: AccountRef
    standing: str
    keys: frozenset[str]
    can_be_let_in: bool


@dataclass(frozen=True)
class DeskPage:
    """One desk as a person on it sees it."""

    desk: desks.DeskRef
    standing: str
    keys: frozenset[str]
    members: tuple[Member, ...]
    codes: tuple[recovery.CodeState, ...]
    resets: tuple[factors.Reset, ...]
    due: epochs.Due | None
    left: resealing.Left
    transfers: tuple[transfers.Transfer, ...]
    drills: tuple[drills.Drill, ...]
    fingerprint: str

    @property
    def can_found(self) -> bool:
        """Whether this person may make the desk's keys."""
        return self.desk.state == "named" and self.standing == "founder"

    @property
    def holds_both_keys(self) -> bool:
        """Whether this person may confirm codes and make new ones."""
        return self.keys == frozenset(desk_keys.KINDS)

    @property
    def codes_are_safe(self) -> bool:
        """Whether both codes are confirmed and neither has to be renewed."""
        return recovery.are_sound(self.desk.id)

    @property
    def can_confirm_codes(self) -> bool:
        """Whether there is a code that this person could still confirm."""
        return self.holds_both_keys and any(not code.confirmed and not code.used for code in self.codes)


def read_desk_page(person: Person, desk_id: str, now: dt.datetime) -> DeskPage:
    """A desk that the person is on. Raises NotFound for every other desk."""
    seat = desk_keys.standing_of(desk_id, person.id)
    if seat is None or not person.roles & DESK_ROLES:
        raise NotFound
    desk = desks.read_desk(desk_id)
    mine = desk_keys.grants_of(desk_id, desk.epoch).get(person.id, frozenset())
    members = list_members(desk_id, mine, but=person.id)
    told = factors.recent_resets([member.account.id for member in members], now - TOLD_FOR)
    return DeskPage(
        desk,
        seat.standing,
        mine,
        members,
        recovery.read_codes(desk_id),
        told,
        epochs.read_due(person, desk_id) if mine else None,
        resealing.count_left(desk_id),
        transfers.list_transfers(desk_id) if mine else (),
        drills.list_drills(desk_id),
        rosters.fingerprint_of(desk_id),
    )


def list_members(desk_id: str, mine: frozenset[str] = frozenset(), *, but: str = "") -> tuple[Member, ...]:
    """Everybody on a desk by name; ``mine`` are the keys of the person who looks, who is ``but``."""
    desk = desks.read_desk(desk_id)
    held = desk_keys.grants_of(desk_id, desk.epoch)
    rows = db.session.execute(
        select(Account, DeskMember.standing)
        .join(DeskMember, DeskMember.account_id == Account.id)
        .where(DeskMember.desk_id == desk_id, DeskMember.standing.in_(desk_keys.ON_THE_DESK))
        .order_by(Account.display_name, Account.id)
    ).all()
    described = accounts.describe([account for account, _ in rows])
    return tuple(
        _member(account, standing, held.get(account.id, frozenset()), mine if account.id != but else frozenset())
        for account, (_, standing) in zip(described, rows, strict=True)
    )


def candidates(desk_id: str) -> tuple[AccountRef, ...]:
    """People whose role fits a desk and who are not on this one."""
    seated = {member.account.id for member in list_members(desk_id)}
    return tuple(
        account for account in accounts.list_accounts() if account.roles & DESK_ROLES and account.id not in seated
    )


def _member(account: AccountRef, standing: str, held: frozenset[str], mine: frozenset[str]) -> Member:
    wanted = {"content", "identity"} if Role.SUPERVISOR in account.roles else {"content"}
    ready = account.state == "active" and bool(account.key_words)
    return Member(account, standing, held, ready and "content" in mine and bool((wanted & mine) - held))
