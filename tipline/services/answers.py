"""What a tipster answered, and who they are: two records that are always kept apart.

``Answers`` is the record part "answers" under the tip's content key, ``Identity`` the part "identity" under its
identity key; both are JSON with a version, so that a later form can still read an earlier one's records.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from tipline.crypto import envelope
from tipline.errors import Damaged

ANSWERS = "answers"
IDENTITY = "identity"
FORMAT = 1
Record = TypeVar("Record")

HOW_KNOWN = ("first_hand", "owns_or_sold_it", "found_online", "told", "other")
CERTAINTY = ("sure", "think_so", "guess")
SHARED_ELSEWHERE = ("no", "police", "others")

LONGEST_NARRATIVE = 10_000
LONGEST_LINE = 200
LONGEST_LINK = 500
MOST_COUNTRIES = 20
MOST_LINKS = 20


@dataclass(frozen=True)
class Answers:
    """The answers of one tip. Only the narrative and its language are always there."""

    narrative: str = field(repr=False)
    tip_language: int
    other_language: str = field(default="", repr=False)
    how_known: str = field(default="", repr=False)
    certainty: str = field(default="", repr=False)
    product: str = field(default="", repr=False)
    countries: tuple[str, ...] = field(default=(), repr=False)
    years: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    links: tuple[str, ...] = field(default=(), repr=False)
    shared_elsewhere: str = field(default="", repr=False)
    child_at_risk: bool = field(default=False, repr=False)

    def as_record(self, mailbox: str = "") -> bytes:
        """The record's plain text, with the mark of the mailbox's key where there is a mailbox."""
        return _dump({**asdict(self), **({"mailbox": mailbox} if mailbox else {})})

    @classmethod
    def from_record(cls, record: bytes) -> Answers:
        """The answers in a record. Raises Damaged when it is none."""
        raw = _load(record)
        raw.pop("mailbox", None)
        raw["countries"] = tuple(raw.get("countries", ()))
        raw["links"] = tuple(raw.get("links", ()))
        return _build(cls, raw)


@dataclass(frozen=True)
class Identity:
    """How to reach a tipster who wants to be reached."""

    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        """Whether anything was given."""
        return bool(self.name or self.email or self.phone)

    def as_record(self) -> bytes:
        """The record's plain text."""
        return _dump(asdict(self))

    @classmethod
    def from_record(cls, record: bytes) -> Identity:
        """The identity in a record. Raises Damaged when it is none."""
        return _build(cls, _load(record))


def mailbox_mark(mailbox_key: bytes) -> str:
    """What the answers say of the mailbox's key: who writes to the database can seal keys, but not these answers."""
    return envelope.derive_key(mailbox_key, purpose="mailbox-mark").hex()


def marked_mailbox(record: bytes) -> str | None:
    """The mark in a record of answers; None in one that was written before there were marks."""
    mark = _load(record).get("mailbox")
    return None if mark is None else str(mark)


def _dump(values: dict[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _load(record: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(record)
    except ValueError:
        raise Damaged from None  # a chained error would carry the text
    if not isinstance(raw, dict) or raw.pop("format", None) != FORMAT:
        raise Damaged
    return raw


def _build(kind: type[Record], raw: dict[str, Any]) -> Record:
    try:
        return kind(**raw)
    except TypeError:
        raise Damaged from None
