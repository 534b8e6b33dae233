"""Comparing a desk's tips in the session of somebody who holds its key: fingerprints first, in steps, then groups.

A fingerprint is a record under the tip's own key, so it moves, is re-sealed and is erased with the tip. It is in
memory for the length of a request only (SECURITY 26). Nothing is shown to anybody here, graded, closed or hidden.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from tipline import clock, languages
from tipline.crypto import envelope
from tipline.crypto.keys import Label, Purpose
from tipline.crypto.opening import Opener
from tipline.errors import CannotOpen, FileRefused, NotFound
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.desk import Desk
from tipline.models.tip import Addition, Attachment, Tip, TipEvent, TipKey, TipRecord
from tipline.services import (
    answers_alike,
    attachments,
    fingerprints,
    first_hand,
    grouping,
    log,
    screening,
    search_builds,
)
from tipline.services.accounts import Person
from tipline.services.answers import ANSWERS, Answers
from tipline.services.answers_alike import Alike, Compared
from tipline.services.attachments import SHUT
from tipline.services.fingerprints import Fingerprint
from tipline.services.statuses import Lane

PART = "fingerprint"
STEP = 250  # tips that one step reads
MOST_PICTURES = 10  # that one step has looked at, each in a child process
LARGEST_PICTURE = 20 * 1024 * 1024
WINDOW = 20_000  # tips that are compared with each other: the newest
MOST_COUNTED = 100_000
_TIPS, _KEYS, _RECORDS, _FILES = table_of(Tip), table_of(TipKey), table_of(TipRecord), table_of(Attachment)
_ADDED, _EVENTS = table_of(Addition), table_of(TipEvent)
_WAITING = (_TIPS.c.closed.is_(False), _TIPS.c.restricted.is_(False), _TIPS.c.compared.is_(False))
_CHUNK = 400


@dataclass(frozen=True)
class Progress:
    """What one step did: tips read, and how many wait still."""

    read: int
    waiting: int


def count_waiting(desk_id: str, most: int = MOST_COUNTED) -> int:
    """How many open tips of a desk have not been compared yet, counted up to ``most``."""
    some = select(_TIPS.c.id).where(_TIPS.c.desk_id == desk_id, *_WAITING).limit(most)
    return int(db.run(select(func.count()).select_from(some.subquery())).scalar_one())


def step(person: Person, desk_id: str, now: dt.datetime) -> Progress:
    """Read the next tips, the newest first, and seal their fingerprints. Writes the log.

    Raises NotFound for a desk whose key the person does not hold.
    """
    reader = _Reader(person, desk_id)
    _lock(desk_id)
    rows = _next(desk_id)
    added = _added([row.id for row in rows])
    judged = _judged([row.id for row in rows], added)
    read = reader.content(ANSWERS, [*(row.id for row in rows), *itertools.chain(*added.values())])
    pictures = 0
    done: list[tuple[str, int]] = []
    for row in rows:
        texts = {one: read[one] for one in (row.id, *added.get(row.id, ())) if one in read}
        files = _files(row, texts)
        if done and pictures + len(files) > MOST_PICTURES:
            break
        pictures += len(files)
        done.append(_keep(row, texts, files, judged, now))
    if done:
        marks: dict[int, list[str]] = {}
        for tip_id, mark in done:
            marks.setdefault(mark, []).append(tip_id)
        for mark, ids in marks.items():
            db.run(update(_TIPS).where(_TIPS.c.id.in_(ids)).values(compared=True, first_hand=mark))
        log.record(
            "tips.compared", chain="staff", actor=person.actor, subjects=[desk_id], now=now, field_group=str(len(done))
        )
    return Progress(len(done), count_waiting(desk_id))


def answers(person: Person, desk_id: str) -> tuple[Alike, ...]:
    """The answers that a desk's newest tips give. Only reads: it takes seconds, and no sender waits for it meanwhile.

    Raises NotFound for a desk whose key the person does not hold.
    """
    return answers_alike.group(list(_window(_Reader(person, desk_id), desk_id)))


def keep(desk_id: str, found: Sequence[Alike], now: dt.datetime) -> None:
    """Make these answers the desk's groups; what was erased or moved since they were worked out is left out."""
    _lock(desk_id)
    grouping.write(desk_id, _still_here(desk_id, found), now)


