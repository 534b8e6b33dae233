"""What the desk writes to the sender of a tip, into the mailbox that the sender's receipt opens.

Each message is a disclosure to the sender and logged as one. Its page for the sender names nobody of the desk.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from tipline import config, languages
from tipline.errors import BadInput, NotFound, ReasonNeeded
from tipline.services import access, conversation, history, log, queue
from tipline.services.access import OpenTip

TEXT_LIMIT = conversation.LONGEST_MESSAGE


@dataclass(frozen=True)
class Sent:
    """One message in a mailbox, for the desk. ``writer`` is None when that person has left."""

    id: str
    kind: str
    language: str
    written_at: dt.datetime
    writer: str | None
    text: str = field(repr=False)


def has_conversation() -> bool:
    """Whether this service writes to senders at all; answers to their requests are written everywhere."""
    return config.current().profile.conversation


def send_message(opened: OpenTip, text: str, language: str, now: dt.datetime) -> None:
    """Put a message into the sender's mailbox. A second click sends no second one.

    Raises ReasonNeeded for an empty text, BadInput for one that is too long or in a language that no page has, NotFound
    where the service has no conversations or the mailbox is gone, and WrongState while the tip is restricted.
    """
    if not has_conversation():
        raise NotFound
    access.check_unrestricted(opened)
    write(opened, text, language, now, kind=conversation.MESSAGE)


def write(opened: OpenTip, text: str, language: str, now: dt.datetime, *, kind: str) -> None:
    """Write into the mailbox whatever the profile: for the answer to a request. Raises as ``send_message`` does."""
    _check_message(text, language)
    key = access.mailbox_key(opened)
    last = next(iter(conversation.read_messages(opened.tip.id, key)), None)
    if last and (last.text, last.language, last.kind) == (text, language, kind):
        return
    conversation.write_message(
        opened.tip.id, key, text, language=language, actor_id=opened.person.id, now=now, kind=kind
    )
    history.add(opened.tip.id, "message.sent", actor=opened.person.actor, now=now, after=kind)
    log.record(
        "message.sent",
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group=kind,
        justification=opened.reason_code,
        recipient_id="sender",
    )


def messages(opened: OpenTip) -> tuple[Sent, ...]:
    """What was written into the mailbox of an opened tip, newest first; nothing when the mailbox is gone."""
    try:
        key = access.mailbox_key(opened)
    except NotFound:
        return ()
    found = conversation.read_messages(opened.tip.id, key)
    writers = conversation.writers_of(opened.tip.id)
    names = queue.account_names(writers.values())
    return tuple(
        Sent(one.id, one.kind, one.language, one.written_at, names.get(writers[one.id]), one.text) for one in found
    )


def _check_message(text: str, language: str) -> None:
    if not text.strip():
        raise ReasonNeeded
    if language not in {one.tag for one in languages.UI_LANGUAGES}:
        raise BadInput("language", "unknown")
