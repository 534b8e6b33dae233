"""Looking at a tip's files: one at a time, each a deliberate act with a log entry, never by chance (DOMAIN 2.4).

JPEG, PNG and WebP are shown as fresh pixels, small and grey first; everything else, and the original, can only be
downloaded. What is quarantined stays shut. That a person has looked is remembered.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, or_, select, update

from tipline.errors import NotFound, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.tip import Addition, Attachment
from tipline.services import access, attachments, history, log, screening, welfare
from tipline.services.access import OpenTip
from tipline.services.screening import Rendering
from tipline.services.traces import Trace

SHOWN = frozenset({"jpeg", "png", "webp"})
SIZES = ("small", "full")
_ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic", "pdf": "pdf", "mp4": "mp4"}


@dataclass(frozen=True)
class FileLine:
    """One file of a tip as its page lists it. ``revealed``: the sizes that this person has asked for."""

    id: str
    number: int
    added_at: dt.datetime | None  # the hour of the addition that it came with; None: with the tip itself
    kind: str
    padded_size: int
    can_be_shown: bool
    quarantined: bool
    screening: str  # how far it got in quarantine; "unscreened" outside
    hidden: str  # what became of its hidden details (screening.hidden_state)
    viewed: bool
    revealed: frozenset[str]
    size: int
    name: str = field(repr=False)
    notes: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Look:
    """A picture that somebody asked to see, not yet drawn."""

    size: str
    pieces: Iterator[bytes] = field(repr=False)


@dataclass(frozen=True)
class Download:
    """A file on its way to a reviewer under a neutral name; ``pieces`` decrypt as they are read."""

    name: str
    media_type: str
    size: int
    pieces: Iterator[bytes] = field(repr=False)


def files(opened: OpenTip, now: dt.datetime) -> tuple[FileLine, ...]:
    """The files that came with a tip and with those additions that were opened, without a look into any of them."""
    rows = db.session.execute(
        _files_of(opened).order_by(
            Addition.id.is_not(None), Addition.received_at, Attachment.tip_id, Attachment.position
        )
    ).all()
    return tuple(_line(opened, row, added_at, now) for row, added_at in rows)


def reveal(opened: OpenTip, attachment_id: str, size: str, now: dt.datetime) -> None:
    """Ask to see a picture: small and grey first, in full as a second act. Kept, logged, marked as viewed.

    Raises NotFound, WrongState for what is quarantined or cannot be shown, ReasonNeeded for full before small, and
    RestDue or LeftToColleagues where this person's own choices say so.
    """
    row = _row(opened, attachment_id)
    _check_shown(opened, row)
    if size not in SIZES:
        raise NotFound
    if size == "full" and not access.has_consulted(opened, f"small:{row.id}", now):
        raise ReasonNeeded
    kind = f"{size}:{row.id}"
    if not access.has_consulted(opened, kind, now):
        welfare.look(opened.person, welfare.PICTURE, now)
        access.consult(opened, kind, opened.reason_code, "", now)
    _mark_viewed(row)
    history.add(opened.tip.id, "attachment.revealed", actor=opened.person.actor, now=now, after=size)
    _log("attachment.revealed", opened, row, size, now)


def file(opened: OpenTip, attachment_id: str, now: dt.datetime) -> FileLine:
    """One file of a tip as its own page shows it: its name is sealed, so the look is logged. Raises NotFound."""
    row, added_at = _row_and_hour(opened, attachment_id)
    log.record(
        "tip.opened",
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group="file_details",
        justification=opened.reason_code,
    )
    return _line(opened, row, added_at, now)


def look(opened: OpenTip, attachment_id: str, size: str, now: dt.datetime) -> Look:
    """A look at a revealed picture, logged; ``draw`` makes its pixels once the log is committed.

    Raises NotFound, WrongState, and ReasonNeeded when it was not revealed at this size.
    """
    row = _row(opened, attachment_id)
    _check_shown(opened, row)
    if size not in SIZES:
        raise NotFound
    if not access.has_consulted(opened, f"{size}:{row.id}", now):
        raise ReasonNeeded
    _log("attachment.revealed", opened, row, size, now)
    return Look(size, _started(access.key_of(opened, row.tip_id), row))


def draw(seen: Look) -> Rendering:
    """The picture as fresh pixels, made in a child process. Raises FileRefused when it is broken or a bomb."""
    small = seen.size == "small"
    return screening.reencode(io.BytesIO(b"".join(seen.pieces)), small=small, grey=small)


def download(opened: OpenTip, attachment_id: str, now: dt.datetime) -> Download:
    """The file as it was kept, under a neutral name; logged and marked as viewed.

    Raises NotFound, WrongState for what is quarantined, and RestDue or LeftToColleagues as ``reveal`` does.
    """
    row = _row(opened, attachment_id)
    _check_open(opened, row)
    welfare.look(opened.person, welfare.PICTURE if row.kind in SHOWN else welfare.FILE, now)
    key = access.key_of(opened, row.tip_id)
    details = attachments.read_details(key, row)
    _mark_viewed(row)
    history.add(opened.tip.id, "attachment.downloaded", actor=opened.person.actor, now=now)
    _log("attachment.downloaded", opened, row, "original", now)
    return Download(
        _neutral_name(opened, row),
        details.media_type,
        details.size,
        _started(key, row),
    )


def _started(key: bytes, row: Attachment) -> Iterator[bytes]:
    """The file's bytes with the key taken and the file open: the rest asks the database for nothing."""
    pieces = attachments.stream(key, row)
    return itertools.chain([next(pieces, b"")], pieces)


