"""The way of a tip from page to page: what the visitor's cookie carries, and where each page leads.

The cookie is Flask's signed session; of a tip it holds a random secret and the time of issue, nothing else. A draft is
refused after exactly 60 minutes by that time; its rows say only the hour in which they go (SECURITY 1, 25).
"""

from __future__ import annotations

import contextlib
import datetime as dt

from flask import session

from tipline.errors import DraftGone, DraftSpent
from tipline.services import attachments, drafts, intake
from tipline.services.answers import Answers
from tipline.services.drafts import OpenDraft
from tipline.services.seal_targets import TipTarget
from tipline.services.sent_tips import SentTip

NOTICE_VERSION = "2026-11-22"  # of the privacy notice that is acknowledged before sending

_SECRET = "draft"  # noqa: S105 - the name of an entry
_ISSUED = "issued"


def secret() -> bytes:
    """The secret in the visitor's cookie, however old. Raises DraftGone when there is none."""
    value = session.get(_SECRET)
    if not isinstance(value, bytes) or len(value) != drafts.SECRET_SIZE:
        raise DraftGone
    return value


def open_draft(now: dt.datetime) -> OpenDraft:
    """The visitor's draft. Raises DraftGone when there is none or its hour is over, DraftSpent when it was sent."""
    known = secret()
    draft = drafts.open_draft(known, now)
    if not _is_fresh(now):
        raise DraftGone
    return draft


def find_draft(now: dt.datetime) -> OpenDraft | None:
    """The visitor's draft, or None: a page that can begin a new one needs no refusal."""
    if _SECRET not in session:
        return None
    try:
        return open_draft(now)
    except DraftGone:
        return None


def save_answers(answers: Answers, about: TipTarget, now: dt.datetime) -> tuple[str, ...]:
    """Write answers into the visitor's draft, or begin one; returns files to discard after the commit.

    A draft about another exhibit gives way: the page has said so. Raises Busy, DraftGone.
    """
    draft = find_draft(now)
    gone: tuple[str, ...] = ()
    if draft is not None and draft.exhibit_id == about.exhibit_id:
        drafts.write_answers(draft, answers, now)
        return gone
    if draft is not None:
        gone = drafts.delete_draft(secret(), now)
    fresh = drafts.new_secret()
    drafts.start_draft(fresh, answers, exhibit_id=about.exhibit_id, desk_id=about.desk_id, now=now)
    session[_SECRET] = fresh
    session[_ISSUED] = int(now.timestamp())
    return gone


def send(ui_language: str, now: dt.datetime) -> SentTip:
    """Send the visitor's draft; a repeated send finds the same tip. Raises what ``intake.send`` raises."""
    if not _is_fresh(now):
        with contextlib.suppress(DraftSpent):  # sent while it was: the same answer again
            open_draft(now)
    return intake.send(secret(), ui_language=ui_language, notice_version=NOTICE_VERSION, now=now)


def _is_fresh(now: dt.datetime) -> bool:
    issued = session.get(_ISSUED)
    return isinstance(issued, int) and now.timestamp() < issued + drafts.LIFE.total_seconds()


def delete(now: dt.datetime) -> tuple[str, ...]:
    """Erase the visitor's draft and forget the cookie; returns files to discard after the commit."""
    try:
        gone = drafts.delete_draft(secret(), now)
    except DraftGone:
        gone = ()
    forget()
    return gone


def forget() -> None:
    """Take the secret out of the cookie: from here on nobody can open the draft. Changes no row."""
    session.pop(_SECRET, None)
    session.pop(_ISSUED, None)


def discard(stored_names: tuple[str, ...]) -> None:
    """Remove files whose rows are gone; call it after the commit."""
    attachments.discard(stored_names)
