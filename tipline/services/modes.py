"""Whether tips can be sent: open, under maintenance, or closed because the campaign is over.

The mode is one row, read by every process at every request that it concerns, so a change needs no restart. Drafts,
receipts and what was sent are untouched by it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tipline.errors import BadInput
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.models.base import table_of
from tipline.models.service import ServiceMode
from tipline.services import log
from tipline.services.log import Actor

OPEN, MAINTENANCE, CLOSED = "open", "maintenance", "closed"
MODES = (OPEN, MAINTENANCE, CLOSED)
WORDED = (MAINTENANCE, CLOSED)
LONGEST_WORDS = 1000

_ROW = "service"
_LANGUAGES = frozenset(language.tag for language in UI_LANGUAGES)
_TABLE = table_of(ServiceMode)
_READ = select(_TABLE.c.name, _TABLE.c.objects_shown, _TABLE.c.words).where(_TABLE.c.id == _ROW)


@dataclass(frozen=True)
class Mode:
    """The mode of the service. ``objects_shown`` counts while it is closed only."""

    name: str = OPEN
    objects_shown: bool = True
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def takes_tips(self) -> bool:
        """Whether a new tip can be begun."""
        return self.name == OPEN

    @property
    def hides_objects(self) -> bool:
        """Whether the gallery has given way to the words of thanks."""
        return self.name == CLOSED and not self.objects_shown

    def words_in(self, tag: str, name: str | None = None) -> str:
        """An administrator's own words for this mode, or for another one, in a language; empty: there are none."""
        return self.words.get(name or self.name, {}).get(tag, "")


def read_mode() -> Mode:
    """The mode of this moment; open when nobody has ever changed it."""
    row = db.run(_READ).one_or_none()
    return Mode() if row is None else Mode(row.name, row.objects_shown, json.loads(row.words))


def set_mode(name: str, actor: Actor | None, now: dt.datetime, *, objects_shown: bool | None = None) -> None:
    """Change the mode, at once and everywhere; ``actor`` None is the command line. Logged. Raises BadInput."""
    if name not in MODES:
        raise BadInput("mode", "unknown")
    row = _row(actor, now)
    row.name = name
    if objects_shown is not None:
        row.objects_shown = objects_shown
    log.record("service.mode", chain="admin", actor=actor, subjects=[_ROW], now=now, field_group=name)


def write_words(mode: str, tag: str, words: str, actor: Actor, now: dt.datetime) -> None:
    """Keep own words for a mode in one language; empty ones bring the usual words back. Logged. Raises BadInput."""
    if mode not in WORDED or tag not in _LANGUAGES:
        raise BadInput("mode", "unknown")
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise BadInput("words", "long")
    row = _row(actor, now)
    kept: dict[str, dict[str, Any]] = json.loads(row.words)
    kept.setdefault(mode, {}).pop(tag, None)
    if words:
        kept[mode][tag] = words
    row.words = json.dumps(kept, ensure_ascii=False)
    log.record("service.worded", chain="admin", actor=actor, subjects=[_ROW], now=now, field_group=f"{mode}.{tag}")


def _row(actor: Actor | None, now: dt.datetime) -> ServiceMode:
    row = db.session.get(ServiceMode, _ROW, with_for_update=True)
    if row is None:
        row = ServiceMode(id=_ROW, name=OPEN, objects_shown=True, words="{}")
        db.session.add(row)
    row.changed_by = actor.id if actor else None
    row.changed_at = now
    return row
