"""The way of a tip from page to page: what the visitor's cookie carries, and where each page leads.

The cookie is Flask's signed session; of a tip it holds a random secret, the time of issue and whether a machine seems
to have begun it, nothing else. A draft is refused after exactly 60 minutes by that time; its rows say only the hour in
which they go (SECURITY 1, 25).
"""

from __future__ import annotations

import contextlib
import datetime as dt

from flask import session

from tipline.errors import DraftGone, DraftSpent
from tipline.services import additions, attachments, drafts, intake
from tipline.services.answers import Answers
from tipline.services.drafts import OpenDraft
from tipline.services.seal_targets import TipTarget
from tipline.services.sent_tips import SentTip

NOTICE_VERSION = "2026-11-22.2"  # of the privacy notice that is acknowledged before sending

_SECRET = "draft"  # noqa: S105 - the name of an entry
_ISSUED = "issued"
_DOUBTFUL = "doubtful"  # whether the draft was begun as machines do it


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


def save_answers(answers: Answers, about: TipTarget, now: dt.datetime, *, doubtful: bool) -> tuple[str, ...]:
    """Write answers into the visitor's draft, or begin one; returns files to discard after the commit.

    A draft about something else gives way: the page has said so. ``doubtful`` stays with a draft that is begun here.
    Raises Busy, DraftGone.
    """
    draft = find_draft(now)
    gone: tuple[str, ...] = ()
    if draft is not None and is_about(draft, about):
        drafts.write_answers(draft, answers, now)
        return gone
    if draft is not None:
        gone = drafts.delete_draft(secret(), now)
    fresh = drafts.new_secret()
    drafts.start_draft(
        fresh, answers, exhibit_id=about.exhibit_id, desk_id=about.desk_id, adds_to=about.adds_to, now=now
    )
    session[_SECRET] = fresh
    session[_ISSUED] = int(now.timestamp())
    session[_DOUBTFUL] = doubtful
    return gone


def is_about(draft: OpenDraft, about: TipTarget) -> bool:
    """Whether a draft is what somebody is writing about this."""
    return (draft.exhibit_id, draft.adds_to) == (about.exhibit_id, about.adds_to)


def begun(now: dt.datetime) -> tuple[float, bool]:
    """How many seconds ago the visitor's draft was begun (or kept longer), and whether as machines do it."""
    issued = session.get(_ISSUED)
    return now.timestamp() - (issued if isinstance(issued, int) else 0), bool(session.get(_DOUBTFUL))


def keep_longer(now: dt.datetime) -> None:
    """Give the visitor's draft its whole hour once more, because we could not take it. Raises DraftGone, DraftSpent."""
    drafts.keep_longer(open_draft(now), now)
    session[_ISSUED] = int(now.timestamp())


def send(ui_language: str, now: dt.datetime, *, unproven: bool = False) -> SentTip:
    """Send the visitor's draft; a repeated send finds the same tip. Raises what ``intake.send`` raises."""
    _check_fresh(now)
    return intake.send(secret(), ui_language=ui_language, notice_version=NOTICE_VERSION, now=now, unproven=unproven)


def send_addition(now: dt.datetime) -> tuple[str, ...]:
    """Send the visitor's addition; a repeated send changes nothing. Returns and raises what ``additions.send`` does."""
    _check_fresh(now)
    return additions.send(secret(), now)


def _check_fresh(now: dt.datetime) -> None:
    if not _is_fresh(now):
        with contextlib.suppress(DraftSpent):  # sent while it was: the same answer again
            open_draft(now)


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
    session.pop(_DOUBTFUL, None)


def discard(stored_names: tuple[str, ...]) -> None:
    """Remove files whose rows are gone; call it after the commit."""
    attachments.discard(stored_names)
