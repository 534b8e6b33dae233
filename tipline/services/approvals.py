"""The second person: one mechanism for every act that nobody does alone.

Somebody proposes an act on exactly this content; somebody else, whose role may approve it and who has not edited the
thing since, approves that content by its digest. Any change makes an approval void, 72 hours end it, and both people
are in the log. ``approval_acts`` is the table of acts, ``approval_lists`` what pages show.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json

from sqlalchemy import delete, func, select

from tipline import config
from tipline.errors import ApprovalVoid, BadInput, NeedsSecondPerson, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole
from tipline.models.approval import Approval
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskMember, Grant
from tipline.models.log import LogEntry, LogHead
from tipline.roles import DESK_ROLES, Role
from tipline.services import log
from tipline.services.accounts import Person
from tipline.services.approval_acts import ACTS, Approved, Content, owner_of

LASTS = dt.timedelta(hours=72)
KEPT = dt.timedelta(days=30)
WAITING, APPROVED, DONE = "waiting", "approved", "done"
REFUSED, WITHDRAWN, REPLACED = "refused", "withdrawn", "replaced"


def propose(act: str, subject: str, content: Content, person: Person, now: dt.datetime, *, desk_id: str = "") -> str:
    """Propose an act on exactly this content; the id of the proposal, which waits 72 hours for a second person.

    With ``desk_id`` both must hold a key of that desk, unless they are administrators. The same once more changes
    nothing; anything else for this subject replaces what waited. Raises NotAllowed for another role, NotFound for a
    desk that is not one's own.
    """
    _check_role(ACTS[act].proposers, person, desk_id, keyless=ACTS[act].keyless)
    digest = digest_of(act, subject, content, desk_id)
    rows = select(Approval).where(Approval.act == act, Approval.subject == subject, Approval.desk_id == desk_id)
    earlier = db.session.scalars(rows.where(Approval.state == WAITING).with_for_update()).one_or_none()
    if earlier is not None:
        if (earlier.digest, earlier.proposed_by) == (digest, person.id) and earlier.expires_at > now:
            return earlier.id
        earlier.state, earlier.decided_at = REPLACED, now
        db.session.flush()
    row = Approval(
        id=new_id(),
        act=act,
        subject=subject,
        desk_id=desk_id,
        content=log.canonical(content).decode("ascii"),
        digest=digest,
        state=WAITING,
        proposed_by=person.id,
        proposed_at=now,
        expires_at=now + LASTS,
    )
    _log("approval.proposed", row, person, now)
    row.log_seq = db.session.scalars(select(LogHead.seq).where(LogHead.chain == ACTS[act].chain)).one()
    db.session.add(row)
    db.session.flush()
    return row.id


def propose_or_do(act: str, subject: str, content: Content, person: Person, now: dt.datetime) -> bool:
    """Propose an act among administrators; where there is only one, do it at once. True when it waits.

    Raises NotAllowed, and what the act itself raises.
    """
    if needs_second_administrator():
        propose(act, subject, content, person, now)
        return True
    _check_role(ACTS[act].proposers, person, "")
    log.record("approval.alone", chain=person.chain, actor=person.actor, subjects=[subject], now=now, field_group=act)
    deed = owner_of(act).do
    if deed is not None:
        deed(Approved("", act, subject, content, "", person.id), person, now)
    return False


def needs_second_administrator() -> bool:
    """Whether administrators need each other: from the second account on, unless the operator has switched it off.

    A suspended administrator counts, so that nobody becomes the only one by suspending the other.
    """
    if config.current().second_administrator == "off":
        return False
    known = (
        select(func.count())
        .select_from(AccountRole)
        .join(Account, Account.id == AccountRole.account_id)
        .where(AccountRole.role == Role.ADMINISTRATOR.value, Account.state.in_(("active", "suspended")))
    )
    return (db.session.scalar(known) or 0) > 1


def approve(approval_id: str, digest: str, person: Person, now: dt.datetime) -> bool:
    """Agree to exactly what was read, whose ``digest`` this is. True when it is done, False when ``use`` will do it.

    Raises NotFound for somebody it is not for, NotAllowed for another role, NeedsSecondPerson for the proposer and for
    who has edited the thing since, WrongState when it was decided, ApprovalVoid when anything changed or it ran out.
    """
    row = _to_decide(approval_id, person)
    if has_edited(row, person):
        raise NeedsSecondPerson
    if row.expires_at <= now or digest != row.digest or not is_unchanged(row):
        raise ApprovalVoid
    row.state, row.decided_by, row.decided_at, row.expires_at = APPROVED, person.id, now, now + LASTS
    _log("approval.given", row, person, now)
    deed = owner_of(row.act).do
    if deed is not None:
        row.state = DONE
        db.session.flush()
        try:
            deed(_approved(row), person, now)
        except (BadInput, WrongState) as refused:  # something else stands against it now
            raise ApprovalVoid from refused
    db.session.flush()
    return row.state == DONE


def refuse(approval_id: str, person: Person, now: dt.datetime) -> None:
    """Say no: nothing happens, and it can be proposed anew. The proposer takes it back with ``withdraw``.

    Raises as ``approve`` does, but asks neither for the digest nor for the time.
    """
    row = _to_decide(approval_id, person)
    row.state, row.decided_by, row.decided_at = REFUSED, person.id, now
    _log("approval.refused", row, person, now)
    db.session.flush()


def withdraw(approval_id: str, person: Person, now: dt.datetime) -> None:
    """Take back one's own proposal, approved or not, as long as it is not done. Raises NotFound and WrongState."""
    row = _locked(approval_id)
    if row.proposed_by != person.id:
        raise NotFound
    if row.state not in (WAITING, APPROVED):
        raise WrongState
    row.state, row.decided_at = WITHDRAWN, now
    _log("approval.withdrawn", row, person, now)
    db.session.flush()