def _neutral_name(opened: OpenTip, row: Attachment) -> str:
    added = "" if row.tip_id == opened.tip.id else f"added-{row.tip_id[:4]}-"
    return f"{opened.tip.ref}-{added}{row.position:02d}.{_ENDINGS.get(row.kind, 'bin')}"


def _row(opened: OpenTip, attachment_id: str) -> Attachment:
    return _row_and_hour(opened, attachment_id)[0]


def _row_and_hour(opened: OpenTip, attachment_id: str) -> tuple[Attachment, dt.datetime | None]:
    found = db.session.execute(_files_of(opened).where(Attachment.id == attachment_id)).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def _files_of(opened: OpenTip) -> Any:
    added = and_(Addition.tip_id == opened.tip.id, Addition.opened_at.is_not(None))
    return (
        select(Attachment, Addition.received_at)
        .outerjoin(Addition, Addition.id == Attachment.tip_id)
        .where(or_(Attachment.tip_id == opened.tip.id, added))
    )


def _check_open(opened: OpenTip, row: Attachment) -> None:
    if opened.tip.quarantined or row.screening in attachments.SHUT:
        raise WrongState


def _check_shown(opened: OpenTip, row: Attachment) -> None:
    _check_open(opened, row)
    if row.kind not in SHOWN:
        raise WrongState


def _mark_viewed(row: Attachment) -> None:
    db.session.execute(
        update(Attachment)
        .where(Attachment.id == row.id)
        .values(viewed=True)
        .execution_options(synchronize_session="fetch")
    )


def _line(opened: OpenTip, row: Attachment, added_at: dt.datetime | None, now: dt.datetime) -> FileLine:
    details = attachments.NO_DETAILS
    if row.screening != attachments.DESTROYED:
        details = attachments.read_details(access.key_of(opened, row.tip_id), row)
    quarantined = opened.tip.quarantined or row.screening in attachments.SHUT
    return FileLine(
        id=row.id,
        number=row.position,
        added_at=added_at,
        kind=row.kind,
        padded_size=row.padded_size,
        can_be_shown=row.kind in SHOWN and not quarantined,
        quarantined=quarantined,
        screening=row.screening,
        hidden=screening.hidden_state(row.kind, metadata_kept=row.metadata_kept),
        viewed=row.viewed,
        revealed=frozenset(size for size in SIZES if access.has_consulted(opened, f"{size}:{row.id}", now)),
        size=details.size,
        name=details.name,
        notes=details.notes,
        traces=details.traces,
    )


def _log(event: str, opened: OpenTip, row: Attachment, field_group: str, now: dt.datetime) -> None:
    log.record(
        event,
        chain="staff",
        actor=opened.person.actor,
        subjects=[row.id],
        now=now,
        field_group=field_group,
        justification=opened.reason_code,
    )
