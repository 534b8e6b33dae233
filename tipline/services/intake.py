"""Sending: the moment a draft becomes a tip that only its desk can read (SECURITY 1, 4, 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from sqlalchemy import bindparam, func, insert, select, union_all

from tipline import clock, config
from tipline.crypto import envelope, padding, receipts
from tipline.crypto.keys import Purpose
from tipline.crypto.sealing import seal
from tipline.errors import DraftIncomplete, FileRefused, WrongState
from tipline.extensions import db
from tipline.models.appeal import Exhibit
from tipline.models.base import table_of
from tipline.models.tip import Attachment, Mailbox, Tip, TipKey, Tombstone
from tipline.services import attachments, drafts, log, retention, seal_targets, sent_tips, uploads, versions
from tipline.services.answers import ANSWERS, Answers, Identity
from tipline.services.attachments import Details
from tipline.services.drafts import OpenDraft
from tipline.services.seal_targets import SealTarget
from tipline.services.sent_tips import SentCopy, SentTip

_TIPS, _TIP_KEYS, _MAILBOXES = table_of(Tip), table_of(TipKey), table_of(Mailbox)
_ATTACHMENT, _EXHIBIT, _STONE = table_of(Attachment).c, table_of(Exhibit).c, table_of(Tombstone).c

# Built once: putting a statement together takes longer than running it.
_MAKE_TIP, _MAKE_KEY, _MAKE_MAILBOX = insert(_TIPS), insert(_TIP_KEYS), insert(_MAILBOXES)
_ASIDE = select(
    select(func.count(_ATTACHMENT.id))
    .where(_ATTACHMENT.tip_id == bindparam("tip_id"))
    .scalar_subquery()
    .label("files"),
    select(_EXHIBIT.appeal_id).where(_EXHIBIT.id == bindparam("exhibit_id")).scalar_subquery().label("appeal_id"),
)
_TAKEN = union_all(
    select(_TIPS.c.id).where(_TIPS.c.ref == bindparam("ref")),
    select(_STONE.tip_id).where(_STONE.ref == bindparam("ref")),
)
_PIECE = 256 * 1024


@dataclass(frozen=True)
class NewFile:
    """A file to send along; ``reader`` is read to its end."""

    name: str = field(repr=False)
    reader: BinaryIO = field(repr=False)


@dataclass(frozen=True)
class NewTip:
    """A whole tip at once, for the sample and the tests; the public door takes one page at a time."""

    exhibit_ref: str | None
    ui_language: str
    answers: Answers
    identity: Identity = field(default_factory=Identity)
    files: Sequence[NewFile] = ()
    notice_version: str = "1"


@dataclass(frozen=True)
class TakenDown:
    """A tip that somebody of the desk wrote down for its sender: how it came, and who did."""

    channel: str  # telephone, letter, in-person
    by: log.Actor


@dataclass(frozen=True)
class Contents:
    """What sending needs to know about a draft's contents."""

    answers: Answers
    size: int
    identity: Identity
    files: tuple[Details, ...]
    appeal_id: str | None


@dataclass(frozen=True)
class _Told:
    """What the door knows of how a tip came."""

    ui_language: str
    notice_version: str
    unproven: bool
    channel: str = "web"


def send(
    secret: bytes,
    *,
    ui_language: str,
    notice_version: str,
    now: dt.datetime,
    unproven: bool = False,
    taken_down: TakenDown | None = None,
) -> SentTip:
    """Seal the draft's keys to its desk and make it a tip; a repeated send gets the same answer, never a second tip.

    All in the caller's transaction: nothing is acknowledged before it is committed. Raises DraftGone when there is no
    draft or its receipt waits no longer, DraftIncomplete without a narrative, DeskClosed without a key to seal to, and
    WrongState for an addition, which has its own way. ``unproven``: it came quicker than people write, or without the
    proof of work that was asked. ``taken_down``: it came another way, and the desk's log keeps who wrote it down.
    """
    lookup, row = drafts.find_for_sending(secret)
    if row.state != drafts.OPEN:
        return sent_tips.opened_receipt(secret, lookup, row, now)
    draft = drafts.unwrap(secret, lookup, row)
    if draft.adds_to is not None:
        raise WrongState
    contents = read_contents(draft)
    target = seal_targets.current(draft.desk_id)
    receipt = receipts.new_receipt()
    sent = SentTip(_new_ref(), receipt, draft.tip_id)
    seal_keys(draft, target, "content", "mailbox", *(("identity",) if contents.identity else ()))
    _make_mailbox(draft, receipt)
    told = _Told(ui_language, notice_version, unproven, taken_down.channel if taken_down else "web")
    _make_tip(draft, sent, contents, told, now)
    sent = replace(sent, discarded=versions.settle(draft, now))
    copy = SentCopy(contents.answers, contents.identity, contents.files, draft.exhibit_id)
    sent_tips.spend(secret, lookup, sent, copy, now)
    if taken_down is None:
        log.record("tip.received", chain="public", actor=None, subjects=[draft.tip_id], now=now)
    else:
        code = taken_down.channel
        log.record(
            "tip.received", chain="staff", actor=taken_down.by, subjects=[draft.tip_id], now=now, field_group=code
        )
    return sent


