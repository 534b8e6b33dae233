"""Drafts, tips, and everything sealed that belongs to them.

The tip's inner id is chosen when the draft starts, so ``tip_record``, ``attachment`` and the key tables carry it
from the first byte and need no change on sending; it has no foreign key because the tip row comes last.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment, new_id


class Draft(Base):
    """A half-written tip. ``lookup`` is derived from the cookie's secret; the wraps go when it is sent."""

    __tablename__ = "draft"
    __table_args__ = UNORDERED
    lookup: Mapped[str] = mapped_column(String(32), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, unique=True)
    exhibit_id: Mapped[str | None] = mapped_column(Id)
    desk_id: Mapped[str] = mapped_column(Id)
    adds_to: Mapped[str | None] = mapped_column(Id)  # the tip that this becomes an addition of
    adds_as: Mapped[str | None] = mapped_column(Code)  # more, correction, answer
    answers_message: Mapped[str | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Code, default="open")  # open, sent
    wrapped_keys: Mapped[bytes | None] = mapped_column(LargeBinary)  # content, identity and mailbox key
    sealed_receipt: Mapped[bytes | None] = mapped_column(LargeBinary)  # under the cookie's secret, once sent
    stored_bytes: Mapped[int] = mapped_column(Integer, default=0)  # ciphertext on disk, for the byte cap
    arrived_bytes: Mapped[int | None] = mapped_column(BigInteger)  # of an upload under way, rounded up to 64 KiB
    expected_bytes: Mapped[int | None] = mapped_column(BigInteger)
    erase_at: Mapped[dt.datetime] = mapped_column(UtcMoment, index=True)


class Tip(Base):
    """What routing needs of a tip, in clear; everything else lies sealed in ``tip_record`` and files."""

    __tablename__ = "tip"
    __table_args__ = (
        # The orders that the queue reads in; every page of it starts inside one of these (services/queue_reading).
        # The first one holds what is filtered without an index of its own, and nothing else: SQLite prefers an index
        # that holds all it needs over one that finds fewer rows.
        Index("ix_tip_queue", "desk_id", "closed", "urgent", "received_at", "id", "unproven", "attachment_count"),
        Index("ix_tip_queue_status", "desk_id", "status", "urgent", "received_at", "id"),
        Index("ix_tip_queue_lane", "desk_id", "closed", "lane", "urgent", "received_at", "id"),
        Index(
            "ix_tip_queue_language",
            *("desk_id", "closed", "tip_language", "urgent", "received_at", "id"),
            *("status", "lane", "attachment_count"),  # so that a filter of several reads nothing but the index
        ),
        Index("ix_tip_queue_exhibit", "desk_id", "closed", "exhibit_id", "urgent", "received_at", "id"),
        # The default view, in which a group is one line; what rises to its top; what waits to be compared.
        Index("ix_tip_queue_unfolded", "desk_id", "closed", "folded", "urgent", "received_at", "id"),
        Index(
            "ix_tip_first_hand",
            *("desk_id", "first_hand", "received_at", "id"),
            sqlite_where=text("closed IS 0 AND folded IS 0 AND first_hand > 0"),
            postgresql_where=text("closed IS false AND folded IS false AND first_hand > 0"),
        ),
        Index(
            "ix_tip_uncompared",
            # With what is the same in all of it: otherwise SQLite looks each row up in the table.
            *("desk_id", "closed", "restricted", "compared", "received_at", "id"),
            sqlite_where=text("closed IS 0 AND restricted IS 0 AND compared IS 0"),
            postgresql_where=text("closed IS false AND restricted IS false AND compared IS false"),
        ),
        Index("ix_tip_queue_assignee", "desk_id", "assignee_id", "closed", "urgent", "received_at", "id"),
        # Nobody's: PostgreSQL does not see that rows without an assignee are in order in the one above.
        Index(
            "ix_tip_queue_nobodys",
            *("desk_id", "closed", "urgent", "received_at", "id"),
            sqlite_where=text("assignee_id IS NULL"),
            postgresql_where=text("assignee_id IS NULL"),
        ),
        UNORDERED,
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    desk_id: Mapped[str] = mapped_column(ForeignKey("desk.id"))
    appeal_id: Mapped[str | None] = mapped_column(ForeignKey("appeal.id"))
    exhibit_id: Mapped[str | None] = mapped_column(ForeignKey("exhibit.id"), index=True)
    ui_language: Mapped[str] = mapped_column(String(12))
    tip_language: Mapped[int] = mapped_column(Integer)  # one of the 32 term ids
    received_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # the hour, nothing finer
    status: Mapped[str] = mapped_column(Code, default="received")
    status_before: Mapped[str | None] = mapped_column(Code)  # what a restricted tip goes back to
    closed: Mapped[bool] = mapped_column(Boolean, default=False)  # the status is "closed": the queue's two halves
    disposition: Mapped[str | None] = mapped_column(Code)
    lane: Mapped[str] = mapped_column(Code, default="normal")  # normal, urgent, safeguarding, quarantine
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    unproven: Mapped[bool] = mapped_column(Boolean, default=False)
    restricted: Mapped[bool] = mapped_column(Boolean, default=False)
    identifies_sender: Mapped[bool] = mapped_column(Boolean, default=False)
    has_identity: Mapped[bool] = mapped_column(Boolean, default=False)
    attachment_count: Mapped[int] = mapped_column(Integer, default=0)
    answers_size: Mapped[int] = mapped_column(Integer)  # padded
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    source_code: Mapped[str] = mapped_column(String(1), default="X")  # the grade that holds now
    information_code: Mapped[str] = mapped_column(String(1), default="4")
    graded: Mapped[bool] = mapped_column(Boolean, default=False)
    grade_pending: Mapped[str | None] = mapped_column(String(2))  # A or 1, until a supervisor agrees
    notice_version: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(Code, default="web", server_default="web")  # web, telephone, letter, in-person
    profile: Mapped[str] = mapped_column(Code)
    compared: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))  # it has a fingerprint
    folded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))  # its lead stands for it
    first_hand: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # 1 by a box, 2 by words, 3 by both
    review_due_at: Mapped[dt.datetime] = mapped_column(UtcMoment, index=True)
    revision: Mapped[int] = mapped_column(Integer, default=1)  # grows with each change of work on the tip


