"""Notices by mail: made, written and sent, each in its own time; a mail server that is away holds nothing up."""

from __future__ import annotations

import datetime as dt
from functools import partial

from tipline.errors import MailNotSent
from tipline.extensions import db
from tipline.services import notices
from tipline.web import letters


def send_notices(now: dt.datetime) -> int:
    """Make the notices that are due and send those whose moment has come; how many left."""
    if not notices.can_send():
        return 0
    db.in_writing(partial(notices.make_urgent, now))
    db.in_writing(partial(notices.make_digests, now))
    waiting = notices.due(now)
    db.session.rollback()
    sent = 0
    for notice_id in waiting:
        letter: notices.Letter | None = db.in_writing(partial(notices.claim, notice_id, now))
        if letter is None:
            continue
        subject, text = letters.write(letter.kind, letter.about)
        try:
            notices.send(letter, subject, text, now)
        except MailNotSent as failure:
            db.in_writing(partial(notices.note_failure, letter, failure, now))
            if failure.why == "away":  # the others would wait for the same server
                break
        else:
            db.in_writing(partial(notices.note_sent, letter))
            sent += 1
    return sent
