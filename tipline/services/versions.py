"""The files of a draft, and the two versions of a photo until its sender has sent it (SECURITY 2, 20).

A photo with hidden details lies twice in a draft: without them, and as it came, each under a key of its own. The
chosen version stands at the file's position, the other at the same position below zero. Sending erases the other one
by its key; a sent tip has no position below one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Attachment
from tipline.services.attachments import Details, erase_from_draft, read_details
from tipline.services.drafts import OpenDraft, lock_draft
from tipline.services.traces import Trace

_ATTACHMENTS = table_of(Attachment)
_ATTACHMENT = _ATTACHMENTS.c
_ALL_OF_DRAFT = (
    select(_ATTACHMENTS).where(_ATTACHMENT.tip_id == bindparam("tip_id")).order_by(_ATTACHMENT.position.desc())
)
_BETWEEN = 0  # where a version waits while two change places


@dataclass(frozen=True)
class ListedFile:
    """One file of a draft, as its sender sees it. ``traces`` is what its hidden details tell, chosen or not."""

    id: str
    position: int
    kind: str
    details: Details
    metadata_kept: bool
    can_choose: bool
    traces: tuple[Trace, ...]


def list_files(draft: OpenDraft) -> tuple[ListedFile, ...]:
    """The files of a draft, for its sender, in their order."""
    rows = _rows(draft)
    return tuple(_listed(draft, row, rows.get(-place)) for place, row in sorted(rows.items()) if place > 0)


def choose(draft: OpenDraft, attachment_id: str, *, keep: bool) -> None:
    """Leave a photo's hidden details in, or take them out again; choosing the same twice changes nothing.

    ``attachment_id`` is that of either version. Raises NotFound when the draft has no such file or no choice is left,
    and DraftGone when it was sent or deleted meanwhile.
    """
    lock_draft(draft)
    rows = _rows(draft)
    place = _place_of(rows, attachment_id)
    if -place not in rows:
        raise NotFound
    if rows[place].metadata_kept is keep:
        return
    for before, after in ((place, _BETWEEN), (-place, place), (_BETWEEN, -place)):
        db.run(
            update(_ATTACHMENTS)
            .where(_ATTACHMENT.tip_id == draft.tip_id, _ATTACHMENT.position == before)
            .values(position=after)
        )


def remove_file(draft: OpenDraft, attachment_id: str, now: dt.datetime) -> tuple[str, ...]:
    """Take a file out of a draft in all its versions, keys first; returns stored names for ``attachments.discard``.

    Raises NotFound when the draft has no such file and DraftGone when it was sent or deleted meanwhile.
    """
    lock_draft(draft)
    rows = _rows(draft)
    place = _place_of(rows, attachment_id)
    return tuple(erase_from_draft(draft, rows[one], now) for one in (place, -place) if one in rows)


def settle(draft: OpenDraft, now: dt.datetime) -> tuple[str, ...]:
    """Erase the versions that were not chosen, keys first: the draft is being sent, and the caller holds its lock.

    Returns stored names for ``attachments.discard`` after the commit.
    """
    return tuple(erase_from_draft(draft, row, now) for place, row in _rows(draft).items() if place < 0)


def _rows(draft: OpenDraft) -> dict[int, Any]:
    return {row.position: row for row in db.run(_ALL_OF_DRAFT, {"tip_id": draft.tip_id})}


def _place_of(rows: dict[int, Any], attachment_id: str) -> int:
    """The position of the file that has a version with this id. Raises NotFound."""
    for place, row in rows.items():
        if row.id == attachment_id:
            return abs(place)
    raise NotFound


def _listed(draft: OpenDraft, row: Any, other: Any) -> ListedFile:
    details = read_details(draft.content_key, row)
    told = details if row.metadata_kept or other is None else read_details(draft.content_key, other)
    return ListedFile(row.id, row.position, row.kind, details, row.metadata_kept, other is not None, told.traces)
