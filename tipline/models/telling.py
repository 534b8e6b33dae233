"""Who still has to be told of something at a tip: colleagues that a note calls, and the auditors."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Id, UtcMoment


class NoteCall(Base):
    """A colleague whom a note calls by name; the row goes when they say that they have seen it."""

    __tablename__ = "note_call"
    __table_args__ = UNORDERED
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
    called_by: Mapped[str] = mapped_column(Id)
    called_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class SpecialFlag(Base):
    """A mention of a person that holds special categories of data, for the auditors: that it does, never which."""

    __tablename__ = "special_flag"
    __table_args__ = UNORDERED
    mention_id: Mapped[str] = mapped_column(Id, primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    flagged_by: Mapped[str] = mapped_column(Id)
    flagged_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    seen_by: Mapped[str | None] = mapped_column(Id)
    seen_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
