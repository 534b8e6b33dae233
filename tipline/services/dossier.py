"""Everything of one opened tip that its page shows, read in one go, with the log entry of the look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tipline.languages import Language
from tipline.services import (
    access,
    added,
    assessments,
    claimed_places,
    history,
    hold_backs,
    languages_found,
    messages,
    notes,
    persons_mentioned,
    proposed_tips,
    queue,
    records,
    retention,
    reveals,
    rights,
    statements,
    statuses,
    tip_translations,
    tips,
    withdrawals,
)
from tipline.services.access import OpenTip, TipFacts
from tipline.services.added import ReadAddition
from tipline.services.answers import Answers
from tipline.services.assessments import Grade
from tipline.services.desk_papers import Paper
from tipline.services.history import Happening
from tipline.services.messages import Sent
from tipline.services.persons_mentioned import WrittenMention
from tipline.services.records import Record
from tipline.services.retention import HoldOn
from tipline.services.reveals import FileLine
from tipline.services.rights import Request
from tipline.services.statements import WrittenStatement
from tipline.services.statuses import Mover, Status
from tipline.services.tip_translations import Piece, Translation


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
    language_found: Language | None  # surely another one than was chosen
    can_find_language: bool
    exhibit_ref: str | None
    held_back: tuple[Paper, ...]
    places: Mapping[str, tuple[str, ...]] = field(repr=False)
    mentions: tuple[WrittenMention, ...]
    translations: tuple[Translation, ...]
    compared: tuple[Piece, ...]  # the original and the sanitised narrative as one

    @property
    def waiting_grade(self) -> Grade | None:
        """The grade that waits for a supervisor, if one does."""
        return next((grade for grade in self.grades if grade.state == "waits"), None)

    @property
    def may_be_referred(self) -> bool:
        """Whether a referral may be proposed now: nothing pending, neither restricted nor quarantined."""
        tip = self.tip
        ready = tip.grade_pending is None and not tip.restricted and not tip.quarantined
        stands = proposed_tips.may_go_out(tip.status, tip.lane, graded=tip.graded)
        return ready and stands and statuses.can_change(tip.status, Status.PROPOSED)


def read(opened: OpenTip, now: dt.datetime) -> Dossier:
    """The whole tip for whoever opened it; writes "tip.opened" to the log. Raises NotFound when it was erased."""
    tip = opened.tip
    reasons = records.read_records(opened, "reason")
    hold_words = {one.subject: one.value["text"] for one in reasons if one.part.startswith("reason:hold:")}
    names = queue.account_names([tip.assignee_id])
    answers, sanitised = access.read_answers(opened, now), notes.sanitised(opened)
    compared = sanitised is not None and opened.may_see_original
    additions, requests = added.read(opened, now), rights.of_tip(tip.id)
    return Dossier(
        tip=tip,
        answers=answers,
        original_shown=opened.may_see_original,
        exhibit=queue.exhibit_titles([tip.exhibit_id]).get(tip.exhibit_id or ""),
        assignee=names.get(tip.assignee_id or ""),
        reason_code=opened.reason_code,
        added=additions,
        files=reveals.files(opened, now),
        messages=messages.messages(opened),
        requests=requests,
        withdrawn_until=withdrawals.waits_until(tip.id),
        sanitised=sanitised,
        notes=notes.notes(opened),
        statements=statements.statements(opened),
        grades=assessments.grades(opened),
        holds=tuple((hold, hold_words.get(hold.id, "")) for hold in retention.holds_on(tip.id)),
        reasons=tuple(one for one in reasons if one.part.split(":")[1] in _SHOWN_REASONS),
        happenings=history.of(tip.id, _from_the_sender(additions, requests)),
        members=tips.members(tip.desk_id),
        can_work=tips.can_work_on(opened),
        next_statuses=frozenset(
            str(after) for after, mover in statuses.MOVES[Status(tip.status)].items() if mover is Mover.REVIEW
        ),
        language_found=languages_found.disagrees(answers.narrative, tip.tip_language),
        can_find_language=languages_found.is_installed(),
        exhibit_ref=hold_backs.exhibit_ref(tip.exhibit_id),
        held_back=hold_backs.beside(opened, now),
        places=claimed_places.places(opened),
        mentions=persons_mentioned.mentions(opened),
        translations=tip_translations.translations(opened),
        compared=tip_translations.compare(answers.narrative, sanitised.value["text"]) if compared and sanitised else (),
    )


def _from_the_sender(additions: Sequence[ReadAddition], requests: Sequence[Request]) -> Iterator[Happening]:
    for one in additions:
        yield Happening("tip.added", None, one.addition.kind, None, one.addition.received_at)
    for request in requests:
        yield Happening("request.made", None, request.kind, None, request.made_at)


# Why a tip ended, was restricted, what came of it: shown with its history. Why people looked is the auditors' affair.
_SHOWN_REASONS = frozenset({"disposed", "outcome", "restricted", "refused", "moved"})
