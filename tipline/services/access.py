"""The only way for staff to a tip: every condition on its own line, and never a hint that a tip is there.

``see_tip`` gives the clear facts, ``open_tip`` takes the reason for the first look, ``access_tip`` gives the opened
tip to everything that works on it, ``read_answers`` gives its words and writes the log. "Not yours" and "not there"
are the same refusal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import insert, or_, select

from tipline.crypto import envelope, opening
from tipline.crypto.keys import Label, Purpose
from tipline.errors import BadInput, NotAllowed, NotFound, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.base import new_id
from tipline.models.tip import Addition, Consultation, Tip, TipKey, TipRecord
from tipline.roles import DESK_ROLES, Role
from tipline.services import desks, history, log, records
from tipline.services.accounts import Person
from tipline.services.answers import ANSWERS, IDENTITY, Answers, Identity
from tipline.services.statuses import Lane

REASON_CODES = ("assigned_work", "urgent_risk", "supervision", "second_opinion", "rights_request", "other")
REASON_LIMIT = 200


@dataclass(frozen=True)
class TipFacts:
    """What is in clear of a tip: enough for a list and for the question why somebody wants to open it."""

    id: str
    ref: str
    desk_id: str
    appeal_id: str | None
    exhibit_id: str | None
    ui_language: str
    tip_language: int
    received_at: dt.datetime
    status: str
    status_before: str | None
    disposition: str | None
    lane: str
    urgent: bool
    unproven: bool
    restricted: bool
    identifies_sender: bool
    has_identity: bool
    attachment_count: int
    assignee_id: str | None
    source_code: str
    information_code: str
    graded: bool
    grade_pending: str | None
    review_due_at: dt.datetime
    revision: int

    @property
    def quarantined(self) -> bool:
        """Whether its files stay shut."""
        return self.lane == Lane.QUARANTINE


# The columns that TipFacts is made of, in its order.
FACTS = tuple(getattr(Tip, name) for name in TipFacts.__dataclass_fields__)


@dataclass(frozen=True)
class OpenTip:
    """A tip that this person may read, and why: services work with it, nothing keeps it."""

    tip: TipFacts
    person: Person
    reason_code: str
    content_key: bytes = field(repr=False)

    @property
    def may_see_original(self) -> bool:
        """Whether this person may see the words as they came, even when they tell who wrote them."""
        return not self.tip.identifies_sender or Role.SUPERVISOR in self.person.roles


def see_tip(person: Person, ref: str) -> TipFacts:
    """The clear facts of a tip of one's own desk. Raises NotAllowed for other roles and NotFound for other desks."""
    if not person.roles & DESK_ROLES:
        raise NotAllowed
    row = db.session.execute(select(*FACTS).where(Tip.ref == ref)).one_or_none()
    if row is None:
        raise NotFound
    if row.desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    return TipFacts(*row)


def access_tip(person: Person, ref: str, *, now: dt.datetime) -> OpenTip:
    """The opened tip, for somebody of its desk who holds a grant and has said why.

    Raises NotFound (no such tip, another desk, no grant), NotAllowed (role; restricted and not a supervisor) and
    ReasonNeeded (not opened yet under the present assignment).
    """
    facts = see_tip(person, ref)
    if facts.restricted and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    content_key = _content_key(person, facts)
    reason_code = _standing_reason(person, facts.id, "content", now)
    if reason_code is None:
        raise ReasonNeeded
    return OpenTip(facts, person, reason_code, content_key)


def open_tip(person: Person, ref: str, reason_code: str, reason_text: str, now: dt.datetime) -> OpenTip:
    """Take the reason for opening a tip, once per assignment, and open it; saying it again changes nothing.

    Raises as ``access_tip`` does, and BadInput for a reason that is unknown, too long or missing its words.
    """
    check_reason(reason_code, reason_text)
    facts = see_tip(person, ref)
    if facts.restricted and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    content_key = _content_key(person, facts)
    standing = _standing_reason(person, facts.id, "content", now)
    opened = OpenTip(facts, person, standing or reason_code, content_key)
    if standing is None:
        consult(opened, "content", reason_code, reason_text, now)
        history.add(facts.id, "tip.opened", actor=person.actor, now=now)
    return opened


def read_answers(opened: OpenTip, now: dt.datetime) -> Answers:
    """What was typed, and the log entry of the look, in one.

    Where the text tells who wrote it, everybody but supervisors gets it without narrative, place and links
    (SECURITY 33). Raises NotFound when the record is gone.
    """
    answers = _answers(opened, opened.tip.id)
    _log_look("tip.opened", opened, ANSWERS, opened.reason_code, now)
    return answers


def read_additions(opened: OpenTip, addition_ids: Sequence[str], now: dt.datetime) -> dict[str, Answers]:
    """What was typed in these additions to the tip, and one log entry that names each, in one.

    The same is kept back as of the tip itself. Raises NotFound for an addition to another tip and for one that is gone.
    """
    if not addition_ids:
        return {}
    read = {one: _answers(opened, one) for one in addition_ids}
    log.record(
        "tip.opened",
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id, *addition_ids],
        now=now,
        field_group="additions",
        justification=opened.reason_code,
    )
    return read


