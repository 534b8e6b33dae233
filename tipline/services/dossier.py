"""Everything of one opened tip that its page shows, read in one go, with the log entry of the look."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from tipline.services import (
    access,
    added,
    assessments,
    history,
    messages,
    notes,
    queue,
    records,
    retention,
    reveals,
    rights,
    statements,
    statuses,
    tips,
    withdrawals,
)
from tipline.services.access import OpenTip, TipFacts
from tipline.services.added import ReadAddition
from tipline.services.answers import Answers
from tipline.services.assessments import Grade
from tipline.services.history import Happening
from tipline.services.messages import Sent
from tipline.services.records import Record
from tipline.services.retention import HoldOn
from tipline.services.reveals import FileLine
from tipline.services.rights import Request
from tipline.services.statements import WrittenStatement
from tipline.services.statuses import Mover, Status


@dataclass(frozen=True)
class Dossier:
    """One tip for one person: what was sent, what the desk made of it, and what may be done next."""

    tip: TipFacts
    answers: Answers = field(repr=False)
    original_shown: bool
    exhibit: str | None
    assignee: str | None
    reason_code: str
    added: tuple[ReadAddition, ...]
    files: tuple[FileLine, ...]
    messages: tuple[Sent, ...]
    requests: tuple[Request, ...]
    withdrawn_until: dt.datetime | None  # when a withdrawn tip is erased by itself
    sanitised: Record | None
    notes: tuple[Record, ...]
    statements: tuple[WrittenStatement, ...]
    grades: tuple[Grade, ...]
    holds: tuple[tuple[HoldOn, str], ...] = field(repr=False)
    reasons: tuple[Record, ...]
    happenings: tuple[Happening, ...]
    members: tuple[tuple[str, str], ...]
    can_work: bool
    next_statuses: frozenset[str]

    @property
    def waiting_grade(self) -> Grade | None:
        """The grade that waits for a supervisor, if one does."""
        return next((grade for grade in self.grades if grade.state == "waits"), None)

    @property
    def may_be_referred(self) -> bool:
        """Whether a referral may be proposed now: graded, nothing pending, neither restricted nor quarantined."""
        tip = self.tip
        ready = tip.graded and tip.grade_pending is None and not tip.restricted and not tip.quarantined
        return ready and statuses.can_change(tip.status, Status.PROPOSED)


def read(opened: OpenTip, now: dt.datetime) -> Dossier:
    """The whole tip for whoever opened it; writes "tip.opened" to the log. Raises NotFound when it was erased."""
    tip = opened.tip
    reasons = records.read_records(opened, "reason")
    hold_words = {one.subject: one.value["text"] for one in reasons if one.part.startswith("reason:hold:")}
    names = queue.account_names([tip.assignee_id])
    return Dossier(
        tip=tip,
        answers=access.read_answers(opened, now),
        original_shown=opened.may_see_original,
        exhibit=queue.exhibit_titles([tip.exhibit_id]).get(tip.exhibit_id or ""),
        assignee=names.get(tip.assignee_id or ""),
        reason_code=opened.reason_code,
        added=added.read(opened, now),
        files=reveals.files(opened, now),
        messages=messages.messages(opened),
        requests=rights.of_tip(tip.id),
        withdrawn_until=withdrawals.waits_until(tip.id),
        sanitised=notes.sanitised(opened),
        notes=notes.notes(opened),
        statements=statements.statements(opened),
        grades=assessments.grades(opened),
        holds=tuple((hold, hold_words.get(hold.id, "")) for hold in retention.holds_on(tip.id)),
        reasons=tuple(one for one in reasons if one.part.split(":")[1] in _SHOWN_REASONS),
        happenings=history.of(tip.id),
        members=tips.members(tip.desk_id),
        can_work=tips.can_work_on(opened),
        next_statuses=frozenset(
            str(after) for after, mover in statuses.MOVES[Status(tip.status)].items() if mover is Mover.REVIEW
        ),
    )


# Why a tip ended, was restricted, what came of it: shown with its history. Why people looked is the auditors' affair.
_SHOWN_REASONS = frozenset({"disposed", "outcome", "restricted", "refused"})
