"""Messages from a desk to the sender of a tip, under the mailbox key: what a receipt opens beside the status.

Only what is written to the sender lies under that key; answers, files and the desk's own work never do (SECURITY 4).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select

from tipline.crypto import envelope
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.tip import MailboxMessage

MESSAGE, DECISION = "message", "decision"  # a decision answers a request and is shown in every profile
LONGEST_MESSAGE = 5000

_MESSAGES = table_of(MailboxMessage)
_MESSAGE = _MESSAGES.c
# Not who wrote it: the sender is never told, so the public door does not read it.
_OF_TIP = (
    select(_MESSAGE.id, _MESSAGE.tip_id, _MESSAGE.kind, _MESSAGE.language, _MESSAGE.ciphertext, _MESSAGE.written_at)
    .where(_MESSAGE.tip_id == bindparam("tip_id"))
    .order_by(_MESSAGE.written_at.desc(), _MESSAGE.id.desc())
)


@dataclass(frozen=True)
class Message:
    """One message to a sender, as both sides see it."""

    id: str
    kind: str
    language: str
    text: str = field(repr=False)
    written_at: dt.datetime


def write_message(
    tip_id: str,
    mailbox_key: bytes,
    text: str,
    *,
    language: str,
    actor_id: str,
    now: dt.datetime,
    kind: str = MESSAGE,
) -> str:
    """Leave a message for the sender and return its id; ``language`` is the BCP-47 tag that it is written in.

    The caller knows that the profile has conversations, writes history and log, and commits. Raises BadInput
    ("message", empty or long).
    """
    if not text.strip():
        raise BadInput("message", "empty")
    if len(text) > LONGEST_MESSAGE:
        raise BadInput("message", "long")
    message_id = new_id()
    sealed = envelope.encrypt_record(mailbox_key, text.encode("utf-8"), tip_id=tip_id, part=_part(kind, message_id))
    db.run(
        insert(_MESSAGES),
        {
            "id": message_id,
            "tip_id": tip_id,
            "kind": kind,
            "language": language,
            "ciphertext": sealed,
            "written_by": actor_id,
            "written_at": now,
        },
    )
    return message_id


def read_messages(tip_id: str, mailbox_key: bytes) -> tuple[Message, ...]:
    """Every message of a mailbox, newest first. Raises Damaged when one was changed or put into another's place."""
    return tuple(
        Message(row.id, row.kind, row.language, _opened(mailbox_key, row), row.written_at)
        for row in db.run(_OF_TIP, {"tip_id": tip_id})
    )


def writers_of(tip_id: str) -> dict[str, str]:
    """For the desk: the account behind each message of a mailbox, by the message's id."""
    rows = db.run(select(_MESSAGE.id, _MESSAGE.written_by).where(_MESSAGE.tip_id == tip_id))
    return {row.id: row.written_by for row in rows}


def _opened(mailbox_key: bytes, row: Any) -> str:
    part = _part(row.kind, row.id)
    return envelope.decrypt_record(mailbox_key, row.ciphertext, tip_id=row.tip_id, part=part).decode("utf-8")


def _part(kind: str, message_id: str) -> str:
    return f"{kind}:{message_id}"