class TipKey(Base):
    """A tip's content or identity key, sealed to its desk; destroying the row is erasing the tip."""

    __tablename__ = "tip_key"
    __table_args__ = (Index(None, "desk_id", "epoch"), UNORDERED)
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    purpose: Mapped[str] = mapped_column(Code, primary_key=True)  # content, identity, mailbox
    desk_id: Mapped[str] = mapped_column(Id)
    epoch: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class AttachmentKey(Base):
    """One attachment's key, wrapped under its tip's content key: one file can be erased by key."""

    __tablename__ = "attachment_key"
    __table_args__ = UNORDERED
    attachment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Mailbox(Base):
    """What a receipt opens. ``lookup`` and the wrap come from the receipt by HKDF; the receipt itself is nowhere."""

    __tablename__ = "mailbox"
    __table_args__ = (
        Index(
            "ix_mailbox_withdraw_at",
            "withdraw_at",
            sqlite_where=text("withdraw_at IS NOT NULL"),
            postgresql_where=text("withdraw_at IS NOT NULL"),
        ),
        UNORDERED,
    )
    lookup: Mapped[str] = mapped_column(String(32), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, unique=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    withdraw_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)  # 72 hours after it was withdrawn


class MailboxVisit(Base):
    """A mailbox that is open in a browser: its key under a secret that lives only in the visitor's cookie."""

    __tablename__ = "mailbox_visit"
    __table_args__ = UNORDERED
    lookup: Mapped[str] = mapped_column(String(32), primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    erase_at: Mapped[dt.datetime] = mapped_column(UtcMoment, index=True)


class MailboxMessage(Base):
    """A message from the desk to the sender, encrypted under the mailbox key."""

    __tablename__ = "mailbox_message"
    __table_args__ = UNORDERED
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Code, default="message")  # message, decision (the answer to a request)
    language: Mapped[str] = mapped_column(String(12))
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    written_by: Mapped[str] = mapped_column(Id)
    written_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class Addition(Base):
    """What a sender added by receipt later: with its own inner id and content key, like a small tip (SECURITY 4).

    Its key lies in ``tip_key``, its text in ``tip_record`` and its files in ``attachment``, all under ``id``.
    """

    __tablename__ = "addition"
    __table_args__ = (Index(None, "received_at"), UNORDERED)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Code)  # more, correction, answer
    answers_message: Mapped[str | None] = mapped_column(Id)
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)  # it says that a child is in danger now
    attachment_count: Mapped[int] = mapped_column(Integer, default=0)
    received_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # the hour, nothing finer
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment, index=True)  # when the desk first read it


