"""What pages show of proposals that need a second person: what waits, and what became of the last ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.approval import Approval
from tipline.models.desk import Desk, DeskMember, Grant
from tipline.roles import DESK_ROLES
from tipline.services import accounts, approvals
from tipline.services.accounts import Person
from tipline.services.approval_acts import ACTS, DECIDERS, owner_of
from tipline.services.approvals import APPROVED, DONE, REFUSED, WAITING, WITHDRAWN

MOST_SHOWN = 100
LAST = 20

# Built once: every page of an administrator or a supervisor counts what waits.
_MY_DESKS = (
    select(Grant.desk_id)
    .join(Desk, (Desk.id == Grant.desk_id) & (Desk.epoch == Grant.epoch))
    .join(DeskMember, (DeskMember.desk_id == Grant.desk_id) & (DeskMember.account_id == Grant.account_id))
    .where(Grant.account_id == bindparam("me"), Grant.kind == "content", DeskMember.standing == "member")
)
_DECIDABLE = or_(
    Approval.act.in_(bindparam("free", expanding=True)),
    and_(Approval.act.in_(bindparam("bound", expanding=True)), Approval.desk_id.in_(_MY_DESKS)),
)
_MINE = Approval.proposed_by == bindparam("me")
_COUNT = select(func.count()).select_from(
    select(Approval.id)
    .where(Approval.state == WAITING, Approval.expires_at > bindparam("now"), _DECIDABLE, ~_MINE)
    .limit(MOST_SHOWN)
    .subquery()
)


@dataclass(frozen=True)
class Proposal:
    """One proposal as a page shows it; ``told`` are its owner's values for the words.

    ``state`` is what it is at this moment: ``expired`` and ``changed`` beside those of the table. ``obstacle`` is why
    the person who looks cannot approve it: ``own``, ``edited`` (by them), ``changed``, ``expired``, ``decided``,
    ``role``; None when they can.
    """

    id: str
    act: str
    subject: str
    digest: str
    told: Mapping[str, Any]
    state: str
    obstacle: str | None
    is_mine: bool
    proposer: str
    decider: str | None
    proposed_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None


def waiting(person: Person, now: dt.datetime) -> tuple[Proposal, ...]:
    """What waits for this person's decision, and what they proposed themselves and is not done; oldest first."""
    live = Approval.state.in_((WAITING, APPROVED)) & (Approval.expires_at > now)
    rows = select(Approval).where(live, or_(_MINE, (Approval.state == WAITING) & _DECIDABLE))
    found = db.session.scalars(rows.order_by(Approval.proposed_at, Approval.id).limit(MOST_SHOWN), _sides(person))
    return _shown(found, person, now)


def ended(person: Person, now: dt.datetime) -> tuple[Proposal, ...]:
    """What became of the last proposals that this person made or could decide on, newest first."""
    ran_out = Approval.state.in_((WAITING, APPROVED)) & (Approval.expires_at <= now)
    over = or_(Approval.state.in_((DONE, REFUSED, WITHDRAWN)), ran_out)
    rows = select(Approval).where(over, or_(_MINE, _DECIDABLE))
    found = db.session.scalars(rows.order_by(Approval.proposed_at.desc(), Approval.id).limit(LAST), _sides(person))
    return _shown(found, person, now)


def count_waiting(person: Person, now: dt.datetime) -> int:
    """How many proposals of others wait for this person's decision, up to a hundred."""
    if not person.roles & DECIDERS:
        return 0
    return int(db.run(_COUNT, {**_sides(person), "now": now}).scalar_one())


def read(approval_id: str, person: Person, now: dt.datetime) -> Proposal:
    """One proposal, for its proposer and for who may decide on it. Raises NotFound for everybody else."""
    row = db.session.get(Approval, approval_id)
    if row is None or not (row.proposed_by == person.id or approvals.may_decide(row, person)):
        raise NotFound
    return _shown([row], person, now)[0]


def standing(act: str, subject: str, person: Person, now: dt.datetime, *, desk_id: str = "") -> Proposal | None:
    """What waits or is approved for this subject now, for the page of the thing itself; None when nothing does."""
    rows = select(Approval).where(Approval.act == act, Approval.subject == subject, Approval.desk_id == desk_id)
    rows = rows.where(Approval.state.in_((WAITING, APPROVED)), Approval.expires_at > now)
    row = db.session.scalars(rows.order_by(Approval.proposed_at.desc()).limit(1)).first()
    return None if row is None else _shown([row], person, now)[0]


def _sides(person: Person) -> dict[str, Any]:
    """The acts that this person may decide on as somebody of no desk, and as somebody of a desk."""
    return {
        "me": person.id,
        "free": [name for name, act in ACTS.items() if person.roles & act.approvers - DESK_ROLES],
        "bound": [name for name, act in ACTS.items() if person.roles & act.approvers & DESK_ROLES],
    }


def _shown(rows: Iterable[Approval], person: Person, now: dt.datetime) -> tuple[Proposal, ...]:
    found = list(rows)
    names = accounts.names_of([one for row in found for one in (row.proposed_by, row.decided_by) if one])
    return tuple(_one(row, person, names, now) for row in found)


def _one(row: Approval, person: Person, names: Mapping[str, str], now: dt.datetime) -> Proposal:
    state = _state(row, now)
    return Proposal(
        id=row.id,
        act=row.act,
        subject=row.subject,
        digest=row.digest,
        told=owner_of(row.act).tell(row.subject, approvals.content_of(row)),
        state=state,
        obstacle=_obstacle(row, person, state),
        is_mine=row.proposed_by == person.id,
        proposer=names.get(row.proposed_by, ""),
        decider=names.get(row.decided_by or ""),
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
    )


def _state(row: Approval, now: dt.datetime) -> str:
    if row.state not in (WAITING, APPROVED):
        return row.state
    if row.expires_at <= now:
        return "expired"
    return row.state if approvals.is_unchanged(row) else "changed"


def _obstacle(row: Approval, person: Person, state: str) -> str | None:
    if state != WAITING:
        return state if state in ("changed", "expired") else "decided"
    if row.proposed_by == person.id:
        return "own"
    if not approvals.may_decide(row, person):
        return "role"
    return "edited" if approvals.has_edited(row, person) else None