class _Reader:
    """Opens tips of one desk with the seeds that the person holds, for one request."""

    def __init__(self, person: Person, desk_id: str) -> None:
        self._desk_id = desk_id
        seeds = search_builds.seeds_of(person, desk_id)
        self._openers = {epoch: Opener(seed) for epoch, seed in seeds.by_epoch.items()}

    def content(self, part: str, tip_ids: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Content key and newest version of one part of each tip; what is gone or does not open is left out."""
        rows = select(_KEYS.c.tip_id, _KEYS.c.epoch, _KEYS.c.sealed, _RECORDS.c.version, _RECORDS.c.ciphertext)
        rows = rows.join_from(_KEYS, _RECORDS, _RECORDS.c.tip_id == _KEYS.c.tip_id)
        rows = rows.where(_KEYS.c.desk_id == self._desk_id, _KEYS.c.purpose == "content", _RECORDS.c.part == part)
        found: dict[str, tuple[bytes, bytes]] = {}
        for start in range(0, len(tip_ids), _CHUNK):
            mine = rows.where(_KEYS.c.tip_id.in_(tip_ids[start : start + _CHUNK])).order_by(_RECORDS.c.version)
            for row in db.run(mine):
                opened = self._open(row, part)
                if opened is not None:
                    found[row.tip_id] = opened
        return found

    def _open(self, row: Any, part: str) -> tuple[bytes, bytes] | None:
        opener = self._openers.get(row.epoch)
        if opener is None:
            return None
        try:
            key = opener.open(row.sealed, Label(Purpose.TIP_CONTENT, self._desk_id, row.epoch, row.tip_id))
            plain = envelope.decrypt_record(key, row.ciphertext, tip_id=row.tip_id, part=part, version=row.version)
        except CannotOpen:
            return None
        return key, plain


def _lock(desk_id: str) -> None:
    """One session at a time compares; tips come in meanwhile."""
    db.run(select(table_of(Desk).c.id).where(table_of(Desk).c.id == desk_id).with_for_update(key_share=True))


def _still_here(desk_id: str, found: Sequence[Alike]) -> list[Alike]:
    ids = [one for alike in found for one in alike.members]
    here: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        mine = select(_TIPS.c.id).where(_TIPS.c.desk_id == desk_id, _TIPS.c.restricted.is_(False))
        here.update(db.run(mine.where(_TIPS.c.id.in_(ids[start : start + _CHUNK]))).scalars())
    return [Alike({one: why for one, why in alike.members.items() if one in here}) for alike in found]


def _next(desk_id: str) -> list[Any]:
    columns = (_TIPS.c.id, _TIPS.c.ui_language, _TIPS.c.lane, _TIPS.c.attachment_count)
    rows = select(*columns).where(_TIPS.c.desk_id == desk_id, *_WAITING)
    return list(db.run(rows.order_by(_TIPS.c.received_at.desc(), _TIPS.c.id.desc()).limit(STEP)))


def _added(tip_ids: Sequence[str]) -> dict[str, dict[str, dt.datetime]]:
    """What was added to these tips later, oldest first, with its hour: it says as much about the answer as they do."""
    found: dict[str, dict[str, dt.datetime]] = defaultdict(dict)
    rows = select(_ADDED.c.tip_id, _ADDED.c.id, _ADDED.c.received_at).where(_ADDED.c.tip_id.in_(tip_ids))
    for row in db.run(rows.order_by(_ADDED.c.received_at, _ADDED.c.id)):
        found[row.tip_id][row.id] = row.received_at
    return found


def _judged(tip_ids: Sequence[str], added: Mapping[str, Mapping[str, dt.datetime]]) -> set[str]:
    """Texts of which a person has said that they are not first-hand: what was added later can make a tip rise again."""
    rows = select(_EVENTS.c.tip_id, func.max(_EVENTS.c.happened_at).label("at")).group_by(_EVENTS.c.tip_id)
    rows = rows.where(_EVENTS.c.tip_id.in_(tip_ids), _EVENTS.c.name == "tip.flagged")
    judged: set[str] = set()
    for row in db.run(rows.where(_EVENTS.c.after == "not_first_hand")):
        judged.add(row.tip_id)
        judged.update(one for one, came in added.get(row.tip_id, {}).items() if came < clock.hour_of(row.at))
    return judged


def _files(row: Any, texts: Collection[str]) -> list[Any]:
    """The pictures of a tip and of what was added to it that may be decoded at all."""
    if row.lane == Lane.QUARANTINE or not (row.attachment_count or len(texts) > 1):
        return []
    files = select(_FILES).where(
        _FILES.c.tip_id.in_(texts), _FILES.c.kind.in_(screening.CLEANED), _FILES.c.position >= 0
    )
    files = files.where(_FILES.c.screening.not_in(SHUT), _FILES.c.padded_size <= LARGEST_PICTURE)
    return list(db.run(files.order_by(_FILES.c.position)))


def _keep(
    row: Any, texts: Mapping[str, tuple[bytes, bytes]], files: Sequence[Any], judged: set[str], now: dt.datetime
) -> tuple[str, int]:
    """Seal the fingerprint of one tip; its id and its first-hand mark. What does not open has neither."""
    if row.id not in texts:
        return row.id, 0
    mark = 0
    prints = []
    for one, (key, record) in texts.items():
        answers = Answers.from_record(record)
        term = languages.by_id(answers.tip_language)
        tag = term.tag if term else "und"
        looks = [_look(key, file) for file in files if file.tip_id == one]
        prints.append(fingerprints.make(answers, tag, [seen for seen in looks if seen is not None]))
        mark |= 0 if one in judged else first_hand.mark(answers, (tag, row.ui_language))
    made = fingerprints.join(prints)
    ciphertext = envelope.encrypt_record(texts[row.id][0], made.as_record(), tip_id=row.id, part=PART, pad=False)
    db.run(delete(_RECORDS).where(_RECORDS.c.tip_id == row.id, _RECORDS.c.part == PART))
    values = {"id": new_id(), "tip_id": row.id, "part": PART, "version": 1, "ciphertext": ciphertext}
    db.run(insert(_RECORDS).values(**values, written_by=None, written_at=clock.hour_of(now)))
    return row.id, mark


def _look(key: bytes, file: Any) -> str | None:
    """What a picture looks like, worked out in a child process; None for one that is broken, gone or too much."""
    try:
        return screening.difference_hash(b"".join(attachments.stream(key, file)))
    except (FileRefused, NotFound, CannotOpen):
        return None


def _window(reader: _Reader, desk_id: str) -> Iterator[Compared]:
    """The newest tips that have a fingerprint, whether open or closed: an answer that was known stays known."""
    found: list[Any] = []
    for closed in (False, True):
        for urgent in (True, False):
            rows = select(_TIPS.c.id, _TIPS.c.tip_language, _TIPS.c.received_at)
            rows = rows.where(_TIPS.c.desk_id == desk_id, _TIPS.c.closed.is_(closed), _TIPS.c.urgent.is_(urgent))
            rows = rows.where(_TIPS.c.restricted.is_(False))
            found += db.run(rows.order_by(_TIPS.c.received_at.desc(), _TIPS.c.id.desc()).limit(WINDOW))
    found = sorted(found, key=lambda row: (row.received_at, row.id), reverse=True)[:WINDOW]
    read = reader.content(PART, [row.id for row in found])
    for row in found:
        if row.id in read:
            yield Compared(row.id, row.tip_language, Fingerprint.from_record(read[row.id][1]))
