"""The state of the whole service."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, Text
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment


class ServiceMode(Base):
    """Whether tips can be sent: one row at most, made when somebody first changes it."""

    __tablename__ = "service_mode"
    id: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(Code)  # open, maintenance, closed
    objects_shown: Mapped[bool] = mapped_column(Boolean, default=True)  # while closed
    words: Mapped[str] = mapped_column(Text, default="{}")  # JSON: mode, then language
    changed_by: Mapped[str | None] = mapped_column(Id)  # none: at the command line
    changed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
