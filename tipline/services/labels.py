"""Labels of a desk: words that its people put on tips so that the queue can be filtered by them.

A label names a thing to do or, in a country's label, the country that somebody claims a tip is about: what a sender
wrote stays sealed, and only a person puts a mark in clear. Names are sealed to the desk (``desk_words``).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, insert, select

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.queue import QueueLabel, TipLabel
from tipline.services import access, desk_words, desks, history, log
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.countries import country

TONES = ("plain", "new", "work", "done", "urgent", "hold")
MOST = 60  # of one desk, beside the countries'
LONGEST = 30
GONE = "Label without a name"
_ON, _LABELS = table_of(TipLabel), table_of(QueueLabel)
# Built once: putting a statement together takes longer than running it.
_ON_THESE = (
    select(_ON.c.tip_id, _ON.c.label_id)
    .where(_ON.c.tip_id.in_(bindparam("wanted", expanding=True)))
    .order_by(_ON.c.label_id)
)
_OF_DESK = select(_LABELS.c.id, _LABELS.c.tone, _LABELS.c.country).where(_LABELS.c.desk_id == bindparam("desk_id"))


@dataclass(frozen=True)
class Label:
    """A label as pages show it. ``country``: its code, where the label is a country's."""

    id: str
    name: str = field(repr=False)
    tone: str
    country: str | None


def of_desk(person: Person, desk_id: str) -> tuple[Label, ...]:
    """The labels of a desk, words first, by name. Raises NotFound for a desk that is not this person's."""
    _check_desk(person, desk_id)
    rows = db.run(_OF_DESK, {"desk_id": desk_id}).all()
    names = desk_words.read(person, desk_id) if any(row.country is None for row in rows) else {}
    found = [
        Label(row.id, country(row.country).name if row.country else names.get(row.id, GONE), row.tone, row.country)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.country is not None, one.name.casefold(), one.id)))


def on_tips(tip_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the labels on these tips."""
    if not tip_ids:
        return {}
    found: dict[str, list[str]] = defaultdict(list)
    for row in db.run(_ON_THESE, {"wanted": list(tip_ids)}):
        found[row.tip_id].append(row.label_id)
    return {tip_id: tuple(ids) for tip_id, ids in found.items()}


def make(person: Person, desk_id: str, name: str, tone: str, now: dt.datetime) -> str:
    """Make a label and return its id. Raises BadInput (name missing, long or taken; tone; too many) and NotFound."""
    known = [one for one in of_desk(person, desk_id) if one.country is None]
    if len(known) >= MOST:
        raise BadInput("label_name", "too-many")
    _check_name(name, {one.name.casefold() for one in known})
    _check_tone(tone)
    label_id = _insert(desk_id, tone, None)
    desk_words.write(person, desk_id, label_id, name)
    _log_change(person, desk_id, now)
    return label_id


def change(person: Person, label_id: str, name: str, tone: str, now: dt.datetime) -> None:
    """Give a label another name or tone. Raises as ``make`` does, and NotFound for a country's label."""
    desk_id = _desk_of(person, label_id)
    others = {one.name.casefold() for one in of_desk(person, desk_id) if one.country is None and one.id != label_id}
    _check_name(name, others)
    _check_tone(tone)
    db.run(_LABELS.update().where(_LABELS.c.id == label_id).values(tone=tone))
    desk_words.write(person, desk_id, label_id, name)
    _log_change(person, desk_id, now)


def remove(person: Person, label_id: str, now: dt.datetime) -> None:
    """Take a label away, from every tip too. Raises NotFound."""
    desk_id = _desk_of(person, label_id)
    db.run(delete(_ON).where(_ON.c.label_id == label_id))
    db.run(delete(_LABELS).where(_LABELS.c.id == label_id))
    desk_words.write(person, desk_id, label_id, None)
    _log_change(person, desk_id, now)


def for_country(person: Person, desk_id: str, code: str) -> str:
    """The id of a country's label at this desk, made when it is first needed. Raises BadInput, NotFound."""
    _check_desk(person, desk_id)
    country(code)
    mine = select(_LABELS.c.id).where(_LABELS.c.desk_id == desk_id, _LABELS.c.country == code)
    found: str | None = db.run(mine).scalar()
    return found or _insert(desk_id, "plain", code)


def put_on(person: Person, ref: str, label_id: str, now: dt.datetime) -> None:
    """Put a label on a tip; needs no look into it. Raises NotFound, and WrongState when it is there already."""
    tip = _tip_for(person, ref, label_id)
    if label_id in on_tips([tip.id]).get(tip.id, ()):
        raise WrongState
    db.run(insert(_ON).values(label_id=label_id, tip_id=tip.id))
    _log_tip(person, tip.id, "on", now)


def take_off(person: Person, ref: str, label_id: str, now: dt.datetime) -> None:
    """Take a label off a tip. Raises NotFound, and WrongState when it is not on it."""
    tip = _tip_for(person, ref, label_id)
    taken = db.run(delete(_ON).where(_ON.c.label_id == label_id, _ON.c.tip_id == tip.id))
    if not taken.rowcount:
        raise WrongState
    _log_tip(person, tip.id, "off", now)


def _insert(desk_id: str, tone: str, code: str | None) -> str:
    label_id = new_id()
    db.run(insert(_LABELS).values(id=label_id, desk_id=desk_id, tone=tone, country=code))
    return label_id


def _check_desk(person: Person, desk_id: str) -> None:
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound


def _desk_of(person: Person, label_id: str) -> str:
    found: str | None = db.run(
        select(_LABELS.c.desk_id).where(_LABELS.c.id == label_id, _LABELS.c.country.is_(None))
    ).scalar()
    if found is None:
        raise NotFound
    _check_desk(person, found)
    return found


def _check_name(name: str, others: set[str]) -> None:
    if not name.strip():
        raise BadInput("label_name", "missing")
    if len(name) > LONGEST:
        raise BadInput("label_name", "long")
    if name.strip().casefold() in others:
        raise BadInput("label_name", "taken")


def _check_tone(tone: str) -> None:
    if tone not in TONES:
        raise BadInput("tone", "unknown")


def _tip_for(person: Person, ref: str, label_id: str) -> TipFacts:
    """The tip, when the label is its desk's."""
    tip = access.see_tip(person, ref)
    if db.run(select(_LABELS.c.id).where(_LABELS.c.id == label_id, _LABELS.c.desk_id == tip.desk_id)).first() is None:
        raise NotFound
    return tip


def _log_tip(person: Person, tip_id: str, after: str, now: dt.datetime) -> None:
    history.add(tip_id, "tip.labelled", actor=person.actor, now=now, after=after)
    log.record("tip.labelled", chain="staff", actor=person.actor, subjects=[tip_id], now=now, field_group=after)


def _log_change(person: Person, desk_id: str, now: dt.datetime) -> None:
    log.record("label.changed", chain="staff", actor=person.actor, subjects=[desk_id], now=now)