class RightsRequest(Base):
    """A sender's request that a person decides: access, erasure, or a withdrawal that must not happen by itself."""

    __tablename__ = "rights_request"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    desk_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Code)  # access, erasure, withdrawal
    state: Mapped[str] = mapped_column(Code, default="open", index=True)  # open, granted, refused, taken-back
    reason_code: Mapped[str | None] = mapped_column(Code)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # the hour
    due_on: Mapped[dt.date] = mapped_column()
    decided_by: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class TipRecord(Base):
    """One encrypted, padded record of a tip: answers, identity, sanitised, statement, note, reason and others."""

    __tablename__ = "tip_record"
    __table_args__ = (
        UniqueConstraint("tip_id", "part", "version"),
        # What the desk wrote lately, for a search index that keeps up; what the public sends takes no part in it.
        Index(
            "ix_tip_record_desk_written",
            "written_at",
            sqlite_where=text("written_by IS NOT NULL"),
            postgresql_where=text("written_by IS NOT NULL"),
        ),
        UNORDERED,
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id)
    part: Mapped[str] = mapped_column(String(60))  # answers, identity, sanitised, note:<id>, statement:<id>, …
    version: Mapped[int] = mapped_column(Integer, default=1)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    written_by: Mapped[str | None] = mapped_column(Id)  # None: the public
    written_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # the hour for what the public wrote


class Attachment(Base):
    """A file of a tip. Name, exact size, type and digest lie in the sealed ``details``."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("tip_id", "position"), UNORDERED)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Integer)  # below zero: of a draft, the version that is not chosen
    kind: Mapped[str] = mapped_column(Code)  # jpeg, png, webp, heic, pdf, mp4
    stored_name: Mapped[str] = mapped_column(String(64))  # random name of the ciphertext in storage
    padded_size: Mapped[int] = mapped_column(Integer)
    details: Mapped[bytes] = mapped_column(LargeBinary)
    metadata_kept: Mapped[bool] = mapped_column(Boolean, default=False)
    screening: Mapped[str] = mapped_column(Code, default="unscreened")
    viewed: Mapped[bool] = mapped_column(Boolean, default=False)  # by a human


class Assessment(Base):
    """One 4x4 grade; grades are never changed, only followed by another. The reason is a sealed record."""

    __tablename__ = "assessment"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    source_code: Mapped[str] = mapped_column(String(1))
    information_code: Mapped[str] = mapped_column(String(1))
    state: Mapped[str] = mapped_column(Code)  # holds, waits (A or 1 without a supervisor), refused, superseded
    proposed_by: Mapped[str] = mapped_column(Id)
    decided_by: Mapped[str | None] = mapped_column(Id)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class Statement(Base):
    """A reviewer's sentence, marked fact or assessment (Art. 74); its words are a sealed record."""

    __tablename__ = "statement"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    basis: Mapped[str] = mapped_column(Code)  # fact, assessment
    as_of: Mapped[dt.date] = mapped_column()
    verified_on: Mapped[dt.date | None] = mapped_column()
    written_by: Mapped[str] = mapped_column(Id)
    written_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class TipEvent(Base):
    """What happened to a tip, in codes, for its history page (the legal log is another table)."""

    __tablename__ = "tip_event"
    # The second one for what is counted of a day (services/statistics).
    __table_args__ = (Index(None, "tip_id", "happened_at"), Index(None, "name", "happened_at"))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Code)  # past tense: tip.opened, tip.assigned, …
    before: Mapped[str | None] = mapped_column(Code)
    after: Mapped[str | None] = mapped_column(Code)
    actor_id: Mapped[str | None] = mapped_column(Id)
    happened_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class Consultation(Base):
    """The reason somebody gave for opening a tip, once per assignment; its words are a sealed record."""

    __tablename__ = "consultation"
    __table_args__ = (Index(None, "tip_id", "account_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id)
    account_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Code)  # content, identity
    reason_code: Mapped[str] = mapped_column(Code)
    opened_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)  # a new assignment asks anew


class Hold(Base):
    """Stops a tip's clock. The reason is a sealed record."""

    __tablename__ = "hold"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    tip_id: Mapped[str] = mapped_column(Id, index=True)
    reason_code: Mapped[str] = mapped_column(Code)
    placed_by: Mapped[str] = mapped_column(Id)
    placed_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    review_on: Mapped[dt.date] = mapped_column()
    lifted_by: Mapped[str | None] = mapped_column(Id)
    lifted_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class Tombstone(Base):
    """What stays of an erased tip: enough to answer that it was here and went, nothing of what it said."""

    __tablename__ = "tombstone"
    __table_args__ = UNORDERED
    tip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    desk_id: Mapped[str] = mapped_column(Id)
    received_on: Mapped[dt.date] = mapped_column()
    erased_on: Mapped[dt.date] = mapped_column()
    disposition: Mapped[str | None] = mapped_column(Code)
    reason_code: Mapped[str] = mapped_column(Code)
