"""Notices by mail that something waits: never what, never of which tip, never how many.

A mail passes through hands that we do not know, so it says only that something waits and where to sign in. The timer
looks for what is new, so nothing that the public or the desk does ever waits for a mail, and what could not be sent
is tried again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update

from tipline import config, mailer
from tipline.clock import hour_of
from tipline.config import MAIL_ADDRESS
from tipline.crypto import envelope
from tipline.errors import BadInput, Damaged, MailNotSent
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk import DeskMember
from tipline.models.notice import Notice, NoticeSetting, UrgentTold
from tipline.models.tip import Addition, Tip
from tipline.services import desk_keys, waiting
from tipline.services.accounts import Person

URGENT, DIGEST, TEST = "urgent", "digest", "test"
ADDRESS_KEY = "mail.key"  # held by the staff part and the timer; never in the database
APART = dt.timedelta(minutes=5)  # a wave of urgent tips is one mail in five minutes
GIVEN_UP = dt.timedelta(hours=24)
CLAIMED = dt.timedelta(minutes=2)  # longer than a try takes: two timers never send one notice twice
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Wish:
    """What a person wants to be told of by mail."""

    address: str = field(default="", repr=False)
    urgent: bool = False
    digest: bool = False
    failed_on: dt.date | None = None


@dataclass(frozen=True)
class Letter:
    """A notice that is this caller's to send now. ``about``: codes of what waits, for a digest."""

    id: str
    kind: str
    about: tuple[str, ...]
    address: str = field(repr=False)


def can_send() -> bool:
    """Whether mail is set up at all."""
    return mailer.is_on()


def read_wish(person: Person) -> Wish:
    """What the person has asked for; nothing, as long as they have not."""
    row = db.session.get(NoticeSetting, person.id, populate_existing=True)
    if row is None:
        return Wish()
    return Wish(_address_of(row) or "", row.urgent, row.digest, row.failed_on)


def wish(person: Person, address: str, now: dt.datetime, *, urgent: bool, digest: bool) -> None:
    """Take the person's wish, and send a first notice that shows whether the address is right. Raises BadInput."""
    if not MAIL_ADDRESS.fullmatch(address):
        raise BadInput("address", "unknown")
    if not (urgent or digest):
        raise BadInput("about", "missing")
    sealed = envelope.wrap_key(_key(), address.encode(), context=_context(person.id))
    row = db.session.get(NoticeSetting, person.id)
    since = row.digested_at if row is not None else now
    is_new = row is None or _address_of(row) != address
    failed_on = None if is_new or row is None else row.failed_on
    values = {"urgent": urgent, "digest": digest, "digested_at": since, "failed_on": failed_on}
    db.session.merge(NoticeSetting(account_id=person.id, address=sealed, **values))
    db.session.flush()
    if is_new:
        _make([person.id], TEST, now)


def forget(account_id: str) -> None:
    """Tell this person of nothing any more; their address is gone."""
    for table in (Notice, NoticeSetting):
        db.session.execute(delete(table).where(table.account_id == account_id))


def make_urgent(now: dt.datetime) -> int:
    """Make notices of what became urgent and was not told of yet; for how many desks."""
    return sum(_tell_of_urgent(desk_id, now) for desk_id in db.session.scalars(select(DeskMember.desk_id).distinct()))


def make_digests(now: dt.datetime) -> int:
    """Make the digests whose hour has come, for those for whom something waits; how many."""
    due = _last_hour(now)
    rows = db.session.scalars(
        select(NoticeSetting)
        .join(Account, Account.id == NoticeSetting.account_id)
        .where(NoticeSetting.digest, NoticeSetting.digested_at < due, Account.state == "active")
    ).all()
    made = 0
    for row in rows:
        about = waiting.kinds_for(row.account_id, hour_of(row.digested_at), now)
        row.digested_at = due
        if about:
            _make([row.account_id], DIGEST, now, about)
            made += 1
    return made


def due(now: dt.datetime) -> list[str]:
    """Ids of notices whose moment has come; the urgent ones first."""
    rows = select(Notice.id).where(Notice.next_at <= now).order_by(Notice.kind.desc(), Notice.next_at)
    return list(db.session.scalars(rows.limit(MOST_AT_ONCE)))


