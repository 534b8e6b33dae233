"""Search: sealed pieces of a desk's index, their keys, and what somebody searched for in this session."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Id, UtcMoment, new_id


class SearchSegment(Base):
    """A piece of a desk's index, encrypted under a key of its own (SECURITY 26)."""

    __tablename__ = "search_segment"
    __table_args__ = UNORDERED
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id", ondelete="CASCADE"), index=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class SearchSegmentKey(Base):
    """A segment's key, wrapped under the desk's private key; destroying the row is erasing the segment."""

    __tablename__ = "search_segment_key"
    __table_args__ = UNORDERED
    segment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class SearchSegmentTip(Base):
    """Which tips have words in a segment, so that an erasure finds it."""

    __tablename__ = "search_segment_tip"
    __table_args__ = UNORDERED
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    segment_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)


class KeptSearch(Base):
    """The words of a search, under a key of the person's own, for the length of one session."""

    __tablename__ = "kept_search"
    __table_args__ = UNORDERED
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("account_session.id", ondelete="CASCADE"), index=True
    )
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
