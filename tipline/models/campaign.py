"""What is told of a campaign as a whole: figures that people enter, and updates. Nothing here comes from a tip."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id


class CampaignFigures(Base):
    """One entry of figures, each optional. The newest that was not withdrawn is shown; the others are the history."""

    __tablename__ = "campaign_figures"
    __table_args__ = (Index(None, "withdrawn_at", "entered_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tips_received: Mapped[int | None] = mapped_column(Integer)
    exhibits_recognised: Mapped[int | None] = mapped_column(Integer)
    countries: Mapped[int | None] = mapped_column(Integer)
    children_safeguarded: Mapped[int | None] = mapped_column(Integer)
    as_of: Mapped[dt.date] = mapped_column()
    entered_by: Mapped[str] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class CampaignUpdate(Base):
    """One short update. ``state`` as for an appeal; ``changed_at`` is when words that were public last changed."""

    __tablename__ = "campaign_update"
    __table_args__ = (Index(None, "state", "published_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    state: Mapped[str] = mapped_column(Code, default="draft")
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    published_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    changed_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class CampaignUpdateText(Base):
    """Words of an update in one language; ``body`` is cleaned HTML."""

    __tablename__ = "campaign_update_text"
    update_id: Mapped[str] = mapped_column(ForeignKey("campaign_update.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(12), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
