"""Referrals as reviewers write them: to whom, why, and what of each tip goes out. ``proposals`` decides on them.

States: drafted (on the proposer's desk), in_review (a second supervisor reads it), proposed (agreed, the package is
being built), waiting (for an administrator), released, sent, acknowledged; and the ends returned, withdrawn, expired,
void. Free text is sealed to the desk: nobody else can read why something was proposed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, select

from tipline.crypto import envelope, opening, receipts, sealing
from tipline.crypto.keys import Label, Purpose, new_key
from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import new_id
from tipline.models.referral import Authority, Package, Referral, ReferralKey, ReferralTip
from tipline.models.tip import Tip
from tipline.roles import DESK_ROLES
from tipline.services import access, accounts, authorities, desk_keys, desks, log, wishes
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.wishes import TipWish, Wish

PROPOSAL = "proposal"
LIFE = dt.timedelta(hours=72)
MOST_TIPS = 20
SHOWN = 200


@dataclass(frozen=True)
class ReferralLine:
    """One referral in a list."""

    ref: str
    state: str
    authority: str
    tip_count: int
    urgency: str
    needs_review: bool
    proposer: str
    is_mine: bool
    proposed_at: dt.datetime
    expires_at: dt.datetime
    package: str | None
    package_state: str | None
    return_reason: str | None


@dataclass(frozen=True)
class OpenReferral:
    """A referral with its free text, for somebody of its desk. ``digest`` is what an approval binds to."""

    line: ReferralLine
    wish: Wish
    tips: tuple[TipWish, ...]
    digest: str
    desk_id: str
    proposed_by: str
    reviewer: str | None


def draft_referral(person: Person, wish: Wish, first: TipWish, now: dt.datetime) -> str:
    """Begin a referral with its first tip; nothing is proposed yet. Returns its reference.

    Raises NotFound, ReasonNeeded (the tip was never opened), BadInput by field, ReferralRefused for the authority.
    """
    opened = access.access_tip(person, first.ref, now=now)
    wishes.check_tip_wish(first, opened)
    checked = wishes.check_wish(wish, with_identity=first.with_identity)
    recipient = authorities.usable(wish.authority_id, now, opened.tip.desk_id)
    referral = Referral(
        id=new_id(),
        ref=f"REF-{receipts.new_reference()}",
        desk_id=opened.tip.desk_id,
        epoch=0,
        authority_id=recipient.authority_id,
        authority_key_id=recipient.key_id,
        state="drafted",
        purpose=checked.purpose,
        legal_basis=checked.legal_basis,
        urgency=checked.urgency,
        request=checked.request,
        handling="+".join(checked.handling),
        needs_review=False,
        sealed_proposal=b"",
        proposal_digest="",
        proposed_by=person.id,
        proposed_at=now,
        expires_at=now + LIFE,
    )
    _seal(person, referral, checked, [first])
    db.session.add(referral)
    db.session.flush()
    _add_row(referral, first, opened)
    referral.needs_review = must_review(referral)
    db.session.flush()
    return referral.ref


def add_tip(person: Person, ref: str, tip: TipWish, now: dt.datetime) -> None:
    """Put one more tip of the same desk into one's own draft; a tip that is there already is changed.

    Raises as ``draft_referral`` does, and WrongState once it was proposed. Nothing is changed when it raises.
    """
    referral = own_draft(person, ref)
    wish, tips = open_text(person, referral)
    kept = [*(other for other in tips if other.ref != tip.ref), tip]
    if len(kept) > MOST_TIPS:
        raise BadInput("tip", "too-many")
    opened = access.access_tip(person, tip.ref, now=now)
    if opened.tip.desk_id != referral.desk_id:
        raise NotFound
    wishes.check_tip_wish(tip, opened)
    checked = wishes.check_wish(wish, with_identity=any(one.with_identity for one in kept))
    referral.handling = "+".join(checked.handling)
    db.session.execute(
        delete(ReferralTip).where(ReferralTip.referral_id == referral.id, ReferralTip.tip_id == opened.tip.id)
    )
    _seal(person, referral, checked, kept)
    _add_row(referral, tip, opened)
    referral.needs_review = must_review(referral)
    db.session.flush()


def list_referrals(person: Person) -> list[ReferralLine]:
    """The newest referrals of one's own desks; other people's drafts are not among them. Raises NotAllowed."""
    if not person.roles & DESK_ROLES:
        raise NotAllowed
    mine = [desk.id for desk in desks.desks_of(person)]
    rows = db.session.scalars(
        select(Referral)
        .where(Referral.desk_id.in_(mine))
        .where((Referral.state != "drafted") | (Referral.proposed_by == person.id))
        .order_by(Referral.proposed_at.desc(), Referral.id)
        .limit(SHOWN)
    ).all()
    return [_line(row, person) for row in rows]


def read_referral(person: Person, ref: str, now: dt.datetime) -> OpenReferral:
    """A referral of one's own desk with its text; logged. Raises NotFound when there is none, or it is not yours."""
    referral = find(person, ref)
    wish, tips = open_text(person, referral)
    log.record(
        "referral.read",
        chain="staff",
        actor=person.actor,
        subjects=[referral.id],
        now=now,
        justification="own_proposal" if referral.proposed_by == person.id else "desk_work",
    )
    people = accounts.names_of([one for one in (referral.reviewed_by,) if one])
    return OpenReferral(
        line=_line(referral, person),
        wish=wish,
        tips=tuple(tips),
        digest=digest_of(referral),
        desk_id=referral.desk_id,
        proposed_by=referral.proposed_by,
        reviewer=people.get(referral.reviewed_by or ""),
    )


