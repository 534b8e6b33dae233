"""What waits for a second person."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id

_WAITS = text("state = 'waiting'")


class Approval(Base):
    """One act that somebody proposed and somebody else decides on. ``content`` is JSON of codes, ids and dates only.

    ``state``: waiting; approved (the act may be done now), done; refused, withdrawn, replaced by a later proposal.
    """

    __tablename__ = "approval"
    __table_args__ = (
        Index(
            "ix_approval_one_waits",
            "act",
            "subject",
            "desk_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
        Index(None, "state", "expires_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    act: Mapped[str] = mapped_column(Code)  # see services/approval_acts.py
    subject: Mapped[str] = mapped_column(Id)
    desk_id: Mapped[str] = mapped_column(Id, default="")  # empty: no desk's own
    content: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))  # what an approval binds to
    state: Mapped[str] = mapped_column(Code, default="waiting")
    proposed_by: Mapped[str] = mapped_column(Id)
    proposed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    log_seq: Mapped[int] = mapped_column(Integer)  # where the log stood: who edits later cannot approve
    decided_by: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # 72 h after the last step
