"""Figures of the campaign as a whole, entered by people: never counted from the tips, and never for one exhibit.

A number that grows with every tip would tell a watcher that somebody has just written; a number for one exhibit would
tell which picture was recognised. So each is typed by an administrator, with the day it stood for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.campaign import CampaignFigures
from tipline.services import log

if TYPE_CHECKING:
    from tipline.services.accounts import Person

CHAIN = "admin"
LARGEST = 100_000_000
MOST_SHOWN = 50
_COLUMNS = (
    CampaignFigures.tips_received,
    CampaignFigures.exhibits_recognised,
    CampaignFigures.countries,
    CampaignFigures.children_safeguarded,
)
# Built once: the gallery asks for it.
_NEWEST = (
    select(*_COLUMNS, CampaignFigures.as_of)
    .where(CampaignFigures.withdrawn_at.is_(None))
    .order_by(CampaignFigures.entered_at.desc(), CampaignFigures.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Counts:
    """The four figures; None for one that is not told."""

    tips_received: int | None = None
    exhibits_recognised: int | None = None
    countries: int | None = None
    children_safeguarded: int | None = None


@dataclass(frozen=True)
class Figures(Counts):
    """What the public is shown, and the day that it stood for."""

    as_of: dt.date = dt.date.min


@dataclass(frozen=True)
class Entry:
    """One entry of the history: what was entered, by whom and when, and whether it is the one that is shown."""

    id: str
    counts: Counts
    as_of: dt.date
    entered_by: str
    entered_at: dt.datetime
    withdrawn_at: dt.datetime | None
    shown: bool


def shown() -> Figures | None:
    """The figures that the public sees: the newest that were not withdrawn; None while there are none."""
    row = db.run(_NEWEST).one_or_none()
    return None if row is None else Figures(*row)


def history() -> tuple[Entry, ...]:
    """Every entry, newest first, at most fifty."""
    rows = db.session.execute(
        select(
            CampaignFigures.id,
            *_COLUMNS,
            CampaignFigures.as_of,
            Account.display_name,
            CampaignFigures.entered_at,
            CampaignFigures.withdrawn_at,
        )
        .join(Account, Account.id == CampaignFigures.entered_by)
        .order_by(CampaignFigures.entered_at.desc(), CampaignFigures.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    newest = next((row.id for row in rows if row.withdrawn_at is None), None)
    return tuple(
        Entry(
            id=row.id,
            counts=Counts(*row[1:5]),
            as_of=row.as_of,
            entered_by=row.display_name,
            entered_at=row.entered_at,
            withdrawn_at=row.withdrawn_at,
            shown=row.id == newest,
        )
        for row in rows
    )


def enter(counts: Counts, as_of: dt.date, person: Person, now: dt.datetime) -> None:
    """Show these figures from now on; the earlier ones stay in the history.

    Raises BadInput with ``tips_received`` and ``empty`` when none is given, with the figure's name when one is below
    zero or above a hundred million, and with ``as_of`` for a day that has not come yet.
    """
    given = {column.key: number for column, number in zip(_COLUMNS, astuple(counts), strict=True)}
    if all(number is None for number in given.values()):
        raise BadInput("tips_received", "empty")
    for name, number in given.items():
        if number is not None and not 0 <= number <= LARGEST:
            raise BadInput(name, "range")
    if as_of > now.date():
        raise BadInput("as_of", "future")
    entry_id = new_id()
    db.session.execute(
        insert(CampaignFigures).values(id=entry_id, as_of=as_of, entered_by=person.id, entered_at=now, **given)
    )
    log.record("figures.entered", chain=CHAIN, actor=person.actor, subjects=[entry_id], now=now)


def withdraw(entry_id: str, person: Person, now: dt.datetime) -> None:
    """Take an entry back; if it was the one shown, the one before it is shown again. Raises NotFound, WrongState."""
    found = db.session.get(CampaignFigures, entry_id)
    if found is None:
        raise NotFound
    if found.withdrawn_at is not None:
        raise WrongState
    found.withdrawn_at = now
    log.record("figures.withdrawn", chain=CHAIN, actor=person.actor, subjects=[entry_id], now=now)
