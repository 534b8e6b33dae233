"""Notices by mail: who wants them, which wait to be sent, and what was told of already."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment, new_id


class NoticeSetting(Base):
    """Where and of what a person wants to be told. The address lies under a key that is not in the database."""

    __tablename__ = "notice_setting"
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    urgent: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[bool] = mapped_column(Boolean)
    digested_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # up to where digests have told
    failed_on: Mapped[dt.date | None] = mapped_column()  # the last notice that never left; empty after one that did


class Notice(Base):
    """A notice that waits to be sent; its row goes when it has left."""

    __tablename__ = "notice"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(Code)  # urgent, digest, test
    about: Mapped[str] = mapped_column(String(120), default="")  # codes of what waits, commas between
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[dt.datetime] = mapped_column(UtcMoment, index=True)


class UrgentTold(Base):
    """A tip, or an addition to one, that the people of its desk were told of as urgent."""

    __tablename__ = "urgent_told"
    __table_args__ = (Index(None, "desk_id", "told_at"), UNORDERED)
    subject_id: Mapped[str] = mapped_column(Id, primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    desk_id: Mapped[str] = mapped_column(Id)
    told_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