def key_of(opened: OpenTip, inner_id: str) -> bytes:
    """The content key of the opened tip, or of an addition to it. Raises NotFound for everything else."""
    if inner_id == opened.tip.id:
        return opened.content_key
    row = db.session.execute(select(Addition.id).where(Addition.id == inner_id, Addition.tip_id == opened.tip.id))
    if row.first() is None:
        raise NotFound
    return _open_key(opened.person, inner_id, "content", Purpose.TIP_CONTENT)


def mailbox_key(opened: OpenTip) -> bytes:
    """The key of the mailbox that the sender's receipt opens. Raises NotFound when it is gone."""
    return _open_key(opened.person, opened.tip.id, "mailbox", Purpose.TIP_MAILBOX)


def open_identity(person: Person, ref: str, reason_code: str, reason_text: str, now: dt.datetime) -> Identity:
    """Name and contact of who sent the tip, for a supervisor with a reason; each look is logged.

    The door asks for the password again. Raises NotAllowed for other roles, NotFound when the tip carries none, and
    what ``access_tip`` raises.
    """
    if Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    check_reason(reason_code, reason_text)
    opened = access_tip(person, ref, now=now)
    if not opened.tip.has_identity:
        raise NotFound
    identity_key = _open_key(person, opened.tip.id, "identity", Purpose.TIP_IDENTITY)
    identity = Identity.from_record(_latest(identity_key, opened.tip.id, IDENTITY))
    consult(opened, "identity", reason_code, reason_text, now)
    history.add(opened.tip.id, "identity.opened", actor=person.actor, now=now)
    _log_look("identity.opened", opened, IDENTITY, reason_code, now)
    return identity


def check_unrestricted(opened: OpenTip) -> None:
    """Raise WrongState while a tip is restricted: it is kept, not worked on (Art. 82)."""
    if opened.tip.restricted:
        raise WrongState


def check_reason(reason_code: str, reason_text: str) -> None:
    """Raise BadInput unless this is a reason: a known code, at most 200 characters, words where it says "other"."""
    if reason_code not in REASON_CODES:
        raise BadInput("reason_code", "unknown")
    if len(reason_text) > REASON_LIMIT:
        raise BadInput("reason_text", "long")
    if reason_code == "other" and not reason_text.strip():
        raise BadInput("reason_text", "missing")


def consult(opened: OpenTip, kind: str, reason_code: str, reason_text: str, now: dt.datetime) -> str:
    """Keep a reason for a look: the code in clear, the words sealed. Returns the consultation's id."""
    consultation_id = new_id()
    db.session.execute(
        insert(Consultation).values(
            id=consultation_id,
            tip_id=opened.tip.id,
            account_id=opened.person.id,
            kind=kind,
            reason_code=reason_code,
            opened_at=now,
        )
    )
    if reason_text.strip():
        records.write_record(opened, f"reason:opened:{consultation_id}", {"text": reason_text}, now)
    return consultation_id


def has_consulted(opened: OpenTip, kind: str, now: dt.datetime) -> bool:
    """Whether this person has asked for this part of the tip under the present assignment."""
    return _standing_reason(opened.person, opened.tip.id, kind, now) is not None


def _content_key(person: Person, facts: TipFacts) -> bytes:
    return _open_key(person, facts.id, "content", Purpose.TIP_CONTENT)


def _open_key(person: Person, inner_id: str, kind: str, purpose: Purpose) -> bytes:
    row = db.session.execute(
        select(TipKey.desk_id, TipKey.epoch, TipKey.sealed).where(TipKey.tip_id == inner_id, TipKey.purpose == kind)
    ).one_or_none()
    if row is None:  # erased: destroying this row is erasing the tip
        raise NotFound
    seed = desks.open_desk_key(person, row.desk_id, row.epoch, "identity" if kind == "identity" else "content")
    return opening.open_sealed(row.sealed, seed, Label(purpose, row.desk_id, row.epoch, inner_id))


def _answers(opened: OpenTip, inner_id: str) -> Answers:
    answers = Answers.from_record(_latest(key_of(opened, inner_id), inner_id, ANSWERS))
    return answers if opened.may_see_original else replace(answers, narrative="", place="", links=())


def _standing_reason(person: Person, tip_id: str, kind: str, now: dt.datetime) -> str | None:
    return db.session.execute(
        select(Consultation.reason_code)
        .where(
            Consultation.tip_id == tip_id,
            Consultation.account_id == person.id,
            Consultation.kind == kind,
            or_(Consultation.ended_at.is_(None), Consultation.ended_at > now),
        )
        .order_by(Consultation.opened_at)
        .limit(1)
    ).scalar_one_or_none()


def _latest(key: bytes, tip_id: str, part: str) -> bytes:
    row = db.session.execute(
        select(TipRecord.version, TipRecord.ciphertext)
        .where(TipRecord.tip_id == tip_id, TipRecord.part == part)
        .order_by(TipRecord.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound
    return envelope.decrypt_record(key, row.ciphertext, tip_id=tip_id, part=part, version=row.version)


def _log_look(event: str, opened: OpenTip, field_group: str, reason_code: str, now: dt.datetime) -> None:
    log.record(
        event,
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group=field_group,
        justification=reason_code,
    )