def find(person: Person, ref: str) -> Referral:
    """The row, for the services of this noun. Raises NotFound unless it is of one's own desk and to be seen."""
    if not person.roles & DESK_ROLES:
        raise NotAllowed
    referral = db.session.scalars(select(Referral).where(Referral.ref == ref).with_for_update()).one_or_none()
    if referral is None or referral.desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    if referral.state == "drafted" and referral.proposed_by != person.id:
        raise NotFound
    return referral


def own_draft(person: Person, ref: str) -> Referral:
    """One's own draft. Raises NotFound and WrongState."""
    referral = find(person, ref)
    if referral.state != "drafted":
        raise WrongState
    return referral


def open_text(person: Person, referral: Referral) -> tuple[Wish, list[TipWish]]:
    """The sealed text, opened with the desk's key; what is left of it once its tips are erased: no text and no tip.

    Raises NotFound for somebody without a grant.
    """
    seed = desks.open_desk_key(person, referral.desk_id, referral.epoch, "content")
    if not referral.sealed_proposal:
        codes = (referral.purpose, referral.legal_basis, referral.urgency, referral.request)
        return Wish(referral.authority_id, *codes, tuple(referral.handling.split("+")), why_you=""), []
    sealed = db.session.get_one(ReferralKey, referral.id).sealed
    key = opening.open_sealed(sealed, seed, _label(referral))
    raw = json.loads(envelope.decrypt_record(key, referral.sealed_proposal, tip_id=referral.id, part=PROPOSAL))
    wish = Wish(**{**raw["wish"], "handling": tuple(raw["wish"]["handling"])})
    lists = ("attachment_ids", "answers")
    tips = [TipWish(**{**tip, **{name: tuple(tip[name]) for name in lists}}) for tip in raw["tips"]]
    return wish, tips


def rows_of(referral: Referral) -> Sequence[ReferralTip]:
    """Its tips, as rows."""
    return db.session.scalars(
        select(ReferralTip).where(ReferralTip.referral_id == referral.id).order_by(ReferralTip.tip_id)
    ).all()


def must_review(referral: Referral) -> bool:
    """Whether a second supervisor must read it: identity, an original text, H3, or a text that tells its sender."""
    rows = rows_of(referral)
    telling = select(Tip.id).where(Tip.id.in_([row.tip_id for row in rows]), Tip.identifies_sender)
    return (
        "H3" in referral.handling
        or any(row.with_identity or row.narrative == "original" for row in rows)
        or db.session.scalars(telling.limit(1)).first() is not None
    )


def digest_of(referral: Referral) -> str:
    """SHA-256 of everything that is proposed, with the tips as they are now: any later change gives another.

    An approval names the digest of what was read.
    """
    rows = rows_of(referral)
    found = db.session.execute(select(Tip.id, Tip.revision).where(Tip.id.in_([row.tip_id for row in rows])))
    revisions = {row.id: row.revision for row in found}
    tips = [
        [row.tip_id, row.narrative, row.with_identity, row.attachment_ids, revisions.get(row.tip_id)] for row in rows
    ]
    codes = ("id", "authority_id", "authority_key_id", "purpose", "legal_basis", "urgency", "request", "handling")
    said: list[Any] = [getattr(referral, name) for name in codes]
    said += [hashlib.sha256(referral.sealed_proposal).hexdigest(), tips]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def _add_row(referral: Referral, tip: TipWish, opened: OpenTip) -> None:
    db.session.add(
        ReferralTip(
            referral_id=referral.id,
            tip_id=opened.tip.id,
            narrative="original" if tip.original else "sanitised",
            with_identity=tip.with_identity,
            attachment_ids=",".join(sorted(tip.attachment_ids)),
            tip_revision=opened.tip.revision,
        )
    )
    db.session.flush()


def _seal(person: Person, referral: Referral, wish: Wish, tips: Sequence[TipWish]) -> None:
    target = desk_keys.seal_target(person, referral.desk_id)
    referral.epoch = target.epoch
    text = json.dumps({"wish": asdict(wish), "tips": [asdict(tip) for tip in tips]}).encode("ascii")
    key = new_key()
    referral.sealed_proposal = envelope.encrypt_record(key, text, tip_id=referral.id, part=PROPOSAL)
    sealed = sealing.seal(key, target.content_public, _label(referral))
    db.session.merge(ReferralKey(referral_id=referral.id, sealed=sealed))


def _label(referral: Referral) -> Label:
    return Label(Purpose.PROPOSAL, referral.desk_id, referral.epoch, referral.id)


def _line(referral: Referral, person: Person) -> ReferralLine:
    package = db.session.scalars(select(Package).where(Package.referral_id == referral.id)).one_or_none()
    proposer = accounts.names_of([referral.proposed_by]).get(referral.proposed_by, "")
    return ReferralLine(
        ref=referral.ref,
        state=referral.state,
        authority=db.session.scalars(select(Authority.name).where(Authority.id == referral.authority_id)).one(),
        tip_count=len(rows_of(referral)),
        urgency=referral.urgency,
        needs_review=referral.needs_review,
        proposer=proposer,
        is_mine=referral.proposed_by == person.id,
        proposed_at=referral.proposed_at,
        expires_at=referral.expires_at,
        package=package.ref if package else None,
        package_state=package.state if package else None,
        return_reason=package.return_reason if package else None,
    )
