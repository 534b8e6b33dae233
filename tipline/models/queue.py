"""What a desk keeps beside its tips to work through them: labels, saved views, who has what open, acts on many."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment, new_id


class DeskWords(Base):
    """The names that a desk gives its labels and views: one sealed record, its key in ``tip_key`` under ``id``."""

    __tablename__ = "desk_words"
    __table_args__ = UNORDERED
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class QueueLabel(Base):
    """A label of one desk. Its name is one of the desk's words; of a country's label the code is the name."""

    __tablename__ = "queue_label"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), index=True)
    country: Mapped[str | None] = mapped_column(String(2))
    tone: Mapped[str] = mapped_column(Code)


class TipLabel(Base):
    """A label on a tip, put there by a person."""

    __tablename__ = "tip_label"
    __table_args__ = UNORDERED
    label_id: Mapped[str] = mapped_column(ForeignKey("queue_label.id", ondelete="CASCADE"), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)


class SavedView(Base):
    """A filter that somebody kept: for one person, or with ``account_id`` empty for the whole desk."""

    __tablename__ = "saved_view"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    query: Mapped[str] = mapped_column(String(400))  # codes and ids, as in the queue's address
    made_by: Mapped[str] = mapped_column(Id)


class TipOpen(Base):
    """Who has a tip open, so that two people do not work on it by accident; a person has one open at a time."""

    __tablename__ = "tip_open"
    __table_args__ = UNORDERED
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    since: Mapped[dt.datetime] = mapped_column(UtcMoment)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class WorkSetting(Base):
    """How a person works at the desk: the tip languages that they read, and whether single keys do something."""

    __tablename__ = "work_setting"
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    languages: Mapped[str] = mapped_column(String(200), default="")  # ids of terms, with commas; empty: all
    keys_on: Mapped[bool] = mapped_column(Boolean, default=True)


class BulkAct(Base):
    """One act on many tips, for as long as it can be undone."""

    __tablename__ = "bulk_act"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(Code)  # assign, close, label
    value: Mapped[str] = mapped_column(Code)  # the assignee, the disposition, the label
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    undone_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class BulkItem(Base):
    """A tip that an act on many changed, and whose it was before."""

    __tablename__ = "bulk_item"
    __table_args__ = UNORDERED
    act_id: Mapped[str] = mapped_column(ForeignKey("bulk_act.id", ondelete="CASCADE"), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
    assignee_before: Mapped[str | None] = mapped_column(Id)