def claim(notice_id: str, now: dt.datetime) -> Letter | None:
    """Take a notice to send it, for two minutes; None when it is not due any more or leads nowhere."""
    taken = db.session.execute(
        update(Notice).where(Notice.id == notice_id, Notice.next_at <= now).values(next_at=now + CLAIMED)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row, setting = db.session.execute(
        select(Notice, NoticeSetting)
        .outerjoin(NoticeSetting, NoticeSetting.account_id == Notice.account_id)
        .where(Notice.id == notice_id)
        .execution_options(populate_existing=True)
    ).one()
    address = _address_of(setting) if setting is not None else None
    if address is None:
        _end(notice_id, row.account_id, now.date())
        return None
    return Letter(row.id, row.kind, tuple(row.about.split(",")) if row.about else (), address)


def send(letter: Letter, subject: str, text: str, now: dt.datetime) -> None:
    """Hand a claimed notice to the mail server; touches no table. Raises MailNotSent."""
    mailer.send(letter.address, subject, text, now)


def note_sent(letter: Letter) -> None:
    """The notice has left: nothing of it stays."""
    account_id = db.session.scalar(select(Notice.account_id).where(Notice.id == letter.id))
    if account_id is not None:
        _end(letter.id, account_id, None)


def note_failure(letter: Letter, failure: MailNotSent, now: dt.datetime) -> None:
    """Try again later, each time a little later; after a day, or when the address is refused, no more."""
    row = db.session.get(Notice, letter.id, populate_existing=True)
    if row is None:
        return
    if failure.why == "refused" or now - row.made_at >= GIVEN_UP:
        _end(letter.id, row.account_id, now.date())
        return
    row.next_at = now + PAUSES[min(row.tries, len(PAUSES) - 1)]
    row.tries += 1


def _tell_of_urgent(desk_id: str, now: dt.datetime) -> bool:
    new = _untold(desk_id)
    if not new or _told_lately(desk_id, now):
        return False
    told = [{"subject_id": one, "tip_id": tip_id, "desk_id": desk_id, "told_at": now} for one, tip_id in new]
    db.session.execute(insert(UrgentTold), told)
    people = db.session.scalars(
        select(NoticeSetting.account_id)
        .join(DeskMember, DeskMember.account_id == NoticeSetting.account_id)
        .join(Account, Account.id == NoticeSetting.account_id)
        .where(DeskMember.desk_id == desk_id, DeskMember.standing == desk_keys.MEMBER)
        .where(NoticeSetting.urgent, Account.state == "active")
        .where(~exists().where(Notice.account_id == NoticeSetting.account_id, Notice.kind == URGENT))
    ).all()
    _make(people, URGENT, now)
    return True


def _untold(desk_id: str) -> list[tuple[str, str]]:
    """What is urgent at a desk and was not told of: tips, and additions that nobody has opened; a bounded number."""
    mine = (Tip.desk_id == desk_id, Tip.closed.is_(False), Tip.urgent.is_(True))
    told: Callable[[Any], Any] = lambda column: exists().where(UrgentTold.subject_id == column)  # noqa: E731
    tips = select(Tip.id, Tip.id).where(*mine, ~told(Tip.id)).limit(MOST_AT_ONCE)
    added = (
        select(Addition.id, Addition.tip_id)
        .join(Tip, Tip.id == Addition.tip_id)
        .where(*mine, Addition.urgent.is_(True), Addition.opened_at.is_(None), ~told(Addition.id))
        .limit(MOST_AT_ONCE)
    )
    return [(row[0], row[1]) for query in (tips, added) for row in db.session.execute(query)]


def _told_lately(desk_id: str, now: dt.datetime) -> bool:
    last = db.session.scalar(select(func.max(UrgentTold.told_at)).where(UrgentTold.desk_id == desk_id))
    return last is not None and now - last < APART


def _make(account_ids: Iterable[str], kind: str, now: dt.datetime, about: Iterable[str] = ()) -> None:
    rows = [
        {"id": new_id(), "account_id": one, "kind": kind, "about": ",".join(about), "made_at": now, "next_at": now}
        for one in account_ids
    ]
    if rows:
        db.session.execute(insert(Notice), rows)


def _end(notice_id: str, account_id: str, failed_on: dt.date | None) -> None:
    db.session.execute(delete(Notice).where(Notice.id == notice_id))
    db.session.execute(update(NoticeSetting).where(NoticeSetting.account_id == account_id).values(failed_on=failed_on))


def _last_hour(now: dt.datetime) -> dt.datetime:
    """The newest of the fixed hours that has come."""
    today = now.replace(minute=0, second=0, microsecond=0)
    hours = config.current().notice_hours
    come = [hour for hour in hours if hour <= now.hour]
    return today.replace(hour=come[-1]) if come else today.replace(hour=hours[-1]) - dt.timedelta(days=1)


def _address_of(row: NoticeSetting) -> str | None:
    try:
        return envelope.unwrap_key(_key(), bytes(row.address), context=_context(row.account_id)).decode()
    except Damaged:  # another key: the address has to be entered anew
        return None


def _key() -> bytes:
    return config.current().secret(ADDRESS_KEY)


def _context(account_id: str) -> str:
    return f"notice-address/{account_id}"
