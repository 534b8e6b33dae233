"""Searching in what is sealed, at one desk at a time: every hit is a consultation, with the session's reason.

What the index finds is only a candidate. Who may see what is asked of the tables at each search: tips that are gone,
elsewhere or restricted are no hits, and where a text tells who wrote it, reviewers find the tip by the desk's own
words only (SECURITY 23, 26, 33). The log keeps that a search happened, how many hits it had, and a keyed digest by
which the desk can tell two equal searches; never the words.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, func, select

from tipline.crypto import envelope
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.queue import TipLabel
from tipline.models.tip import Tip
from tipline.roles import Role
from tipline.services import access, desks, log, queue, safeguarding, search_texts, session_reasons
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.queue import ME, NOBODY, OPEN, Age
from tipline.services.search_builds import DeskSeeds
from tipline.services.search_index import DeskIndex
from tipline.services.search_texts import Text
from tipline.services.search_words import Words
from tipline.services.statuses import Lane

PAGE_SIZE = 20
WINDOW = 1000  # candidates that one page looks at, at the most

_TIP, _ON = table_of(Tip).c, table_of(TipLabel).c
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_DESK: BindParameter[str] = bindparam("desk_id")
# Built once: putting a statement together takes longer than running it.
# The desk, and no index by it: SQLite would walk through all of the desk's tips instead of looking these up.
_AT_DESK = func.coalesce(_TIP.desk_id, "") == _DESK
_CANDIDATES = select(_TIP.id, _TIP.identifies_sender).where(_TIP.id.in_(_WANTED), _AT_DESK)
_THESE = select(*access.FACTS).where(_TIP.id.in_(_WANTED), _AT_DESK)
_BY_REF = select(_TIP.id).where(_TIP.ref == bindparam("ref"), _TIP.desk_id == _DESK)
_REF = select(_TIP.ref).where(_TIP.id == bindparam("tip_id"))


@dataclass(frozen=True)
class Narrowing:
    """Which tips a search looks at; None means all. ``status``: a status, or "open" for all but closed."""

    status: str | None = None
    language: int | None = None
    exhibit_id: str | None = None
    lane: str | None = None
    assignee: str | None = None  # me, nobody, or an account's id
    label_id: str | None = None
    age: Age | None = None
    has_files: bool = False
    unproven: bool = False


@dataclass(frozen=True)
class Hit:
    """A tip that fits. ``texts`` is empty where no excerpt may be shown: restricted, or in quarantine."""

    tip: TipFacts
    exhibit: str | None
    texts: tuple[Text, ...] = field(repr=False)


@dataclass(frozen=True)
class Found:
    """One page of hits, the newest first.

    ``number`` of tips fit among those looked at from here on; ``more``: there may be further ones. ``older``: the
    reference after which the next page begins; ``further``: where looking goes on when this page found nothing more.
    """

    hits: tuple[Hit, ...]
    number: int
    more: bool
    older: str | None
    further: str | None


def switch_on(person: Person, desk_id: str, reason_code: str, reason_text: str, now: dt.datetime) -> None:
    """Say why one searches, once for this session. Raises BadInput, NotFound and DeskClosed."""
    session_reasons.keep(person, "search", desk_id, reason_code, reason_text)
    log.record(
        "search.switched",
        chain="staff",
        actor=person.actor,
        subjects=[desk_id],
        now=now,
        field_group="on",
        justification=reason_code,
    )


def search(
    person: Person,
    index: DeskIndex,
    seeds: DeskSeeds,
    words: Words,
    narrowing: Narrowing,
    now: dt.datetime,
    *,
    after: str | None = None,
) -> Found:
    """One page of what fits, after the tip of this reference; writes the log.

    Raises ReasonNeeded before a reason was given in this session, and NotFound for a desk that is not one's own.
    """
    reason_code = session_reasons.code_of(person, "search")
    if index.desk_id not in {desk.id for desk in desks.desks_of(person)} or seeds.desk_id != index.desk_id:
        raise NotFound
    start = db.run(_BY_REF, {"ref": after, "desk_id": index.desk_id}).scalar() if after else None
    candidates = index.find(words, start, WINDOW)
    seen = _seen(person, index, words, candidates, narrowing)
    shown = _facts(index.desk_id, seen[:PAGE_SIZE])
    hits = _hits(person, index.desk_id, seeds, shown)
    more = len(candidates) == WINDOW
    _log(person, index.desk_id, seeds, words, len(seen), reason_code, shown, now)
    return Found(
        hits,
        len(seen),
        more,
        older=shown[-1].ref if len(seen) > PAGE_SIZE else None,
        further=_ref_of(candidates[-1][1]) if more and len(seen) <= PAGE_SIZE else None,
    )


def _seen(
    person: Person,
    index: DeskIndex,
    words: Words,
    candidates: Sequence[tuple[int, str]],
    narrowing: Narrowing,
) -> list[str]:
    """Those of the candidates that this person may find, as the tables say now, in order."""
    conditions = _conditions(person, narrowing)
    is_supervisor = Role.SUPERVISOR in person.roles
    if not is_supervisor:
        conditions.append(_TIP.restricted.is_(False))
    if not safeguarding.may_read(person, index.desk_id, Lane.SAFEGUARDING):
        conditions.append(_TIP.lane != Lane.SAFEGUARDING)
    ids = [tip_id for _row, tip_id in candidates]
    rows = db.run(_CANDIDATES.where(*conditions), {"wanted": ids, "desk_id": index.desk_id})
    telling: dict[str, bool] = {row.id: row.identifies_sender for row in rows}
    return [
        tip_id
        for row, tip_id in candidates
        if tip_id in telling and (is_supervisor or not telling[tip_id] or index.fits_work(words, row))
    ]


def _conditions(person: Person, narrowing: Narrowing) -> list[ColumnElement[bool]]:
    equal = {"tip_language": narrowing.language, "exhibit_id": narrowing.exhibit_id, "lane": narrowing.lane}
    if narrowing.status != OPEN:
        equal["status"] = narrowing.status
    if narrowing.assignee != NOBODY:
        equal["assignee_id"] = person.id if narrowing.assignee == ME else narrowing.assignee
    conditions: list[ColumnElement[bool]] = [_TIP[name] == value for name, value in equal.items() if value is not None]
    if narrowing.status == OPEN:
        conditions.append(_TIP.closed.is_(False))
    if narrowing.assignee == NOBODY:
        conditions.append(_TIP.assignee_id.is_(None))
    if narrowing.label_id is not None:
        conditions.append(exists().where(_ON.label_id == narrowing.label_id, _ON.tip_id == _TIP.id))
    if narrowing.age and narrowing.age.since:
        conditions.append(_TIP.received_at >= narrowing.age.since)
    if narrowing.age and narrowing.age.until:
        conditions.append(_TIP.received_at < narrowing.age.until)
    if narrowing.has_files:
        conditions.append(_TIP.attachment_count > 0)
    if narrowing.unproven:
        conditions.append(_TIP.unproven.is_(True))
    return conditions


def _facts(desk_id: str, tip_ids: Sequence[str]) -> list[TipFacts]:
    if not tip_ids:
        return []
    facts = {row.id: TipFacts(*row) for row in db.run(_THESE, {"wanted": tip_ids, "desk_id": desk_id})}
    return [facts[one] for one in tip_ids if one in facts]


def _may_read(person: Person, tip: TipFacts) -> bool:
    return not tip.identifies_sender or Role.SUPERVISOR in person.roles


def _hits(person: Person, desk_id: str, seeds: DeskSeeds, tips: Sequence[TipFacts]) -> tuple[Hit, ...]:
    """The tips of one page with the texts that this person may see of them."""
    told = [tip.id for tip in tips if not tip.restricted and not tip.quarantined]
    read = {one.tip_id: one.texts for one in search_texts.DeskReader(desk_id, seeds.by_epoch).read(told)}
    titles = queue.exhibit_titles(tip.exhibit_id for tip in tips)
    return tuple(
        Hit(
            tip,
            titles.get(tip.exhibit_id or ""),
            tuple(text for text in read.get(tip.id, ()) if _may_read(person, tip) or not text.is_original),
        )
        for tip in tips
    )


def _ref_of(tip_id: str) -> str | None:
    ref: str | None = db.run(_REF, {"tip_id": tip_id}).scalar()
    return ref


def _log(
    person: Person,
    desk_id: str,
    seeds: DeskSeeds,
    words: Words,
    number: int,
    reason_code: str,
    shown: Sequence[TipFacts],
    now: dt.datetime,
) -> None:
    key = envelope.derive_key(seeds.by_epoch[seeds.epoch], purpose="search-log")
    digest = hmac.new(key, words.expression().encode(), hashlib.sha256).hexdigest()[:24]
    about = {"chain": "staff", "actor": person.actor, "now": now, "justification": reason_code}
    log.record("tips.searched", subjects=[desk_id], field_group=f"{digest}.hits.{number}", **about)  # type: ignore[arg-type]
    if shown:
        log.record("tip.listed", subjects=[tip.id for tip in shown], field_group="snippet", **about)  # type: ignore[arg-type]
