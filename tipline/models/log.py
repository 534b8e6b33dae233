"""The legal log (Art. 88 of Regulation (EU) 2018/1725): chained, append-only, without content."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment, new_id


class LogHead(Base):
    """The end of one chain; this row is locked before an entry is added."""

    __tablename__ = "log_head"
    chain: Mapped[str] = mapped_column(Code, primary_key=True)  # public, staff, admin, jobs
    seq: Mapped[int] = mapped_column(Integer, default=0)
    entry_hash: Mapped[str] = mapped_column(String(64))


class LogEntry(Base):
    """One act. Codes and ids only. The database refuses update, early delete and insert over an existing id."""

    __tablename__ = "log_entry"
    __table_args__ = (UniqueConstraint("chain", "seq"), UNORDERED)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    chain: Mapped[str] = mapped_column(Code)
    seq: Mapped[int] = mapped_column(Integer)
    happened_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # the hour on the public chain
    operation: Mapped[str] = mapped_column(Code)  # collect alter access consult disclose transfer combine erase
    event: Mapped[str] = mapped_column(Code)  # past tense, such as tip.opened
    actor_id: Mapped[str | None] = mapped_column(Id)
    actor_role: Mapped[str] = mapped_column(Code)
    session_ref: Mapped[str | None] = mapped_column(String(32))
    subject_kind: Mapped[str] = mapped_column(Code)
    subject_ids: Mapped[str] = mapped_column(Text)  # ids, comma-separated: a list shown is a consultation of each
    field_group: Mapped[str | None] = mapped_column(String(60))
    justification: Mapped[str | None] = mapped_column(Code)
    recipient_id: Mapped[str | None] = mapped_column(Id)
    package_id: Mapped[str | None] = mapped_column(Id)
    package_sha256: Mapped[str | None] = mapped_column(String(64))
    legal_basis: Mapped[str | None] = mapped_column(Code)
    transfer_basis: Mapped[str | None] = mapped_column(Code)
    outcome: Mapped[str] = mapped_column(Code)  # ok, denied
    erase_after: Mapped[dt.date] = mapped_column()
    prev_hash: Mapped[str] = mapped_column(String(64))
    entry_hash: Mapped[str] = mapped_column(String(64))


class LogArrival(Base):
    """A public entry that waits for its hour to end: then all of the hour are chained in random order."""

    __tablename__ = "log_arrival"
    __table_args__ = UNORDERED
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    hour: Mapped[dt.datetime] = mapped_column(UtcMoment, index=True)
    operation: Mapped[str] = mapped_column(Code)
    event: Mapped[str] = mapped_column(Code)
    subject_kind: Mapped[str] = mapped_column(Code)
    subject_ids: Mapped[str] = mapped_column(Text)
    field_group: Mapped[str | None] = mapped_column(String(60))


class LogSegment(Base):
    """A day of one chain, closed and signed by a key that only jobs hold; stays when its entries are gone."""

    __tablename__ = "log_segment"
    __table_args__ = (UniqueConstraint("chain", "first_seq"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    chain: Mapped[str] = mapped_column(Code)
    first_seq: Mapped[int] = mapped_column(Integer)
    last_seq: Mapped[int] = mapped_column(Integer)
    first_prev_hash: Mapped[str] = mapped_column(String(64))
    last_hash: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    signer: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    held: Mapped[bool] = mapped_column(Boolean, default=False)  # kept for ongoing control
    released_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
