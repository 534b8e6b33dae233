"""Desks: members, epochs, grants, recovery codes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id


class Desk(Base):
    """A group of reviewers with keys. ``state``: named, founded (keys made), open (codes confirmed, two members)."""

    __tablename__ = "desk"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(Code, default="named")
    epoch: Mapped[int] = mapped_column(Integer, default=0)  # 0 until founded
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    renew_for: Mapped[str | None] = mapped_column(Code)  # why new keys are due: left, role, password
    renew_asked_by: Mapped[str | None] = mapped_column(Id)
    renew_asked_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    stopped_for: Mapped[str | None] = mapped_column(Code)  # what a session found that was not signed; intake rests
    stopped_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class DeskDeed(Base):
    """One signed roster of a desk, in a chain from its founding: who is on it, and every epoch's keys, by digest."""

    __tablename__ = "desk_deed"
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    signer: Mapped[str] = mapped_column(Id)  # an account, or content-key, identity-key
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class DeskTransfer(Base):
    """A tip that went from one desk to another, for the pages of both; goes with the tip."""

    __tablename__ = "desk_transfer"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    from_desk_id: Mapped[str] = mapped_column(Id, index=True)
    to_desk_id: Mapped[str] = mapped_column(Id, index=True)
    moved_by: Mapped[str] = mapped_column(Id)
    moved_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class RecoveryDrill(Base):
    """A rehearsal of the code on paper: it opened the desk's key, and gave it to nobody."""

    __tablename__ = "recovery_drill"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), index=True)
    epoch: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Code)
    passed: Mapped[bool] = mapped_column()
    made_by: Mapped[str] = mapped_column(Id)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class DeskMember(Base):
    """A person on a desk. ``founder`` members were named by an administrator; the others were let in by a member."""

    __tablename__ = "desk_member"
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    standing: Mapped[str] = mapped_column(Code)  # founder, named (waits for a grant), member, left
    named_by: Mapped[str | None] = mapped_column(Id)
    since: Mapped[dt.datetime] = mapped_column(UtcMoment)


class Safeguarder(Base):
    """A member of a desk who takes the tips in which somebody tells of abuse of their own; named by a supervisor."""

    __tablename__ = "safeguarder"
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    named_by: Mapped[str] = mapped_column(Id)
    named_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class DeskEpoch(Base):
    """The public keys of a desk from one change of members to the next. ``state``: current, closing, closed."""

    __tablename__ = "desk_epoch"
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    content_public: Mapped[bytes] = mapped_column(LargeBinary)
    identity_public: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Code, default="current")
    made_by: Mapped[str] = mapped_column(Id)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class Grant(Base):
    """A desk's private key, sealed to one person's account key. ``kind``: content, identity."""

    __tablename__ = "desk_grant"
    __table_args__ = (UniqueConstraint("desk_id", "epoch", "kind", "account_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Code)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_by: Mapped[str] = mapped_column(Id)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)


class RecoveryCode(Base):
    """A desk's private key, sealed to a code that exists on paper only. ``state``: shown, confirmed, used."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("desk_id", "epoch", "kind"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"))
    epoch: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Code)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    first_confirmed_by: Mapped[str | None] = mapped_column(Id)
    second_confirmed_by: Mapped[str | None] = mapped_column(Id)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
