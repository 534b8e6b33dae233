"""The only way for staff to a tip: every condition on its own line, and never a hint that a tip is there.

``see_tip`` gives the clear facts, ``open_tip`` takes the reason for the first look, ``access_tip`` gives the opened
tip to everything that works on it, ``read_answers`` gives its words and writes the log. "Not yours" and "not there"
are the same refusal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import bindparam, insert, or_, select

from tipline.crypto import envelope, opening
from tipline.crypto.keys import Label, Purpose
from tipline.errors import BadInput, KeysMismatch, NotAllowed, NotFound, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.tip import Addition, Consultation, Tip, TipKey, TipRecord
from tipline.roles import DESK_ROLES, Role
from tipline.services import desks, history, log, records, safeguarding
from tipline.services.accounts import Person
from tipline.services.answers import ANSWERS, IDENTITY, Answers, Identity, mailbox_mark, marked_mailbox
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
    channel: str
    folded: bool
    first_hand: int

    @property
    def quarantined(self) -> bool:
        """Whether its files stay shut."""
        return self.lane == Lane.QUARANTINE


# The columns that TipFacts is made of, in its order.
FACTS = tuple(getattr(Tip, name) for name in TipFacts.__dataclass_fields__)
# Built once: everything that is done with a tip asks these.
_KEY, _LOOK, _RECORD = table_of(TipKey).c, table_of(Consultation).c, table_of(TipRecord).c
_BY_REF = select(*FACTS).where(Tip.ref == bindparam("ref"))
_SEALED_KEY = select(_KEY.desk_id, _KEY.epoch, _KEY.sealed).where(
    _KEY.tip_id == bindparam("inner_id"), _KEY.purpose == bindparam("kind")
)
_STANDING = (
    select(_LOOK.reason_code)
    .where(_LOOK.tip_id == bindparam("tip_id"), _LOOK.account_id == bindparam("person"))
    .where(_LOOK.kind == bindparam("kind"), or_(_LOOK.ended_at.is_(None), _LOOK.ended_at > bindparam("now")))
    .order_by(_LOOK.opened_at)
    .limit(1)
)
_LATEST = (
    select(_RECORD.version, _RECORD.ciphertext)
    .where(_RECORD.tip_id == bindparam("inner_id"), _RECORD.part == bindparam("part"))
    .order_by(_RECORD.version.desc())
    .limit(1)
)


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
    db.session.flush()  # as it is now, whatever this transaction has changed
    row = db.run(_BY_REF, {"ref": ref}).first()
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
    reached = reach_tip(person, ref)
    reason_code = _standing_reason(person, reached.tip.id, "content", now)
    if reason_code is None:
        raise ReasonNeeded
    return replace(reached, reason_code=reason_code)


def open_tip(person: Person, ref: str, reason_code: str, reason_text: str, now: dt.datetime) -> OpenTip:
    """Take the reason for opening a tip, once per assignment, and open it; saying it again changes nothing.

    Raises as ``access_tip`` does, and BadInput for a reason that is unknown, too long or missing its words.
    """
    check_reason(reason_code, reason_text)
    reached = reach_tip(person, ref)
    standing = _standing_reason(person, reached.tip.id, "content", now)
    opened = replace(reached, reason_code=standing or reason_code)
    if standing is None:
        consult(opened, "content", reason_code, reason_text, now)
        history.add(opened.tip.id, "tip.opened", actor=person.actor, now=now)
    return opened


def reach_tip(person: Person, ref: str) -> OpenTip:
    """The tip for an act that seals something to it and shows nothing of it: needs a grant, and no reason for a look.

    Raises NotFound (no such tip, another desk, no grant) and NotAllowed (role; restricted, safeguarding: for others).
    """
    facts = see_tip(person, ref)
    if facts.restricted and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    if not safeguarding.may_read(person, facts.desk_id, facts.lane):
        raise NotAllowed
    return OpenTip(facts, person, "assigned_work", _open_key(person, facts.id, "content", Purpose.TIP_CONTENT))


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
    """The key of the mailbox that the sender's receipt opens. Raises NotFound when it is gone.

    Raises KeysMismatch for a key that the sender's own answers do not name: anybody can seal one to a desk.
    """
    key = _open_key(opened.person, opened.tip.id, "mailbox", Purpose.TIP_MAILBOX)
    marked = marked_mailbox(_latest(key_of(opened, opened.tip.id), opened.tip.id, ANSWERS))
    if marked is not None and marked != mailbox_mark(key):
        raise KeysMismatch(opened.tip.desk_id, "mailbox")
    return key


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


def _open_key(person: Person, inner_id: str, kind: str, purpose: Purpose) -> bytes:
    db.session.flush()
    row = db.run(_SEALED_KEY, {"inner_id": inner_id, "kind": kind}).first()
    if row is None:  # erased: destroying this row is erasing the tip
        raise NotFound
    seed = desks.open_desk_key(person, row.desk_id, row.epoch, "identity" if kind == "identity" else "content")
    return opening.open_sealed(row.sealed, seed, Label(purpose, row.desk_id, row.epoch, inner_id))


def _answers(opened: OpenTip, inner_id: str) -> Answers:
    answers = Answers.from_record(_latest(key_of(opened, inner_id), inner_id, ANSWERS))
    return answers if opened.may_see_original else replace(answers, narrative="", place="", links=())


def _standing_reason(person: Person, tip_id: str, kind: str, now: dt.datetime) -> str | None:
    db.session.flush()
    asked = {"tip_id": tip_id, "person": person.id, "kind": kind, "now": now}
    standing: str | None = db.run(_STANDING, asked).scalar()
    return standing


def _latest(key: bytes, tip_id: str, part: str) -> bytes:
    row = db.run(_LATEST, {"inner_id": tip_id, "part": part}).first()
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
