"""What waits in the house for an administrator: numbers only, each counted to a limit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from tipline.extensions import db
from tipline.models.account import Account, Invitation
from tipline.models.appeal import Appeal, Batch, Exhibit
from tipline.models.desk import Desk
from tipline.models.referral import Authority, AuthorityKey, Package

MOST = 1000


@dataclass(frozen=True)
class Overview:
    """Counts; each stops at ``MOST``."""

    packages_to_release: int
    packages_to_send: int
    people: int
    people_invited: int
    resets_waiting: int
    desks_open: int
    desks_not_open: int
    exhibits_published: int
    appeals_draft: int
    batches_waiting: int
    authorities: int
    keys_unconfirmed: int


def read_overview(now: dt.datetime) -> Overview:
    """The numbers of this moment."""
    waiting_resets = select(Invitation.id).where(
        Invitation.kind == "second-factor",
        Invitation.confirmed_by.is_(None),
        Invitation.used_at.is_(None),
        Invitation.expires_at > now,
    )
    return Overview(
        packages_to_release=_count(select(Package.id).where(Package.state == "waiting")),
        packages_to_send=_count(select(Package.id).where(Package.state == "released")),
        people=_count(select(Account.id).where(Account.state == "active")),
        people_invited=_count(select(Account.id).where(Account.state == "invited")),
        resets_waiting=_count(waiting_resets),
        desks_open=_count(select(Desk.id).where(Desk.state == "open")),
        desks_not_open=_count(select(Desk.id).where(Desk.state != "open")),
        exhibits_published=_count(select(Exhibit.id).where(Exhibit.state == "published")),
        appeals_draft=_count(select(Appeal.id).where(Appeal.state == "draft")),
        batches_waiting=_count(select(Batch.id).where(Batch.state == "waiting")),
        authorities=_count(select(Authority.id).where(Authority.state == "active")),
        keys_unconfirmed=_count(select(AuthorityKey.id).where(AuthorityKey.state == "entered")),
    )


def _count(rows: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.limit(MOST).subquery())) or 0
