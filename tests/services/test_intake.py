"""Sending: sealed once, never twice, all or nothing."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from sqlalchemy import func, select

from tests.tipsters import TestDesk, make_desk, photo
from tipline.crypto import envelope, receipts
from tipline.crypto.keys import Label, Purpose
from tipline.crypto.opening import open_sealed
from tipline.errors import CannotOpen, DeskClosed, DraftGone, DraftIncomplete, FileRefused, NotFound, ReceiptMistyped
from tipline.extensions import Database, db
from tipline.models.desk import DeskEpoch
from tipline.models.log import LogArrival
from tipline.models.tip import Mailbox, Tip, TipKey
from tipline.services import attachments, drafts, intake, log, mailbox
from tipline.services.answers import Answers, Identity
from tipline.services.intake import NewFile, NewTip

ANSWERS = Answers(narrative="A curtain in Piraeus", tip_language=2)


@pytest.fixture
def desk(database: Database, now: dt.datetime) -> TestDesk:
    """An open desk, and a transaction that may write."""
    made = make_desk(now)
    db.begin_writing()
    return made


def new_tip(answers: Answers = ANSWERS, *files: NewFile, ref: str | None = "curtain1") -> NewTip:
    return NewTip(ref, "en", answers, Identity(name="Eleni"), files)


def test_a_tip_opens_for_its_desk_with_everything(desk: TestDesk, now: dt.datetime) -> None:
    sent = intake.submit_tip(new_tip(ANSWERS, NewFile("one.jpg", io.BytesIO(photo()))), now)
    db.session.commit()
    tip = db.session.execute(select(Tip)).scalar_one()
    assert (tip.ref, tip.id) == (sent.ref, sent.tip_id)
    assert tip.received_at == dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
    assert tip.review_due_at > now
    assert tip.exhibit_id
    assert tip.appeal_id
    assert desk.read_answers(tip.id) == ANSWERS
    key = desk.open_key(tip.id, "content")
    assert b"".join(attachments.stream(key, attachments.of_tip(tip.id)[0])).startswith(b"\xff\xd8")
    assert db.session.execute(select(LogArrival.event, LogArrival.subject_ids)).one() == ("tip.received", tip.id)


def test_keys_are_apart_and_bound_to_their_tip_and_purpose(desk: TestDesk, now: dt.datetime) -> None:
    first = intake.submit_tip(new_tip(), now).tip_id
    second = intake.submit_tip(new_tip(), now).tip_id
    keys = {(tip, p): desk.open_key(tip, p) for tip in (first, second) for p in ("content", "identity", "mailbox")}
    assert len(set(keys.values())) == 6
    sealed = db.session.execute(
        select(TipKey.sealed).where(TipKey.tip_id == first, TipKey.purpose == "content")
    ).scalar_one()
    for label in (
        Label(Purpose.TIP_CONTENT, desk.id, 1, second),
        Label(Purpose.TIP_MAILBOX, desk.id, 1, first),
        Label(Purpose.TIP_CONTENT, desk.id, 2, first),
    ):
        with pytest.raises(CannotOpen):
            open_sealed(sealed, desk.content, label)


def test_sending_again_gives_the_same_answer_and_no_second_tip(desk: TestDesk, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    drafts.start_draft(secret, ANSWERS, exhibit_id=None, desk_id=desk.id, now=now)
    first = intake.send(secret, ui_language="en", notice_version="1", now=now)
    assert intake.send(secret, ui_language="fr", notice_version="1", now=now) == first
    assert db.session.execute(select(func.count()).select_from(Tip)).scalar_one() == 1
    with pytest.raises(DraftGone):
        intake.send(drafts.new_secret(), ui_language="en", notice_version="1", now=now)


def test_without_a_narrative_nothing_is_sent(desk: TestDesk, now: dt.datetime) -> None:
    with pytest.raises(DraftIncomplete):
        intake.submit_tip(new_tip(Answers(narrative=" \n", tip_language=2)), now)


def test_without_a_key_to_seal_to_nothing_is_sent(desk: TestDesk, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    drafts.start_draft(secret, ANSWERS, exhibit_id=None, desk_id=desk.id, now=now)
    db.session.execute(select(DeskEpoch)).scalar_one().state = "closed"
    db.session.flush()
    with pytest.raises(DeskClosed):
        intake.send(secret, ui_language="en", notice_version="1", now=now)
    with pytest.raises(DeskClosed):
        intake.submit_tip(new_tip(ref=None), now)
    assert db.session.execute(select(func.count()).select_from(Tip)).scalar_one() == 0


def test_a_log_that_cannot_be_written_stops_the_tip(
    desk: TestDesk, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(log, "record", refuse)
    with pytest.raises(OSError):  # noqa: PT011 - any failure of the log
        intake.submit_tip(new_tip(), now)
    db.session.rollback()
    assert db.session.execute(select(func.count()).select_from(Tip)).scalar_one() == 0


def test_an_unknown_exhibit_and_a_bad_file_are_refused(desk: TestDesk, now: dt.datetime) -> None:
    with pytest.raises(NotFound):
        intake.submit_tip(new_tip(ref="nothing1"), now)
    with pytest.raises(FileRefused):
        intake.submit_tip(new_tip(ANSWERS, NewFile("one.jpg", io.BytesIO(b"nonsense"))), now)


def test_a_receipt_opens_the_mailbox_and_not_the_answers(desk: TestDesk, now: dt.datetime) -> None:
    sent = intake.submit_tip(new_tip(), now)
    opened = mailbox.open_mailbox(f" {sent.receipt.lower()} ")
    view = mailbox.look(opened.tip_id, now)
    assert (view.ref, view.word) == (sent.ref, "received")
    assert opened.key == desk.open_key(sent.tip_id, "mailbox")
    assert opened.key != desk.open_key(sent.tip_id, "content")
    assert sent.receipt not in repr(sent) + repr(opened) + repr(view)
    row = db.session.execute(select(Mailbox)).scalar_one()
    assert sent.receipt.encode() not in row.wrapped_key
    with pytest.raises(ReceiptMistyped):
        mailbox.open_mailbox(sent.receipt[:-1])
    with pytest.raises(NotFound):
        mailbox.open_mailbox(receipts.new_receipt())


def test_every_status_has_a_public_word() -> None:
    from tipline.services import statuses

    names = [name for name in vars(statuses) if name.isupper()]
    assert names
    for status in ("received", "assigned", "referred", "closed", "restricted", "something new"):
        assert mailbox.public_word(status) in mailbox.WORDS


def test_a_wrap_of_another_mailbox_does_not_open(desk: TestDesk, now: dt.datetime) -> None:
    one, other = (intake.submit_tip(new_tip(), now) for _ in range(2))
    rows = {row.tip_id: row for row in db.session.execute(select(Mailbox)).scalars()}
    rows[one.tip_id].wrapped_key, rows[other.tip_id].wrapped_key = (
        rows[other.tip_id].wrapped_key,
        rows[one.tip_id].wrapped_key,
    )
    db.session.flush()
    with pytest.raises(NotFound):
        mailbox.open_mailbox(one.receipt)


def test_the_answers_record_has_one_size_for_short_texts(desk: TestDesk, now: dt.datetime) -> None:
    short, longer = (
        intake.submit_tip(new_tip(Answers(narrative=text, tip_language=2)), now) for text in ("x", "y" * 3000)
    )
    sizes = set(db.session.execute(select(Tip.answers_size).where(Tip.id.in_([short.tip_id, longer.tip_id]))).scalars())
    assert sizes == {4096}
    assert envelope.record_size(1) == envelope.record_size(3000)
