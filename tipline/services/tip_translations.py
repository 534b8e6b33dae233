"""Translations of a tip, entered beside the original with who or what made them; and what a sanitised text cut."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from dataclasses import dataclass, field

from tipline import languages
from tipline.errors import BadInput, NotAllowed
from tipline.models.base import new_id
from tipline.services import access, history, log, records
from tipline.services.access import OpenTip

PART = "translation"
MAKERS = ("person", "machine")
TEXT_LIMIT = 10_000
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
# Two texts with more words than this together are shown side by side without marks: comparing takes too long.
MOST_WORDS = 6000


@dataclass(frozen=True)
class Translation:
    """One translation. ``made_by``: ``person`` or ``machine``; ``writer`` is who entered it."""

    id: str
    language: str
    made_by: str
    writer: str | None
    written_at: dt.datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class Piece:
    """A stretch of text: ``same``, ``cut`` (only in the original) or ``new`` (only in the other)."""

    kind: str
    text: str = field(repr=False)


def translate(opened: OpenTip, language: str, made_by: str, text: str, now: dt.datetime) -> None:
    """Enter a translation of the narrative; it is sealed with the tip.

    Raises BadInput on ``translation_language``, ``made_by`` and ``translation`` (missing, long), NotAllowed for
    whoever may not see the original, WrongState while the tip is restricted.
    """
    access.check_unrestricted(opened)
    if not opened.may_see_original:
        raise NotAllowed
    if language not in {one.tag for one in languages.UI_LANGUAGES}:
        raise BadInput("translation_language", "unknown")
    if made_by not in MAKERS:
        raise BadInput("made_by", "unknown")
    if not text.strip() or len(text) > TEXT_LIMIT:
        raise BadInput("translation", "long" if text.strip() else "missing")
    value = {"language": language, "made_by": made_by, "text": text}
    records.write_record(opened, f"{PART}:{new_id()}", value, now)
    history.add(opened.tip.id, "translation.written", actor=opened.person.actor, now=now, after=language)
    log.record(
        "translation.written",
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group=made_by,
    )


def translations(opened: OpenTip) -> tuple[Translation, ...]:
    """Every translation, newest first; none for whoever may not see the original either (SECURITY 33)."""
    if not opened.may_see_original:
        return ()
    found = records.read_records(opened, PART)
    return tuple(
        Translation(
            one.subject, one.value["language"], one.value["made_by"], one.writer, one.written_at, one.value["text"]
        )
        for one in reversed(found)
    )


def compare(original: str, other: str) -> tuple[Piece, ...]:
    """The two texts as one, with what was cut and what is new marked; nothing when they are too long to compare."""
    before, after = _WORD.findall(original), _WORD.findall(other)
    if len(before) + len(after) > MOST_WORDS:
        return ()
    pieces = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(before[start:end])))
            continue
        pieces += [Piece("cut", "".join(before[start:end]))] if end > start else []
        pieces += [Piece("new", "".join(after[first:last]))] if last > first else []
    return tuple(pieces)
