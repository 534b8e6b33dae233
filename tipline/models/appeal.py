"""Appeals and their exhibits: the only tables whose content is public."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id


class Appeal(Base):
    """A published call. ``state``: draft, published, withdrawn."""

    __tablename__ = "appeal"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id"))
    state: Mapped[str] = mapped_column(Code, default="draft")
    position: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    published_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class AppealText(Base):
    """Words of an appeal in one language; ``introduction`` is cleaned HTML."""

    __tablename__ = "appeal_text"
    appeal_id: Mapped[str] = mapped_column(ForeignKey("appeal.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(12), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    introduction: Mapped[str] = mapped_column(Text)


class Exhibit(Base):
    """One published object. ``ref`` is random and stands in its address. ``state`` as for an appeal.

    ``need`` is what the public sees: open, no_longer_needed. ``outcome`` says why, and only the house sees it.
    """

    __tablename__ = "exhibit"
    __table_args__ = (Index(None, "appeal_id", "position"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    appeal_id: Mapped[str] = mapped_column(ForeignKey("appeal.id"))
    state: Mapped[str] = mapped_column(Code, default="draft")
    need: Mapped[str] = mapped_column(Code, default="open")
    outcome: Mapped[str | None] = mapped_column(Code)
    position: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    published_on: Mapped[dt.date | None] = mapped_column()
    withdrawn_on: Mapped[dt.date | None] = mapped_column()


class ExhibitText(Base):
    """Words of an exhibit in one language; ``description`` is cleaned HTML, ``alt`` describes the picture."""

    __tablename__ = "exhibit_text"
    exhibit_id: Mapped[str] = mapped_column(ForeignKey("exhibit.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(12), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text)
    alt: Mapped[str] = mapped_column(String(300))


class ExhibitPicture(Base):
    """One re-encoded rendering of an exhibit's picture; the file is named by its SHA-256."""

    __tablename__ = "exhibit_picture"
    __table_args__ = (UniqueConstraint("exhibit_id", "size", "media_type"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    exhibit_id: Mapped[str] = mapped_column(ForeignKey("exhibit.id", ondelete="CASCADE"))
    size: Mapped[str] = mapped_column(Code)  # small, medium, large, card
    media_type: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    byte_count: Mapped[int] = mapped_column(Integer)


class Batch(Base):
    """Appeals and exhibits that the public sees come or go together, at ``due_at``.

    ``act``: publish, withdraw, close. ``state``: proposed, waiting, done, cancelled. ``reason`` is a code, and given
    where the batch does not wait.
    """

    __tablename__ = "batch"
    __table_args__ = (Index(None, "state", "due_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    act: Mapped[str] = mapped_column(Code)
    state: Mapped[str] = mapped_column(Code, default="waiting")
    reason: Mapped[str | None] = mapped_column(Code)
    due_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    planned_by: Mapped[str] = mapped_column(Id)
    planned_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class BatchItem(Base):
    """One appeal or exhibit of a batch; ``outcome``: done, or what kept it from being done."""

    __tablename__ = "batch_item"
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    subject_id: Mapped[str] = mapped_column(Id, primary_key=True)  # of an appeal or an exhibit
    kind: Mapped[str] = mapped_column(Code)
    agreed: Mapped[str | None] = mapped_column(String(64))  # digest of what a second person agreed to
    outcome: Mapped[str | None] = mapped_column(Code)
