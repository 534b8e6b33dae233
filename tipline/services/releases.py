"""Releasing packages: the decision of an administrator, who sees the cover and cannot read a tip.

Released is exactly what was built: every tip, the key, the basis and the age are checked again, and the digest before
the first byte. Nobody releases what they proposed, reviewed or built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tipline.errors import BadInput, DigestMismatch, NeedsSecondPerson, NotFound, ReferralRefused, WrongState
from tipline.extensions import db
from tipline.models.referral import Authority, Package, Referral
from tipline.services import accounts, authorities, log, packages, proposals, proposed_tips, referrals
from tipline.services.accounts import Person
from tipline.services.authorities import Recipient
from tipline.services.handovers import REPLY_HOURS
from tipline.services.statuses import Status

CHAIN = "admin"
KEPT_AFTER_ACKNOWLEDGEMENT = dt.timedelta(days=30)
KEPT_WITHOUT_ONE = dt.timedelta(days=90)
RETURN_REASONS = ("recipient", "basis", "purpose", "codes", "too-much", "fingerprint", "other")
CHANNELS = ("siena", "secure-mail", "courier", "upload", "in-person")
STATES = ("waiting", "released", "sent", "acknowledged", "returned", "expired")
SHOWN = 200
LONGEST_REFERENCE = 80


@dataclass(frozen=True)
class PackageLine:
    """One package in a list. ``overdue``: sent, and the time in which an answer was asked for has passed."""

    ref: str
    state: str
    authority: str
    country: str
    urgency: str
    built_at: dt.datetime
    sent_at: dt.datetime | None
    overdue: bool


@dataclass(frozen=True)
class ReleasePage:
    """One package as an administrator sees it: codes, counts, digests and names of colleagues."""

    line: PackageLine
    referral: str
    cover: dict[str, Any]
    purpose: str
    legal_basis: str
    request: str
    handling: tuple[str, ...]
    needs_review: bool
    proposer: str
    reviewer: str | None
    contact_point: str
    transfer_basis: str
    basis_expires_on: dt.date | None
    fingerprint: str | None
    key_confirmed_by: str | None
    key_confirmed_at: dt.datetime | None
    sha256: str
    byte_count: int
    expires_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    return_reason: str | None
    sent_by: str | None
    acknowledged_at: dt.datetime | None
    acknowledgement_ref: str | None
    delete_at: dt.datetime | None
    obstacle: str | None


@dataclass(frozen=True)
class Download:
    """The outer files as one plain tar, on their way out."""

    name: str
    size: int
    pieces: Iterator[bytes] = field(repr=False)


def list_packages(person: Person, state: str | None, now: dt.datetime) -> list[PackageLine]:
    """The newest packages, of one state or of all. Raises NotAllowed."""
    accounts.check_administrator(person)
    rows = select(Package, Referral, Authority).join(Referral, Referral.id == Package.referral_id)
    rows = rows.join(Authority, Authority.id == Referral.authority_id)
    if state is not None:
        rows = rows.where(Package.state == state)
    found = db.session.execute(rows.order_by(Package.built_at.desc(), Package.id).limit(SHOWN)).all()
    return [_line(package, referral, authority, now) for package, referral, authority in found]


def read_release(person: Person, ref: str, now: dt.datetime) -> ReleasePage:
    """One package with its cover. Raises NotAllowed, NotFound."""
    package, referral = _find(person, ref)
    authority = db.session.get_one(Authority, referral.authority_id)
    recipient, obstacle = _recipient(package, referral, now)
    ids = (referral.proposed_by, referral.reviewed_by, package.decided_by, package.sent_by)
    confirmer = recipient.confirmed_by if recipient else None
    names = accounts.names_of([one for one in (*ids, confirmer) if one])
    return ReleasePage(
        line=_line(package, referral, authority, now),
        referral=referral.ref,
        cover=packages.read_cover(package),
        purpose=referral.purpose,
        legal_basis=referral.legal_basis,
        request=referral.request,
        handling=tuple(referral.handling.split("+")),
        needs_review=referral.needs_review,
        proposer=names.get(referral.proposed_by, ""),
        reviewer=names.get(referral.reviewed_by or ""),
        contact_point=authority.contact_point,
        transfer_basis=authority.transfer_basis,
        basis_expires_on=authority.basis_expires_on,
        fingerprint=recipient.fingerprint if recipient else None,
        key_confirmed_by=names.get(confirmer or ""),
        key_confirmed_at=recipient.confirmed_at if recipient else None,
        sha256=package.sha256,
        byte_count=package.byte_count,
        expires_at=referral.expires_at,
        decided_by=names.get(package.decided_by or ""),
        decided_at=package.decided_at,
        return_reason=package.return_reason,
        sent_by=names.get(package.sent_by or ""),
        acknowledged_at=package.acknowledged_at,
        acknowledgement_ref=package.acknowledgement_ref,
        delete_at=package.delete_at,
        obstacle=obstacle,
    )


def release(person: Person, ref: str, sha256: str, now: dt.datetime, checked: packages.Checked | None = None) -> None:
    """Release exactly the bytes with this digest, read here unless they were ``checked`` before the transaction.

    Raises NeedsSecondPerson for whoever proposed, reviewed or built it, WrongState, DigestMismatch, and
    ReferralRefused with what has changed since.
    """
    package, referral = _find(person, ref)
    _check_state(package, "waiting")
    _check_second_person(person, package, referral)
    proposals.check_referral(referral, now)
    if sha256 != package.sha256:
        raise DigestMismatch
    packages.check_stored(package, checked)
    package.state, package.decided_by, package.decided_at = "released", person.id, now
    referral.state, referral.expires_at = "released", now + referrals.LIFE
    db.session.flush()
    proposed_tips.take_step(referral.id, Status.APPROVED, person.actor, now, chain=CHAIN)
    _log("package.released", person, package, referral, now)


def return_package(person: Person, ref: str, reason: str, now: dt.datetime) -> list[str]:
    """Do not release it; its bytes go at once. Returns file names for ``packages.discard`` after the commit.

    Raises WrongState, BadInput.
    """
    package, referral = _find(person, ref)
    if package.state not in ("waiting", "released"):
        raise WrongState
    if reason not in RETURN_REASONS:
        raise BadInput("reason", "unknown")
    package.state, package.return_reason = "returned", reason
    package.decided_by, package.decided_at = person.id, now
    referral.state = "returned"
    db.session.flush()
    proposed_tips.give_back(referral.id, person.actor, now, chain=CHAIN, justification=reason)
    _log("package.returned", person, package, referral, now, justification=reason)
    return [packages.forget_bytes(package, person.actor, now, chain=CHAIN)] if package.stored_name else []


def download_package(person: Person, ref: str, now: dt.datetime, checked: packages.Checked | None = None) -> Download:
    """The released package with what travels beside it; logged. The digest was verified when this returns.

    Raises WrongState, DigestMismatch, ReferralRefused.
    """
    package, referral = _find(person, ref)
    if package.state == "released":
        proposals.check_referral(referral, now)
    elif package.state not in ("sent", "acknowledged"):
        raise WrongState
    pieces = packages.download(package, checked)
    _log("package.downloaded", person, package, referral, now)
    return Download(f"{package.ref}.tar", packages.download_size(package), pieces)


def mark_sent(person: Person, ref: str, channel: str, now: dt.datetime) -> None:
    """Say that it was handed to its recipient, and how. Raises WrongState, BadInput, ReferralRefused."""
    package, referral = _find(person, ref)
    _check_state(package, "released")
    if channel not in CHANNELS:
        raise BadInput("channel", "unknown")
    proposals.check_referral(referral, now)
    package.state, package.sent_by, package.sent_at = "sent", person.id, now
    package.delete_at = now + KEPT_WITHOUT_ONE
    referral.state = "sent"
    db.session.flush()
    proposed_tips.take_step(referral.id, Status.REFERRED, person.actor, now, chain=CHAIN)
    _log("package.sent", person, package, referral, now, field_group=channel)


def acknowledge(person: Person, ref: str, digest: str, reference: str, now: dt.datetime) -> None:
    """Enter the recipient's acknowledgement: the digest of the inner list, which only who opened it can know.

    Raises WrongState, DigestMismatch, BadInput.
    """
    package, referral = _find(person, ref)
    _check_state(package, "sent")
    typed = "".join(digest.split()).lower()
    if typed != package.tagmanifest_sha256:
        raise DigestMismatch
    if len(reference) > LONGEST_REFERENCE:
        raise BadInput("reference", "long")
    package.state, package.acknowledged_by, package.acknowledged_at = "acknowledged", person.id, now
    package.acknowledgement_ref = reference or None
    package.delete_at = now + KEPT_AFTER_ACKNOWLEDGEMENT
    referral.state = "acknowledged"
    db.session.flush()
    proposed_tips.take_step(referral.id, Status.ACKNOWLEDGED, person.actor, now, chain=CHAIN)
    _log("package.acknowledged", person, package, referral, now)


def _find(person: Person, ref: str) -> tuple[Package, Referral]:
    accounts.check_administrator(person)
    package = db.session.scalars(select(Package).where(Package.ref == ref).with_for_update()).one_or_none()
    if package is None:
        raise NotFound
    return package, db.session.get_one(Referral, package.referral_id)


def _recipient(package: Package, referral: Referral, now: dt.datetime) -> tuple[Recipient | None, str | None]:
    """The recipient if it can be written to now, and what keeps the package from going out, if anything does."""
    recipient = None
    try:
        recipient = authorities.usable(referral.authority_id, now, referral.desk_id)
        if package.state in ("waiting", "released"):
            proposals.check_referral(referral, now)
    except ReferralRefused as refused:
        return recipient, refused.reason
    return recipient, None


def _check_state(package: Package, state: str) -> None:
    if package.state != state:
        raise WrongState


def _check_second_person(person: Person, package: Package, referral: Referral) -> None:
    if person.id in (referral.proposed_by, referral.reviewed_by, package.built_by):
        raise NeedsSecondPerson


def _line(package: Package, referral: Referral, authority: Authority, now: dt.datetime) -> PackageLine:
    hours = REPLY_HOURS.get(referral.urgency)
    asked = package.sent_at if package.state == "sent" and hours is not None else None
    return PackageLine(
        ref=package.ref,
        state=package.state,
        authority=authority.name,
        country=authority.country,
        urgency=referral.urgency,
        built_at=package.built_at,
        sent_at=package.sent_at,
        overdue=asked is not None and asked + dt.timedelta(hours=hours or 0) < now,
    )


def _log(
    event: str,
    person: Person,
    package: Package,
    referral: Referral,
    now: dt.datetime,
    *,
    justification: str | None = None,
    field_group: str | None = None,
) -> None:
    basis = db.session.scalars(select(Authority.transfer_basis).where(Authority.id == referral.authority_id)).one()
    log.record(
        event,
        chain=CHAIN,
        actor=person.actor,
        subjects=[package.id],
        now=now,
        field_group=field_group,
        justification=justification or referral.purpose,
        recipient_id=referral.authority_id,
        package_id=package.id,
        package_sha256=package.sha256,
        legal_basis=referral.legal_basis,
        transfer_basis=basis,
    )
