"""Whether something waits for a person, by kind: for a digest, so without a number and without a name."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Select, select

from tipline.extensions import db
from tipline.models.account import AccountRole
from tipline.models.approval import Approval
from tipline.models.desk import DeskMember
from tipline.models.referral import Package
from tipline.models.telling import NoteCall, SpecialFlag
from tipline.models.tip import Addition, RightsRequest, Tip
from tipline.roles import Role
from tipline.services import desk_keys

TIPS, ADDED, REQUESTS, APPROVALS, RELEASES = "tips", "added", "requests", "approvals", "releases"
CALLS, FLAGS = "calls", "flags"


def kinds_for(account_id: str, since: dt.datetime, now: dt.datetime) -> tuple[str, ...]:
    """What waits for this person: tips that came since and that nobody looked through, and whatever is open."""
    roles = set(db.session.scalars(select(AccountRole.role).where(AccountRole.account_id == account_id)))
    desks = db.session.scalars(
        select(DeskMember.desk_id).where(DeskMember.account_id == account_id, DeskMember.standing == desk_keys.MEMBER)
    ).all()
    asked = [*((kind, query) for desk in desks for kind, query in _at_desk(desk, account_id, since, now))]
    if Role.ADMINISTRATOR in roles:
        asked.append((RELEASES, select(Package.id).where(Package.state == "waiting")))
        asked.append((APPROVALS, _approvals("", account_id, now)))
    if Role.AUDITOR in roles:
        asked.append((FLAGS, select(SpecialFlag.mention_id).where(SpecialFlag.seen_at.is_(None))))
    order = (TIPS, ADDED, CALLS, REQUESTS, APPROVALS, RELEASES, FLAGS)
    found = {kind for kind, query in asked if db.session.execute(query.limit(1)).first() is not None}
    return tuple(kind for kind in order if kind in found)


def _at_desk(
    desk_id: str, account_id: str, since: dt.datetime, now: dt.datetime
) -> tuple[tuple[str, Select[Any]], ...]:
    new = select(Tip.id).where(Tip.desk_id == desk_id, Tip.status == "received", Tip.received_at >= since)
    added = select(Addition.id).join(Tip, Tip.id == Addition.tip_id)
    added = added.where(Addition.opened_at.is_(None), Tip.desk_id == desk_id)
    asked = select(RightsRequest.id).where(RightsRequest.desk_id == desk_id, RightsRequest.state == "open")
    called = select(NoteCall.tip_id).join(Tip, Tip.id == NoteCall.tip_id)
    called = called.where(NoteCall.account_id == account_id, Tip.desk_id == desk_id)
    decide = _approvals(desk_id, account_id, now)
    return (TIPS, new), (ADDED, added), (CALLS, called), (REQUESTS, asked), (APPROVALS, decide)


def _approvals(desk_id: str, account_id: str, now: dt.datetime) -> Select[Any]:
    return select(Approval.id).where(
        Approval.state == "waiting",
        Approval.expires_at > now,
        Approval.desk_id == desk_id,
        Approval.proposed_by != account_id,
    )
