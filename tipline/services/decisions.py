"""What the desk decides about a sender's request: what stands against it, what is answered, and what follows.

Everybody of the desk sees what waits; a supervisor decides. A refusal and an answer about what is held go into the
sender's mailbox in words; a granted erasure takes the mailbox with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import select

from tipline.errors import BadInput, NotAllowed, WrongState
from tipline.extensions import db
from tipline.models.referral import Package, Referral, ReferralTip
from tipline.roles import Role
from tipline.services import access, conversation, desks, history, messages, proposed_tips, retention, rights
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.retention import Erased
from tipline.services.rights import Request

# A request turns red when this many days are left.
SOON = dt.timedelta(days=5)
GRANT_REASONS = ("no-objection", "partly")
REFUSAL_REASONS = tuple(one for one in rights.REASONS if one not in GRANT_REASONS)
ERASING = ("erasure", "withdrawal")
_OUT = ("sent", "acknowledged")


@dataclass(frozen=True)
class Waiting:
    """How many requests wait at a desk, and whether one of them is due soon or late."""

    count: int
    urgent: bool


@dataclass(frozen=True)
class Matter:
    """One request with its tip. ``against``: what stands against erasing it, in codes."""

    request: Request
    tip: TipFacts
    against: tuple[str, ...]

    @property
    def erases(self) -> bool:
        """Whether granting it erases the tip."""
        return self.request.kind in ERASING


@dataclass(frozen=True)
class Answer:
    """What a supervisor decides, and the words for the sender."""

    granted: bool
    reason_code: str
    language: str
    text: str = field(repr=False)


def requests_of(person: Person) -> tuple[Request, ...]:
    """What waits at this person's desks, the most pressing first."""
    return rights.open_requests([desk.id for desk in desks.desks_of(person)])


def count_waiting(person: Person, desk_id: str, now: dt.datetime) -> Waiting:
    """What waits at one of this person's desks. At another it is nothing."""
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return Waiting(0, urgent=False)
    first = rights.open_requests([desk_id], limit=1)
    return Waiting(rights.count_open([desk_id]), urgent=any(is_pressing(one, now) for one in first))


def is_pressing(request: Request, now: dt.datetime) -> bool:
    """Whether an open request is late or due within five days."""
    return request.state == rights.OPEN and request.due_on - now.date() <= SOON


def read_matter(person: Person, request_id: str) -> Matter:
    """One request about a tip of one's own desk. Raises NotAllowed for other roles and NotFound for other desks."""
    request = rights.get(request_id)
    tip = access.see_tip(person, request.ref)
    return Matter(request, tip, against(tip.id, restricted=tip.restricted))


def against(tip_id: str, *, restricted: bool) -> tuple[str, ...]:
    """What keeps a tip from erasure, in codes: ``held``, ``restricted``, ``proposed``, ``handed-over``.

    What was handed over stays, because who received it must be told of an erasure, and only from what is here.
    """
    states = set(
        db.session.scalars(
            select(Referral.state)
            .join(ReferralTip, ReferralTip.referral_id == Referral.id)
            .where(ReferralTip.tip_id == tip_id)
        )
    )
    sent = db.session.scalars(
        select(Package.id)
        .join(ReferralTip, ReferralTip.referral_id == Package.referral_id)
        .where(ReferralTip.tip_id == tip_id, Package.state.in_(_OUT))
        .limit(1)
    ).first()
    found = {
        "held": bool(retention.holds_on(tip_id)),
        "restricted": restricted,
        "proposed": bool(states & set(proposed_tips.OPEN)),
        "handed-over": sent is not None,
    }
    return tuple(code for code, stands in found.items() if stands)


def decide(person: Person, request_id: str, answer: Answer, now: dt.datetime) -> Erased | None:
    """Decide a request; what was erased by it is returned, and its files go after the commit (``retention.discard``).

    Raises NotAllowed for others than supervisors, NotFound for other desks, WrongState when it is decided already,
    BadInput on ``decision`` (what stands against an erasure), ``reason_code`` and what a message may be refused for.
    """
    if Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    rights.get(request_id, lock=True)
    matter = read_matter(person, request_id)
    if matter.request.state != rights.OPEN:
        raise WrongState
    erasing = answer.granted and matter.erases
    if answer.reason_code not in (GRANT_REASONS if answer.granted else REFUSAL_REASONS):
        raise BadInput("reason_code", "unknown")
    if erasing and matter.against:
        raise BadInput("decision", matter.against[0])
    state = rights.GRANTED if answer.granted else rights.REFUSED
    request = rights.decide(request_id, state, answer.reason_code, person.actor, now)
    if erasing:
        reason = "withdrawn" if request.kind == "withdrawal" else "request"
        return retention.erase_tip(request.tip_id, reason, person.actor, now, chain="staff")
    opened = access.open_tip(person, request.ref, "rights_request", "", now)
    messages.write(opened, answer.text, answer.language, now, kind=conversation.DECISION)
    history.add(request.tip_id, "request.decided", actor=person.actor, now=now, before=request.kind, after=state)
    return None
