"""Reading many tips of one desk: every text that can be searched, opened in the session of somebody who may.

Nothing here asks who may see what: ``searching`` does, at each search.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, or_, select

from tipline.crypto import envelope
from tipline.crypto.keys import Label, Purpose
from tipline.crypto.opening import Opener
from tipline.errors import CannotOpen
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Addition, Tip, TipKey, TipRecord
from tipline.services.answers import ANSWERS, Answers

WORK = ("note", "statement", "sanitised", "translation")
# Translations say what the original says, so they are as secret as it is (SECURITY 33).
ORIGINAL_KINDS = frozenset({"narrative", "place", "link", "addition", "translation"})

_TIP, _KEY, _RECORD, _ADDITION = (table_of(table).c for table in (Tip, TipKey, TipRecord, Addition))
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_DESK: BindParameter[str] = bindparam("desk_id")


def _searchable() -> ColumnElement[bool]:
    """Which records of a tip can be searched."""
    parts = [_RECORD.part == ANSWERS]
    parts += [or_(_RECORD.part == kind, _RECORD.part.startswith(f"{kind}:", autoescape=True)) for kind in WORK]
    return or_(*parts)


def _counted() -> tuple[Select[Any], ...]:
    """How many searchable records the tips of a desk have: of their own, and in what was added to them."""
    own = select(_RECORD.tip_id, func.count()).join_from(TipRecord, Tip, _TIP.id == _RECORD.tip_id)
    added = (
        select(_ADDITION.tip_id, func.count())
        .join_from(Addition, Tip, _TIP.id == _ADDITION.tip_id)
        .join(TipRecord, _RECORD.tip_id == _ADDITION.id)
    )
    both = ((own, _RECORD.tip_id), (added, _ADDITION.tip_id))
    return tuple(rows.where(_TIP.desk_id == _DESK, _searchable()).group_by(tip_id) for rows, tip_id in both)


# Built once: putting a statement together takes longer than running it.
_COUNTED = _counted()
_COUNTED_OF_THESE = tuple(rows.where(_TIP.id.in_(_WANTED)) for rows in _COUNTED)
_ADDED = select(_ADDITION.id, _ADDITION.tip_id).where(_ADDITION.tip_id.in_(_WANTED))
_RECORDS = (
    select(_RECORD.tip_id, _RECORD.part, _RECORD.version, _RECORD.ciphertext)
    .where(_RECORD.tip_id.in_(_WANTED), _searchable())
    .order_by(_RECORD.tip_id, _RECORD.part, _RECORD.version)
)
# Whose desk is asked of the rows: asked for here, SQLite would walk through all keys of the desk.
_KEYS = select(_KEY.tip_id, _KEY.desk_id, _KEY.epoch, _KEY.sealed).where(
    _KEY.tip_id.in_(_WANTED), _KEY.purpose == "content"
)


@dataclass(frozen=True)
class Text:
    """One text of a tip. ``kind``: narrative, product, place, link, addition, note, statement, sanitised, ..."""

    kind: str
    text: str = field(repr=False)

    @property
    def is_original(self) -> bool:
        """Whether it is what the sender wrote, which can tell who that is."""
        return self.kind in ORIGINAL_KINDS


@dataclass(frozen=True)
class TipTexts:
    """The texts of one tip, and the number of sealed records that they come from: it grows with each new one."""

    tip_id: str
    records: int
    texts: tuple[Text, ...] = field(repr=False)


class DeskReader:
    """Opens tips of one desk with the desk's seeds, by epoch. Keeps them in memory: drop it when the work is done."""

    def __init__(self, desk_id: str, seeds: Mapping[int, bytes]) -> None:
        self._desk_id = desk_id
        self._openers = {epoch: Opener(seed) for epoch, seed in seeds.items()}

    def read(self, tip_ids: Collection[str]) -> list[TipTexts]:
        """The texts of these tips; a tip that is gone, elsewhere or does not open is left out."""
        if not tip_ids:
            return []
        owner = {row.id: row.tip_id for row in db.run(_ADDED, {"wanted": list(tip_ids)})}
        inner = [*tip_ids, *owner]
        content_keys = self._keys(inner)
        records = dict.fromkeys(tip_ids, 0)
        latest: dict[tuple[str, str], Any] = {}
        for row in db.run(_RECORDS, {"wanted": inner}):
            records[owner.get(row.tip_id, row.tip_id)] += 1
            latest[row.tip_id, row.part] = row
        texts: dict[str, list[Text]] = defaultdict(list)
        for row in latest.values():
            if row.tip_id in content_keys:
                found = _texts(content_keys[row.tip_id], row, is_addition=row.tip_id in owner)
                texts[owner.get(row.tip_id, row.tip_id)] += found
        return [TipTexts(one, records[one], tuple(texts[one])) for one in tip_ids if one in content_keys]

    def _keys(self, inner_ids: list[str]) -> dict[str, bytes]:
        opened: dict[str, bytes] = {}
        for row in db.run(_KEYS, {"wanted": inner_ids}):
            opener = self._openers.get(row.epoch)
            if opener is None or row.desk_id != self._desk_id:
                continue
            try:
                opened[row.tip_id] = opener.open(
                    row.sealed, Label(Purpose.TIP_CONTENT, self._desk_id, row.epoch, row.tip_id)
                )
            except CannotOpen:
                continue
        return opened


def count_records(desk_id: str, tip_ids: Collection[str] | None = None) -> dict[str, int]:
    """How many searchable records each tip of a desk has, or each of these; those of its additions counted in."""
    given: dict[str, Any] = {"desk_id": desk_id} if tip_ids is None else {"desk_id": desk_id, "wanted": list(tip_ids)}
    counts: dict[str, int] = {}
    for rows in _COUNTED if tip_ids is None else _COUNTED_OF_THESE:
        for one, number in db.run(rows, given):
            counts[one] = counts.get(one, 0) + number
    return counts


def _texts(key: bytes, row: Any, *, is_addition: bool) -> list[Text]:
    try:
        plain = envelope.decrypt_record(key, row.ciphertext, tip_id=row.tip_id, part=row.part, version=row.version)
        if row.part == ANSWERS:
            return list(_of_answers(Answers.from_record(plain), "addition" if is_addition else None))
    except CannotOpen:
        return []
    return [Text(row.part.partition(":")[0], str(json.loads(plain).get("text", "")))]


def _of_answers(answers: Answers, kind: str | None) -> Iterator[Text]:
    written: tuple[tuple[str, str], ...] = (
        ("narrative", answers.narrative),
        ("product", answers.product),
        ("place", answers.place),
        ("link", "\n".join(answers.links)),
    )
    for name, text in written:
        if text:
            yield Text(name if kind is None or name == "product" else kind, text)
