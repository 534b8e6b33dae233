"""Deciding on a referral inside the desk: proposed, reviewed by a second person where that is needed, built.

An approval binds to the digest of what was read: whatever is changed later makes it void. Building takes three steps,
so that no lock is held while an attachment is encrypted: ``gather`` reads and logs, ``packing.seal_package`` encrypts,
``keep_package`` checks everything again and makes it known.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace

from sqlalchemy import select, update

from tipline.errors import BadInput, NeedsSecondPerson, NotAllowed, ReferralRefused, WrongState
from tipline.extensions import db
from tipline.models.base import new_id
from tipline.models.referral import Package, Referral, ReferralTip
from tipline.models.tip import Tip, TipRecord
from tipline.roles import Role
from tipline.services import (
    access,
    authorities,
    confirmed_keys,
    gathering,
    history,
    log,
    packages,
    packing,
    proposed_tips,
    referrals,
)
from tipline.services.accounts import Person
from tipline.services.authorities import Recipient
from tipline.services.handovers import Handover
from tipline.services.notes import SANITISED
from tipline.services.packing import SealedPackage
from tipline.services.statuses import Status
from tipline.services.wishes import TipWish

CHAIN = "staff"
RETURN_REASONS = ("not-necessary", "other-authority", "too-much", "text-tells", "grade", "codes", "basis")


@dataclass(frozen=True)
class Gathered:
    """What is about to be sealed, and to whom."""

    handover: Handover = field(repr=False)
    recipient: Recipient


def preview(person: Person, ref: str, now: dt.datetime) -> Gathered:
    """What would go out, for the proposer of a draft or for the supervisor who reviews; each look is logged.

    The supervisor's reason for opening the tips is the review. Raises NotFound, NotAllowed, ReferralRefused,
    NeedsSecondPerson.
    """
    referral = referrals.find(person, ref)
    if referral.state == "in_review":
        check_reviewer(person, referral)
    elif person.id not in (referral.proposed_by, referral.reviewed_by):
        raise NotAllowed
    return _gather(person, referral, now)


def propose(person: Person, ref: str, digest: str, now: dt.datetime) -> bool:
    """Propose one's own draft as it was just read; whether a second supervisor must review it.

    The door asks for the password. Raises WrongState, and ReferralRefused with the reason.
    """
    referral = referrals.own_draft(person, ref)
    if digest != referrals.digest_of(referral):
        raise ReferralRefused("edited")
    check_referral(referral, now)
    _check_texts(person, referral, now)
    referral.needs_review = referrals.must_review(referral)
    referral.state = "in_review" if referral.needs_review else "proposed"
    referral.proposal_digest, referral.proposed_at, referral.expires_at = digest, now, now + referrals.LIFE
    db.session.execute(
        update(ReferralTip)
        .where(ReferralTip.referral_id == referral.id)
        .values(tip_revision=select(Tip.revision).where(Tip.id == ReferralTip.tip_id).scalar_subquery())
        .execution_options(synchronize_session=False)
    )
    db.session.flush()
    proposed_tips.take_step(referral.id, Status.PROPOSED, person.actor, now, chain=CHAIN)
    _log("referral.proposed", person, referral, now)
    return referral.needs_review


def approve(person: Person, ref: str, digest: str, now: dt.datetime) -> None:
    """A supervisor agrees to exactly what was read.

    Raises NeedsSecondPerson, NotAllowed, WrongState, ReferralRefused.
    """
    referral = referrals.find(person, ref)
    if referral.state != "in_review":
        raise WrongState
    check_reviewer(person, referral)
    if digest != referral.proposal_digest:
        raise ReferralRefused("edited")
    check_referral(referral, now)
    referral.state, referral.reviewed_by, referral.reviewed_at = "proposed", person.id, now
    referral.expires_at = now + referrals.LIFE
    db.session.flush()
    _log("referral.approved", person, referral, now)


def return_referral(person: Person, ref: str, reason: str, now: dt.datetime) -> None:
    """A supervisor does not agree; the tips can be proposed anew. Raises as ``approve`` does, and BadInput."""
    referral = referrals.find(person, ref)
    if referral.state != "in_review":
        raise WrongState
    check_reviewer(person, referral)
    if reason not in RETURN_REASONS:
        raise BadInput("reason", "unknown")
    referral.state, referral.reviewed_by, referral.reviewed_at = "returned", person.id, now
    db.session.flush()
    proposed_tips.give_back(referral.id, person.actor, now, chain=CHAIN, justification=reason)
    _log("referral.returned", person, referral, now, justification=reason)


def withdraw(person: Person, ref: str, now: dt.datetime) -> list[str]:
    """Take a referral back before it was released: its proposer or a supervisor. Returns file names for ``discard``.

    Raises NotAllowed and WrongState.
    """
    referral = referrals.find(person, ref)
    if referral.state not in ("drafted", "in_review", "proposed", "waiting"):
        raise WrongState
    if referral.proposed_by != person.id and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    referral.state = "withdrawn"
    db.session.flush()
    _log("referral.withdrawn", person, referral, now)
    proposed_tips.give_back(referral.id, person.actor, now, chain=CHAIN, justification="withdrawn")
    package = db.session.scalars(select(Package).where(Package.referral_id == referral.id)).one_or_none()
    if package is None:
        return []
    package.state, package.return_reason = "returned", "withdrawn"
    package.decided_by, package.decided_at = person.id, now
    return [packages.forget_bytes(package, person.actor, now, chain=CHAIN)]


def gather(person: Person, ref: str, now: dt.datetime) -> Gathered:
    """Read what was agreed to, in the session of its proposer, or of its reviewer where there is one (SECURITY 29).

    Raises NotAllowed for anybody else, WrongState, and ReferralRefused when something has changed.
    """
    referral = referrals.find(person, ref)
    check_builder(person, referral)
    check_referral(referral, now)
    return _gather(person, referral, now)


def keep_package(person: Person, ref: str, sealed: SealedPackage, recipient: Recipient, now: dt.datetime) -> None:
    """Make a sealed package known: it waits for an administrator. Everything is checked once more.

    When it is refused the sealed bytes are deleted. Raises as ``gather`` does.
    """
    try:
        referral = referrals.find(person, ref)
        check_builder(person, referral)
        _check_same(check_referral(referral, now), recipient)
        _keep(person, referral, sealed, recipient, now)
    except BaseException:
        packages.discard([sealed.stored_name])
        raise


def hand_over(person: Person, ref: str, now: dt.datetime) -> None:
    """``gather``, seal and ``keep_package`` in the caller's one transaction: for the sample and for tests."""
    gathered = gather(person, ref, now)
    sealed = packing.seal_package(gathered.handover, gathered.recipient, now)
    keep_package(person, ref, sealed, gathered.recipient, now)


