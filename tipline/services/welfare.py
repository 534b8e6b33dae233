"""What a person has looked at in their shift, their own limit, and what they would rather leave to colleagues.

It lies in one record under a key that only the person's own seed gives: no supervisor, administrator or auditor can
read it, it is in no figure, and a new key pair starts it anew (DOMAIN 2.4). What the law asks for is the log's.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from tipline.clock import hour_of
from tipline.crypto import envelope
from tipline.errors import BadInput, Damaged, LeftToColleagues, RestDue
from tipline.extensions import db
from tipline.models.welfare import WelfareDiary
from tipline.services.accounts import Person

PICTURE = "picture"
FILE = "file"
DISCLOSURE = "disclosure"
KINDS = (PICTURE, FILE, DISCLOSURE)
USUAL_LIMIT = 20
LOWEST_LIMIT, HIGHEST_LIMIT = 1, 200
MORE = 5  # how many more looks "go on" gives
SHIFT = dt.timedelta(hours=10)  # the longest session
DAYS_KEPT = 90
_PART = "welfare"


@dataclass(frozen=True)
class Diary:
    """``looked`` in the last ten hours, ``days`` newest first; ``room`` is what is left before the gentle page."""

    looked: int = field(repr=False)
    room: int = field(repr=False)
    limit: int = field(repr=False)
    days: tuple[tuple[dt.date, int], ...] = field(repr=False)
    left_out: frozenset[str] = field(repr=False)


def read(person: Person, now: dt.datetime) -> Diary:
    """One's own diary as it stands."""
    kept = _opened(person)
    looked = _in_shift(kept["hours"], now)
    days = sorted(((dt.date.fromisoformat(day), number) for day, number in kept["days"].items()), reverse=True)
    return Diary(
        looked,
        max(0, kept["limit"] + _in_shift(kept["more"], now) - looked),
        kept["limit"],
        tuple(days),
        frozenset(kept["left_out"]),
    )


def look(person: Person, kind: str, now: dt.datetime) -> None:
    """Count a look at a file that the person is about to take.

    Raises LeftToColleagues for a kind that they leave to others, RestDue when their limit of the shift is reached.
    """
    diary = read(person, now)
    if kind in diary.left_out:
        raise LeftToColleagues
    if diary.room == 0:
        raise RestDue
    kept = _opened(person)
    _count(kept["hours"], _hour(now), 1)
    _count(kept["days"], now.date().isoformat(), 1)
    _keep(person, kept, now)


def go_on(person: Person, now: dt.datetime) -> None:
    """Take a few more looks in this shift; the person decides, nobody is told. A second click changes nothing."""
    if read(person, now).room:
        return
    kept = _opened(person)
    _count(kept["more"], _hour(now), MORE)
    _keep(person, kept, now)


def choose(person: Person, limit: int, left_out: Collection[str], now: dt.datetime) -> None:
    """Set one's own limit of a shift and the kinds that one leaves to colleagues. Raises BadInput."""
    if not LOWEST_LIMIT <= limit <= HIGHEST_LIMIT:
        raise BadInput("limit", "range")
    if not set(left_out) <= set(KINDS):
        raise BadInput("left_out", "unknown")
    kept = _opened(person)
    _keep(person, {**kept, "limit": limit, "left_out": sorted(left_out)}, now)


def empty_diary(person: Person, now: dt.datetime) -> None:
    """Forget every count; limit and choices stay."""
    kept = _opened(person)
    _keep(person, {**_empty(), "limit": kept["limit"], "left_out": kept["left_out"]}, now)


def forget(account_id: str) -> None:
    """The diary goes with its person."""
    db.session.execute(delete(WelfareDiary).where(WelfareDiary.account_id == account_id))


def _empty() -> dict[str, Any]:
    return {"hours": {}, "more": {}, "days": {}, "limit": USUAL_LIMIT, "left_out": []}


def _opened(person: Person) -> dict[str, Any]:
    sealed = db.session.execute(
        select(WelfareDiary.sealed).where(WelfareDiary.account_id == person.id).with_for_update()
    ).scalar_one_or_none()
    if sealed is None:
        return _empty()
    try:
        plain = envelope.decrypt_record(_key(person), bytes(sealed), tip_id=person.id, part=_PART)
    except Damaged:  # the key pair is a new one: what was noted under the old one is gone
        return _empty()
    return {**_empty(), **json.loads(plain)}


def _keep(person: Person, kept: dict[str, Any], now: dt.datetime) -> None:
    first = (now.date() - dt.timedelta(days=DAYS_KEPT)).isoformat()
    start = _hour(now - SHIFT)
    kept["days"] = {day: number for day, number in kept["days"].items() if day > first}
    for name in ("hours", "more"):
        kept[name] = {hour: number for hour, number in kept[name].items() if hour > start}
    sealed = envelope.encrypt_record(_key(person), json.dumps(kept).encode("ascii"), tip_id=person.id, part=_PART)
    db.session.merge(WelfareDiary(account_id=person.id, sealed=sealed))
    db.session.flush()


def _in_shift(hours: dict[str, int], now: dt.datetime) -> int:
    start = _hour(now - SHIFT)
    return sum(number for hour, number in hours.items() if hour > start)


def _count(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + number


def _hour(moment: dt.datetime) -> str:
    return hour_of(moment).isoformat()


def _key(person: Person) -> bytes:
    return envelope.derive_key(person.seed, purpose=_PART)
