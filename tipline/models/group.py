"""Tips that give the same answer. Why they are alike is sealed with each of them; here are ids and codes only."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment, new_id


class AnswerGroup(Base):
    """One answer that several tips of a desk give. ``sources``: of how many people independently, set by a person."""

    __tablename__ = "answer_group"
    __table_args__ = UNORDERED
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), index=True)
    lead_tip_id: Mapped[str] = mapped_column(Id)
    size: Mapped[int] = mapped_column(Integer)
    sources: Mapped[int | None] = mapped_column(Integer)
    sources_by: Mapped[str | None] = mapped_column(Id)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class GroupMember(Base):
    """A tip in a group; without a group when a person took it out. What a person decided is not worked out again."""

    __tablename__ = "group_member"
    __table_args__ = UNORDERED
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    group_id: Mapped[str | None] = mapped_column(ForeignKey("answer_group.id"), index=True)
    reasons: Mapped[str] = mapped_column(Code)  # link, picture, product, name, text, with commas; empty: by hand
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)
