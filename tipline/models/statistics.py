"""Figures of the work, counted once and kept instead of what they were counted from."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, Integer
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment


class StatisticDay(Base):
    """A day that was counted; ``final`` once it was over."""

    __tablename__ = "statistic_day"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    counted_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    final: Mapped[bool] = mapped_column(Boolean)


class Statistic(Base):
    """How many of one kind on one day at one desk, never fewer than five. No person is in it, and none can be."""

    __tablename__ = "statistic"
    __table_args__ = UNORDERED
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    desk_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Code, primary_key=True)  # see services/statistics.py
    value: Mapped[str] = mapped_column(Code, primary_key=True)  # a code or an id; empty for the whole
    number: Mapped[int] = mapped_column(Integer)


class StatisticRest(Base):
    """How many of one kind at one desk are too few to be shown yet; of which days is not kept."""

    __tablename__ = "statistic_rest"
    __table_args__ = UNORDERED
    desk_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Code, primary_key=True)
    value: Mapped[str] = mapped_column(Code, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
