"""The life of a tip as a table: which status may follow which, and who or what moves it (DOMAIN 4.2).

The table is data: ``diagram`` draws docs/STATES.md from it, and a test proves that it has an answer for every pair.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update

from tipline import config
from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.tip import Tip
from tipline.services import group_leads, history, log, retention


class Status(StrEnum):
    """Where a tip stands. An erased tip has no row any more: a tombstone says that it was here."""

    RECEIVED = "received"
    SCREENED = "screened"
    ASSIGNED = "assigned"
    ASSESSED = "assessed"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFERRED = "referred"
    ACKNOWLEDGED = "acknowledged"
    OUTCOME = "outcome"
    CLOSED = "closed"
    RESTRICTED = "restricted"
    ERASED = "erased"


class Mover(StrEnum):
    """What moves a tip from one status to the next."""

    REVIEW = "review"  # a reviewer's own act on the tip
    REFERRAL = "referral"  # the steps of a referral and its package
    RESTRICTION = "restriction"  # Art. 82: a supervisor's act, and back
    CLOCK = "clock"  # erasure, when its date has come or by request


class Disposition(StrEnum):
    """How a tip ended. Codes are stable; the pages have words for them."""

    ACTIONABLE_REFERRED = "actionable_referred"
    INTELLIGENCE_ONLY = "intelligence_only"
    DUPLICATE = "duplicate"
    ALREADY_KNOWN = "already_known"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    NOT_CORROBORATED = "not_corroborated"
    ELIMINATED_TOO_COMMON = "eliminated_too_common"
    REFUTED = "refuted"
    OUT_OF_MANDATE_FORWARDED = "out_of_mandate_forwarded"
    DISCLOSURE_SAFEGUARDING = "disclosure_safeguarding"
    ILLEGAL_CONTENT_HANDED_OVER = "illegal_content_handed_over"
    MALICIOUS_OR_ABUSIVE = "malicious_or_abusive"
    SPAM = "spam"
    TEST = "test"


class Lane(StrEnum):
    """How fast and by whom a tip is worked on."""

    NORMAL = "normal"
    URGENT = "urgent"  # a child at risk now: by telephone first, in minutes
    SAFEGUARDING = "safeguarding"  # somebody tells of abuse of their own
    QUARANTINE = "quarantine"  # suspected illegal content: files stay shut
    FORWARD = "forward"  # holds personal data that this body may only pass on or purge (profile)


_S, _M = Status, Mover
_ALWAYS = {_S.RESTRICTED: _M.RESTRICTION, _S.ERASED: _M.CLOCK}

# From each status, where a tip may go and what takes it there. What is not here does not happen.
MOVES: Mapping[Status, Mapping[Status, Mover]] = {
    _S.RECEIVED: {_S.SCREENED: _M.REVIEW, _S.ASSIGNED: _M.REVIEW, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    _S.SCREENED: {_S.ASSIGNED: _M.REVIEW, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    # From assigned straight to proposed, and back: only on the lane of what is forwarded without a grade.
    _S.ASSIGNED: {
        _S.SCREENED: _M.REVIEW,
        _S.ASSESSED: _M.REVIEW,
        _S.PROPOSED: _M.REFERRAL,
        _S.CLOSED: _M.REVIEW,
        **_ALWAYS,
    },
    _S.ASSESSED: {_S.PROPOSED: _M.REFERRAL, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    _S.PROPOSED: {_S.APPROVED: _M.REFERRAL, _S.ASSESSED: _M.REFERRAL, _S.ASSIGNED: _M.REFERRAL, **_ALWAYS},
    _S.APPROVED: {_S.REFERRED: _M.REFERRAL, _S.ASSESSED: _M.REFERRAL, _S.ASSIGNED: _M.REFERRAL, **_ALWAYS},
    _S.REFERRED: {_S.ACKNOWLEDGED: _M.REFERRAL, _S.PROPOSED: _M.REFERRAL, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    _S.ACKNOWLEDGED: {_S.OUTCOME: _M.REVIEW, _S.PROPOSED: _M.REFERRAL, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    _S.OUTCOME: {_S.PROPOSED: _M.REFERRAL, _S.CLOSED: _M.REVIEW, **_ALWAYS},
    _S.CLOSED: {_S.SCREENED: _M.REVIEW, _S.ASSIGNED: _M.REVIEW, **_ALWAYS},
    _S.RESTRICTED: {
        **{status: _M.RESTRICTION for status in Status if status not in (_S.RESTRICTED, _S.ERASED)},
        _S.ERASED: _M.CLOCK,
    },
    _S.ERASED: {},
}
# Work has ended here; only a person brings a tip there (Art. 77: no decision by a machine alone).
TERMINAL = frozenset({_S.CLOSED, _S.ERASED})
# A tip that waits for a package must not be closed or given back under it.
IN_REFERRAL = frozenset({_S.PROPOSED, _S.APPROVED})
HANDED_OVER = frozenset({_S.REFERRED, _S.ACKNOWLEDGED, _S.OUTCOME})
URGENT_LANES = frozenset({Lane.URGENT, Lane.SAFEGUARDING})
# Looking a tip through and handing it from person to person does not give it a longer life.
_BEFORE_ASSESSMENT = frozenset({_S.RECEIVED, _S.SCREENED, _S.ASSIGNED})


def can_change(before: str, after: str) -> bool:
    """Whether a tip may go from one status to the other."""
    return Status(after) in MOVES[Status(before)]


def check_change(before: str, after: str) -> None:
    """Raise WrongState unless a tip may go from one status to the other."""
    if not can_change(before, after):
        raise WrongState


def check_disposition(status: str, disposition: str) -> None:
    """Raise WrongState when a tip in this status cannot end, BadInput when not this way: "referred" needs one sent."""
    check_change(status, Status.CLOSED)
    if disposition == Disposition.ACTIONABLE_REFERRED and Status(status) not in HANDED_OVER:
        raise BadInput("disposition", "not-referred")


def move(
    tip_id: str,
    to: str,
    *,
    actor: log.Actor | None,
    now: dt.datetime,
    chain: str = "staff",
    justification: str | None = None,
) -> None:
    """Take a tip to another status, set its clock anew, write its history and the log.

    Raises NotFound when there is no such tip, WrongState when the table has no such move, and when a tip would come
    to its end without a person (``actor``).
    """
    found = db.session.execute(
        select(Tip.status, Tip.status_before, Tip.review_due_at).where(Tip.id == tip_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    before = found.status
    if Status(to) in TERMINAL and actor is None:
        raise WrongState
    check_change(before, to)
    if before == Status.RESTRICTED and to != found.status_before:  # back to where it was, nowhere else
        raise WrongState
    _put(tip_id, before, to, found.review_due_at, now)
    if {before, to} & {Status.CLOSED, Status.RESTRICTED}:
        group_leads.tip_changed(tip_id)
    history.add(tip_id, "tip.status", actor=actor, now=now, before=before, after=to)
    log.record(
        "tip.status",
        chain=chain,
        actor=actor,
        subjects=[tip_id],
        now=now,
        field_group=f"{before}-{to}",
        justification=justification,
    )


def _put(tip_id: str, before: str, to: str, due_before: dt.datetime, now: dt.datetime) -> None:
    """Write the status and everything in clear that follows from it."""
    due = retention.due_after(to, config.current().profile, now) if _new_clock(before, to) else due_before
    values: dict[str, Any] = {
        "status": str(to),
        "status_before": before if to == Status.RESTRICTED else None,
        "restricted": to == Status.RESTRICTED,
        "closed": to == Status.CLOSED,
        "review_due_at": due,
    }
    if before == Status.CLOSED and to != Status.RESTRICTED:
        values["disposition"] = None  # taken up again
    db.session.execute(
        update(Tip).where(Tip.id == tip_id).values(**values).execution_options(synchronize_session="fetch")
    )


def _new_clock(before: str, after: str) -> bool:
    if Status.RESTRICTED in (Status(before), Status(after)):
        return False
    return not {Status(before), Status(after)} <= _BEFORE_ASSESSMENT


def diagram() -> str:
    """docs/STATES.md: the table as a picture and in words, always drawn from the table."""
    picture = ["stateDiagram-v2", "    [*] --> received"]
    rows = ["| from | to | moved by |", "|---|---|---|"]
    for before, following in MOVES.items():
        for after, mover in following.items():
            rows.append(f"| {before} | {after} | {mover} |")
            if mover in (Mover.REVIEW, Mover.REFERRAL):
                picture.append(f"    {before} --> {after}: {mover}")
    picture.append("    closed --> [*]")
    return "\n".join(
        (
            "# The states of a tip",
            "",
            "Drawn from the table in `tipline/services/statuses.py`;",
            "`python -m tests.house.write_states` writes it anew.",
            "",
            "```mermaid",
            *picture,
            "```",
            "",
            "From every state a tip can also be *restricted* by a supervisor and come back, or be *erased* when its",
            "date has come. A closed tip can be taken up again until then. Only a person closes a tip.",
            "",
            *rows,
            "",
            "How a tip can end: " + ", ".join(f"`{end}`" for end in Disposition) + ".",
            "Lanes: " + ", ".join(f"`{lane}`" for lane in Lane) + ".",
            "",
        )
    )
