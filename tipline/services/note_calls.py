"""Colleagues whom a note calls: ``@`` and a name in it tell that person of the tip, never of what the note says."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select

from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.telling import NoteCall
from tipline.models.tip import Tip
from tipline.services import desks, history, tips
from tipline.services.access import OpenTip
from tipline.services.accounts import Person

MOST_SHOWN = 100


@dataclass(frozen=True)
class Call:
    """One tip that somebody is called to; ``caller`` is None when that person has left."""

    ref: str
    status: str
    lane: str
    caller: str | None
    called_at: dt.datetime


def call(opened: OpenTip, text: str, now: dt.datetime) -> tuple[str, ...]:
    """Tell the colleagues of the desk whom a note names with ``@`` of the tip; returns their names.

    A full name calls its bearers, a first name only when one person at the desk has it. Oneself is never called.
    """
    people = {one: name for one, name in tips.members(opened.tip.desk_id) if one != opened.person.id}
    called = {one: name for one, name in people.items() if one in _named_in(text, people)}
    waiting = set(db.session.scalars(select(NoteCall.account_id).where(NoteCall.tip_id == opened.tip.id)))
    for account_id in called:
        if account_id not in waiting:
            row = {"account_id": account_id, "tip_id": opened.tip.id, "called_by": opened.person.id, "called_at": now}
            db.session.execute(insert(NoteCall).values(**row))
        history.add(opened.tip.id, "note.called", actor=opened.person.actor, now=now, after=account_id)
    return tuple(called.values())


def count(person: Person) -> int:
    """How many tips this person is called to, up to a hundred."""
    some = _mine(person).with_only_columns(NoteCall.tip_id).limit(MOST_SHOWN)
    return int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)


def list_calls(person: Person) -> tuple[Call, ...]:
    """The tips of one's own desks that one is called to, the newest call first."""
    rows = db.session.execute(_mine(person).order_by(NoteCall.called_at.desc(), Tip.ref).limit(MOST_SHOWN))
    return tuple(Call(*row) for row in rows)


def is_called(person: Person, tip_id: str) -> bool:
    """Whether a note at this tip calls this person."""
    return db.session.get(NoteCall, (person.id, tip_id)) is not None


def see(person: Person, tip_id: str) -> None:
    """The person has seen it; calling them again makes a new call. Doing it again changes nothing."""
    db.session.execute(delete(NoteCall).where(NoteCall.account_id == person.id, NoteCall.tip_id == tip_id))


def _mine(person: Person) -> Select[Any]:
    mine = [desk.id for desk in desks.desks_of(person)]
    columns: tuple[Any, ...] = (Tip.ref, Tip.status, Tip.lane, Account.display_name, NoteCall.called_at)
    return (
        select(*columns)
        .join_from(NoteCall, Tip, Tip.id == NoteCall.tip_id)
        .outerjoin(Account, Account.id == NoteCall.called_by)
        # No index by the desk: SQLite would walk through all of its tips to find the few calls.
        .where(NoteCall.account_id == person.id, func.coalesce(Tip.desk_id, "").in_(mine))
    )


def _named_in(text: str, people: dict[str, str]) -> set[str]:
    names = {one: _folded(name) for one, name in people.items()}
    firsts = Counter(name.split()[0] for name in names.values() if name)
    called: dict[str, set[str]] = {}
    for one, name in names.items():
        called.setdefault(name, set()).add(one)
    for one, name in names.items():
        first = name.split()[0] if name else ""
        if firsts[first] == 1:
            called.setdefault(first, set()).add(one)
    longest_first = sorted((name for name in called if name), key=len, reverse=True)
    if not longest_first:
        return set()
    pattern = re.compile(r"(?<!\w)@(" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
    return {one for name in pattern.findall(_folded(text)) for one in called[name]}


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