def submit_tip(new: NewTip, now: dt.datetime) -> SentTip:
    """Make a draft, put everything into it and send it, in the caller's transaction.

    Files are in storage before the caller commits: a caller that rolls back leaves them to the sweep. Raises what
    the steps raise: NotFound, DeskClosed, FileRefused, DraftIncomplete.
    """
    secret = drafts.new_secret()
    about = seal_targets.for_exhibit(new.exhibit_ref, "en") if new.exhibit_ref else seal_targets.for_anything()
    draft = drafts.start_draft(secret, new.answers, exhibit_id=about.exhibit_id, desk_id=about.desk_id, now=now)
    if new.identity:
        drafts.write_identity(draft, new.identity, now)
    if new.files:
        attach(draft, new.files, now)
    return send(secret, ui_language=new.ui_language, notice_version=new.notice_version, now=now)


def attach(draft: OpenDraft, files: Sequence[NewFile], now: dt.datetime) -> None:
    """Take these files into a draft, as an upload does. Raises FileRefused for one that cannot be taken."""
    with uploads.receive(draft, 0, choice=False) as upload:
        named = []
        for file in files:
            spool = upload.new_spool()
            while piece := file.reader.read(_PIECE):
                spool.write(piece)
            named.append((file.name, spool))
        refused = upload.store(named, now)
        if refused:
            raise FileRefused(refused[0][1])
        upload.attach()
        upload.keep()


def read_contents(draft: OpenDraft) -> Contents:
    """What a draft holds, opened once more to be sent. Raises DraftIncomplete without a narrative."""
    found = drafts.sealed_parts(draft.tip_id)
    if ANSWERS not in found:
        raise DraftIncomplete
    record = envelope.decrypt_record(draft.content_key, found[ANSWERS], tip_id=draft.tip_id, part=ANSWERS)
    answers = Answers.from_record(record)
    if not answers.narrative.strip():
        raise DraftIncomplete
    aside = db.run(_ASIDE, {"tip_id": draft.tip_id, "exhibit_id": draft.exhibit_id}).one()
    rows = attachments.of_tip(draft.tip_id) if aside.files else ()
    files = tuple(attachments.read_details(draft.content_key, row) for row in rows)
    return Contents(answers, len(record), drafts.open_identity(draft, found), files, aside.appeal_id)


def seal_keys(draft: OpenDraft, target: SealTarget, *names: str) -> None:
    """Seal these of a draft's keys ("content", "mailbox", "identity") to its desk, under the draft's inner id."""
    keys = {
        "content": (Purpose.TIP_CONTENT, draft.content_key, target.content_public),
        "mailbox": (Purpose.TIP_MAILBOX, draft.mailbox_key, target.content_public),
        "identity": (Purpose.TIP_IDENTITY, draft.identity_key, target.identity_public),
    }
    chosen = [(name, *keys[name]) for name in names]
    db.run(
        _MAKE_KEY,
        [
            {
                "tip_id": draft.tip_id,
                "purpose": name,
                "desk_id": target.desk_id,
                "epoch": target.epoch,
                "sealed": seal(key, public, target.label(purpose, draft.tip_id)),
            }
            for name, purpose, key, public in chosen
        ],
    )


def _make_mailbox(draft: OpenDraft, receipt: str) -> None:
    lookup = receipts.lookup_id(receipt)
    wrapped = envelope.wrap_key(receipts.mailbox_wrap_key(receipt), draft.mailbox_key, context=f"mailbox:{lookup}")
    db.run(_MAKE_MAILBOX, {"lookup": lookup, "tip_id": draft.tip_id, "wrapped_key": wrapped})


def _make_tip(draft: OpenDraft, sent: SentTip, contents: Contents, told: _Told, now: dt.datetime) -> None:
    profile = config.current().profile
    urgent = contents.answers.child_at_risk
    db.run(
        _MAKE_TIP,
        {
            "id": draft.tip_id,
            "ref": sent.ref,
            "desk_id": draft.desk_id,
            "appeal_id": contents.appeal_id,
            "exhibit_id": draft.exhibit_id,
            "ui_language": told.ui_language,
            "tip_language": contents.answers.tip_language,
            "received_at": clock.hour_of(now),
            "status": "received",
            "lane": "urgent" if urgent else "normal",
            "urgent": urgent,
            "unproven": told.unproven,
            "restricted": False,
            "identifies_sender": False,
            "has_identity": bool(contents.identity),
            "attachment_count": len(contents.files),
            "answers_size": padding.padded_size(contents.size),
            "source_code": "X",
            "information_code": "4",
            "graded": False,
            "notice_version": told.notice_version,
            "channel": told.channel,
            "profile": profile.name,
            "review_due_at": retention.first_review(now, profile),
            "revision": 1,
        },
    )


def _new_ref() -> str:
    """A public reference that no tip has or had."""
    while True:
        ref = receipts.new_reference()
        if db.run(_TAKEN, {"ref": ref}).first() is None:
            return ref
