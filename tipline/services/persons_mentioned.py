"""People whom a tip names: as what, and why they must be kept (Arts 73 and 76 of Regulation (EU) 2018/1725).

A name in a tip is an unverified one, whatever the tip says of it. Nobody becomes a suspect by a tip: that word needs
the reference of an authority. Special categories of data need strict necessity in words, and the auditors are told.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field

from sqlalchemy import delete, select

from tipline.errors import BadInput, NotFound
from tipline.extensions import db
from tipline.models.base import new_id
from tipline.models.tip import TipRecord
from tipline.services import access, history, log, records, special_flags
from tipline.services.access import OpenTip

PART = "person"
UNVERIFIED = "unverified_named_person"
CATEGORIES = (UNVERIFIED, "suspect", "convicted", "victim", "witness", "informant", "contact", "other")
# The words that say something against a person: only with the reference of an authority that said it.
_ACCUSING = frozenset({"suspect", "convicted"})
NAME_LIMIT, TEXT_LIMIT, REFERENCE_LIMIT = 200, 1000, 100
MOST = 50


@dataclass(frozen=True)
class Mention:
    """What is written down of one person. ``special`` says why special categories of data are strictly necessary."""

    name: str = field(repr=False)
    category: str
    role: str = field(repr=False)
    necessity: str = field(repr=False)
    authority_ref: str = field(default="", repr=False)
    is_special: bool = False
    special: str = field(default="", repr=False)


@dataclass(frozen=True)
class WrittenMention:
    """One person of a tip."""

    id: str
    writer: str | None
    written_at: dt.datetime
    mention: Mention = field(repr=False)


def mention(opened: OpenTip, said: Mention, now: dt.datetime) -> str:
    """Write down a person whom the tip names; returns the mention's id.

    Raises BadInput by field: ``person_name``, ``category``, ``role``, ``necessity``, ``authority_ref`` (missing for a
    suspect), ``special`` (missing although the flag is set); WrongState while the tip is restricted.
    """
    access.check_unrestricted(opened)
    _check(said)
    there = mentions(opened)
    for one in there:
        if one.mention == said:  # a second click
            return one.id
    if len(there) >= MOST:
        raise BadInput("person_name", "too-many")
    mention_id = new_id()
    records.write_record(opened, f"{PART}:{mention_id}", asdict(said), now)
    history.add(opened.tip.id, "person.mentioned", actor=opened.person.actor, now=now)
    _log("person.mentioned", opened, now, said.category)
    if said.is_special:
        _log("person.special", opened, now, "special-category")
        special_flags.flag(mention_id, opened.tip.id, opened.person, now)
    return mention_id


def mentions(opened: OpenTip) -> tuple[WrittenMention, ...]:
    """The people of a tip, oldest first."""
    return tuple(
        WrittenMention(one.subject, one.writer, one.written_at, Mention(**one.value))
        for one in records.read_records(opened, PART)
    )


def remove(opened: OpenTip, mention_id: str, now: dt.datetime) -> None:
    """Erase a person's record; that it was there stays in the history. Raises NotFound."""
    access.check_unrestricted(opened)
    mine = (TipRecord.tip_id == opened.tip.id, TipRecord.part == f"{PART}:{mention_id}")
    if db.session.scalars(select(TipRecord.id).where(*mine)).first() is None:
        raise NotFound
    db.session.execute(delete(TipRecord).where(*mine))
    special_flags.note_removed(mention_id, now)
    history.add(opened.tip.id, "person.removed", actor=opened.person.actor, now=now)
    _log("person.removed", opened, now, None)


def _check(said: Mention) -> None:
    if said.category not in CATEGORIES:
        raise BadInput("category", "unknown")
    for name, text, limit in (
        ("person_name", said.name, NAME_LIMIT),
        ("necessity", said.necessity, TEXT_LIMIT),
        ("role", said.role, NAME_LIMIT),
        ("authority_ref", said.authority_ref, REFERENCE_LIMIT),
        ("special", said.special, TEXT_LIMIT),
    ):
        if len(text) > limit:
            raise BadInput(name, "long")
    needed = {"person_name": said.name, "necessity": said.necessity}
    if said.category in _ACCUSING:
        needed["authority_ref"] = said.authority_ref
    if said.is_special:
        needed["special"] = said.special
    for name, text in needed.items():
        if not text.strip():
            raise BadInput(name, "missing")


def _log(event: str, opened: OpenTip, now: dt.datetime, field_group: str | None) -> None:
    log.record(
        event, chain="staff", actor=opened.person.actor, subjects=[opened.tip.id], now=now, field_group=field_group
    )
