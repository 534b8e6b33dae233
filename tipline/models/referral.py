"""Authorities, referrals, packages."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id


class Authority(Base):
    """A recipient. ``transfer_basis`` with its expiry is what Art. 94 asks for outside the Union."""

    __tablename__ = "authority"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    country: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(Code)
    contact_point: Mapped[str] = mapped_column(String(300))
    transfer_basis: Mapped[str] = mapped_column(Code)
    basis_expires_on: Mapped[dt.date | None] = mapped_column()
    state: Mapped[str] = mapped_column(Code, default="active")
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class AuthorityKey(Base):
    """What we encrypt to. Unusable until a supervisor who did not enter it has confirmed it (SECURITY 28)."""

    __tablename__ = "authority_key"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    authority_id: Mapped[str] = mapped_column(ForeignKey("authority.id"), index=True)
    kind: Mapped[str] = mapped_column(Code)  # age-x25519, cms-rsa
    recipient: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(Code, default="entered")  # entered, confirmed, replaced, refused
    entered_by: Mapped[str] = mapped_column(Id)
    entered_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    decided_by: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class AuthorityKeyConfirmation(Base):
    """A supervisor's word, for one desk, that a key is the authority's: each desk trusts its own people only."""

    __tablename__ = "authority_key_confirmation"
    key_id: Mapped[str] = mapped_column(ForeignKey("authority_key.id", ondelete="CASCADE"), primary_key=True)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    confirmed_by: Mapped[str] = mapped_column(Id)
    confirmed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    channel: Mapped[str] = mapped_column(Code)  # how it was compared: telephone, meeting, video, post
    signature: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # of who confirmed it; without one it counts for nothing


class Referral(Base):
    """What a reviewer proposes to hand over. Free text lies in ``sealed_proposal``."""

    __tablename__ = "referral"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id"), index=True)
    epoch: Mapped[int] = mapped_column(Integer)
    authority_id: Mapped[str] = mapped_column(ForeignKey("authority.id"))
    authority_key_id: Mapped[str] = mapped_column(ForeignKey("authority_key.id"))
    state: Mapped[str] = mapped_column(Code, index=True)  # see services/referrals.py
    purpose: Mapped[str] = mapped_column(Code)
    legal_basis: Mapped[str] = mapped_column(Code)
    urgency: Mapped[str] = mapped_column(Code)  # 8h, 3d, 7d, info
    request: Mapped[str] = mapped_column(Code)  # information, verify, act
    handling: Mapped[str] = mapped_column(String(20))  # such as H0+H1+H2
    needs_review: Mapped[bool] = mapped_column(Boolean)
    sealed_proposal: Mapped[bytes] = mapped_column(LargeBinary)  # reason for the country, H3 text, wishes
    proposal_digest: Mapped[str] = mapped_column(String(64))  # what an approval binds to
    proposed_by: Mapped[str] = mapped_column(Id)
    proposed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    reviewed_by: Mapped[str | None] = mapped_column(Id)
    reviewed_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # 72 h


class ReferralKey(Base):
    """The key of a referral's text, sealed to its desk; destroying the row is erasing the text, in backups too."""

    __tablename__ = "referral_key"
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ReferralTip(Base):
    """One tip of a referral and what of it goes out."""

    __tablename__ = "referral_tip"
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id", ondelete="CASCADE"), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
    narrative: Mapped[str] = mapped_column(Code)  # sanitised, original
    with_identity: Mapped[bool] = mapped_column(Boolean, default=False)
    attachment_ids: Mapped[str] = mapped_column(Text, default="")  # ids, comma-separated
    tip_revision: Mapped[int] = mapped_column(Integer)  # a later edit of the tip voids the proposal


class Package(Base):
    """Sealed bytes on their way out, and what became of them. ``cover`` holds codes and counts only."""

    __tablename__ = "package"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    ref: Mapped[str] = mapped_column(String(24), unique=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), unique=True)
    state: Mapped[str] = mapped_column(Code, index=True)  # waiting, returned, expired, released, sent, acknowledged
    stored_name: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    byte_count: Mapped[int] = mapped_column(Integer)
    cover: Mapped[str] = mapped_column(Text)  # JSON
    manifest: Mapped[str] = mapped_column(Text)  # what travels beside the sealed bytes, and its signature
    manifest_signature: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_identity: Mapped[bytes | None] = mapped_column(LargeBinary)  # for an authority with a certificate only
    tagmanifest_sha256: Mapped[str] = mapped_column(String(64))  # what an acknowledgement must name
    built_by: Mapped[str] = mapped_column(Id)
    built_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    decided_by: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    return_reason: Mapped[str | None] = mapped_column(Code)
    sent_by: Mapped[str | None] = mapped_column(Id)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    acknowledged_by: Mapped[str | None] = mapped_column(Id)
    acknowledged_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    acknowledgement_ref: Mapped[str | None] = mapped_column(String(80))
    delete_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