def use(act: str, subject: str, content: Content, person: Person, now: dt.datetime, *, desk_id: str = "") -> Approved:
    """Spend the approval of exactly this content, once: for an act that one of the two carries out in a session.

    Raises NeedsSecondPerson when there is none that holds now, and for a third person.
    """
    rows = select(Approval).where(Approval.act == act, Approval.subject == subject, Approval.state == APPROVED)
    rows = rows.where(Approval.digest == digest_of(act, subject, content, desk_id), Approval.expires_at > now)
    row = db.session.scalars(rows.order_by(Approval.decided_at.desc()).limit(1).with_for_update()).first()
    if row is None or person.id not in (row.proposed_by, row.decided_by):
        raise NeedsSecondPerson
    row.state = DONE
    _log("approval.used", row, person, now)
    db.session.flush()
    return _approved(row)


def erase_ended(now: dt.datetime) -> int:
    """Delete what ended more than thirty days ago; the log keeps who agreed to what. Returns how many rows."""
    gone = db.session.execute(delete(Approval).where(Approval.expires_at <= now - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def digest_of(act: str, subject: str, content: Content, desk_id: str = "") -> str:
    """What an approval binds to: SHA-256 over act, subject, desk and content."""
    whole = {"act": act, "subject": subject, "desk": desk_id, "content": content}
    return hashlib.sha256(log.canonical(whole)).hexdigest()


def content_of(row: Approval) -> Content:
    """What was proposed."""
    content: Content = json.loads(row.content)
    return content


def is_unchanged(row: Approval) -> bool:
    """Whether the thing is still what was proposed."""
    content = content_of(row)
    present = owner_of(row.act).present(row.subject, content)
    return present is not None and digest_of(row.act, row.subject, present, row.desk_id) == row.digest


def has_edited(row: Approval, person: Person) -> bool:
    """Whether this person has edited the thing since it was proposed; the log tells, also when it was put back."""
    act = ACTS[row.act]
    touched = {row.subject, *owner_of(row.act).touches(content_of(row))}
    edits = db.session.scalars(
        select(LogEntry.subject_ids).where(
            LogEntry.chain == act.chain,
            LogEntry.seq > row.log_seq,
            LogEntry.event.in_(act.edits),
            LogEntry.actor_id == person.id,
        )
    )
    return any(touched & set(subjects.split(",")) for subjects in edits)


def may_decide(row: Approval, person: Person) -> bool:
    """Whether this proposal is for a person of these roles and desks to decide on."""
    try:
        _check_role(ACTS[row.act].approvers, person, row.desk_id)
    except (NotAllowed, NotFound):
        return False
    return True


def _check_role(roles: frozenset[Role], person: Person, desk_id: str, *, keyless: bool = False) -> None:
    if not roles & person.roles:
        raise NotAllowed
    if keyless or person.roles & roles - DESK_ROLES:  # an administrator, who is on no desk
        return
    held = (
        select(Grant.id)
        .join(Desk, (Desk.id == Grant.desk_id) & (Desk.epoch == Grant.epoch))
        .join(DeskMember, (DeskMember.desk_id == Grant.desk_id) & (DeskMember.account_id == Grant.account_id))
        .where(Grant.desk_id == desk_id, Grant.account_id == person.id, Grant.kind == "content")
        .where(DeskMember.standing == "member")
    )
    if db.session.scalars(held).first() is None:
        raise NotFound


def _locked(approval_id: str) -> Approval:
    row = db.session.get(Approval, approval_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def _to_decide(approval_id: str, person: Person) -> Approval:
    """A proposal that waits, for somebody who may decide on it."""
    row = _locked(approval_id)
    _check_role(ACTS[row.act].approvers, person, row.desk_id)
    if row.proposed_by == person.id:
        raise NeedsSecondPerson
    if row.state != WAITING:
        raise WrongState
    return row


def _approved(row: Approval) -> Approved:
    return Approved(row.id, row.act, row.subject, content_of(row), row.desk_id, row.proposed_by)


def _log(event: str, row: Approval, person: Person, now: dt.datetime) -> None:
    log.record(
        event,
        chain=person.chain,
        actor=person.actor,
        subjects=[row.id, row.subject],
        now=now,
        field_group=row.act,
    )