def check_builder(person: Person, referral: Referral) -> None:
    """Raise WrongState unless the package may be built now, NotAllowed unless by this person."""
    if referral.state != "proposed":
        raise WrongState
    if person.id != (referral.reviewed_by if referral.needs_review else referral.proposed_by):
        raise NotAllowed


def check_reviewer(person: Person, referral: Referral) -> None:
    """A supervisor who neither proposed it nor wrote a text that goes out. Raises NotAllowed, NeedsSecondPerson."""
    if Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    if referral.proposed_by == person.id:
        raise NeedsSecondPerson
    sanitised = [row.tip_id for row in referrals.rows_of(referral) if row.narrative == "sanitised"]
    wrote = (
        select(TipRecord.id)
        .where(TipRecord.tip_id.in_(sanitised), TipRecord.part == SANITISED, TipRecord.written_by == person.id)
        .limit(1)
    )
    if db.session.scalars(wrote).first() is not None:
        raise NeedsSecondPerson


def check_referral(referral: Referral, now: dt.datetime) -> Recipient:
    """Raise ReferralRefused with the reason unless the referral may go out at this moment; otherwise its recipient.

    Reasons: those of ``authorities.usable`` and ``proposed_tips.check_tips``, and ``key-changed``, ``expired``,
    ``edited``.
    """
    if referral.expires_at <= now:
        raise ReferralRefused("expired")
    recipient = authorities.usable(referral.authority_id, now, referral.desk_id)
    if recipient.key_id != referral.authority_key_id:
        raise ReferralRefused("key-changed")
    proposed_tips.check_tips(referral.id)
    if referral.proposal_digest and referrals.digest_of(referral) != referral.proposal_digest:
        raise ReferralRefused("edited")
    return recipient


def _gather(person: Person, referral: Referral, now: dt.datetime) -> Gathered:
    recipient = authorities.usable(referral.authority_id, now, referral.desk_id)
    confirmed_keys.check_signed(person, referral.desk_id, recipient.key_id)
    wish, tips = referrals.open_text(person, referral)
    if not tips:
        raise ReferralRefused("erased")
    if person.id != referral.proposed_by:
        for tip in tips:
            access.open_tip(person, tip.ref, "second_opinion", "", now)
    shown = tips
    if person.id == referral.proposed_by:  # who asks for an identity does not see it by asking
        shown = [_without_identity(tip) for tip in tips]
    return Gathered(gathering.gather(person, referral, wish, shown, recipient, now), recipient)


def _keep(person: Person, referral: Referral, sealed: SealedPackage, recipient: Recipient, now: dt.datetime) -> None:
    package = Package(
        id=new_id(),
        ref=sealed.ref,
        referral_id=referral.id,
        state="waiting",
        stored_name=sealed.stored_name,
        sha256=sealed.sha256,
        byte_count=sealed.byte_count,
        cover=json.dumps(sealed.cover),
        manifest=sealed.manifest.decode(),
        manifest_signature=sealed.manifest_signature,
        sealed_identity=sealed.sealed_identity,
        tagmanifest_sha256=sealed.tagmanifest_sha256,
        built_by=person.id,
        built_at=now,
    )
    db.session.add(package)
    referral.state, referral.expires_at = "waiting", now + referrals.LIFE
    db.session.flush()
    tip_ids = [row.tip_id for row in referrals.rows_of(referral)]
    for tip_id in tip_ids:
        history.add(tip_id, "package.built", actor=person.actor, now=now)
    log.record(
        "package.built",
        chain=CHAIN,
        actor=person.actor,
        subjects=tip_ids,
        now=now,
        justification=referral.purpose,
        recipient_id=referral.authority_id,
        package_id=package.id,
        package_sha256=package.sha256,
        legal_basis=referral.legal_basis,
        transfer_basis=recipient.transfer_basis,
    )


def _check_texts(person: Person, referral: Referral, now: dt.datetime) -> None:
    """A sanitised narrative must be there before anybody reviews it."""
    _wish, tips = referrals.open_text(person, referral)
    for tip in tips:
        gathering.check_text(access.access_tip(person, tip.ref, now=now), tip)


def _check_same(now_usable: Recipient, sealed_to: Recipient) -> None:
    if now_usable.recipient != sealed_to.recipient:
        raise ReferralRefused("key-changed")


def _without_identity(tip: TipWish) -> TipWish:
    return replace(tip, with_identity=False)


def _log(event: str, person: Person, referral: Referral, now: dt.datetime, *, justification: str | None = None) -> None:
    log.record(
        event,
        chain=CHAIN,
        actor=person.actor,
        subjects=[referral.id],
        now=now,
        recipient_id=referral.authority_id,
        legal_basis=referral.legal_basis,
        justification=justification,
    )
