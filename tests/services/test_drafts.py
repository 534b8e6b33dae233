"""Drafts: keys in the cookie, rows that say only the hour, nothing left when they go."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from tests.tipsters import TestDesk, make_desk
from tipline.errors import Busy, DraftGone, DraftSpent, WrongState
from tipline.extensions import Database, db
from tipline.models.log import LogArrival
from tipline.models.tip import Draft, TipRecord
from tipline.services import drafts, intake, room, sent_tips
from tipline.services.answers import Answers, Identity

ANSWERS = Answers(narrative="A curtain in Piraeus", tip_language=2)


@pytest.fixture
def desk(database: Database, now: dt.datetime) -> TestDesk:
    """An open desk, and a transaction that may write."""
    made = make_desk(now)
    db.begin_writing()
    return made


def start(desk: TestDesk, secret: bytes, now: dt.datetime) -> drafts.OpenDraft:
    return drafts.start_draft(secret, ANSWERS, exhibit_id=None, desk_id=desk.id, now=now)


def test_a_draft_opens_with_its_secret_only(desk: TestDesk, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    draft = start(desk, secret, now)
    again = drafts.open_draft(secret, now)
    assert again == draft
    assert drafts.read_parts(again) == (ANSWERS, Identity())
    with pytest.raises(DraftGone):
        drafts.open_draft(drafts.new_secret(), now)


def test_rows_say_only_the_hour(desk: TestDesk, now: dt.datetime) -> None:
    start(desk, drafts.new_secret(), now)
    assert db.session.execute(select(Draft.erase_at)).scalar_one() == dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    assert db.session.execute(select(TipRecord.written_at)).scalar_one().minute == 0


def test_nothing_of_a_draft_shows_in_its_repr(desk: TestDesk, now: dt.datetime) -> None:
    draft = start(desk, drafts.new_secret(), now)
    shown = repr(draft) + repr(ANSWERS) + repr(Identity("Eleni", "e@example.org", "1"))
    assert draft.content_key.hex() not in shown
    assert repr(draft.content_key) not in shown
    assert "Piraeus" not in shown
    assert "Eleni" not in shown


def test_answers_and_identity_are_replaced_and_removed(desk: TestDesk, now: dt.datetime) -> None:
    draft = start(desk, drafts.new_secret(), now)
    changed = Answers(narrative="A bottle", tip_language=2, links=("https://example.org/1",))
    drafts.write_answers(draft, changed, now)
    drafts.write_identity(draft, Identity(name="Eleni"), now)
    assert drafts.read_parts(draft) == (changed, Identity(name="Eleni"))
    drafts.write_identity(draft, Identity(), now)
    assert drafts.read_parts(draft) == (changed, Identity())


def test_a_deleted_draft_leaves_nothing_but_a_log_line(desk: TestDesk, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    start(desk, secret, now)
    assert drafts.delete_draft(secret, now) == ()
    for table in (Draft, TipRecord):
        assert db.session.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert db.session.execute(select(LogArrival.event)).scalars().all() == ["draft.erased"]
    assert drafts.delete_draft(secret, now) == ()


def test_a_sent_draft_gives_its_receipt_only_and_only_for_a_while(desk: TestDesk, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    draft = start(desk, secret, now)
    with pytest.raises(WrongState):
        sent_tips.read_sent(secret, now)
    sent = intake.send(secret, ui_language="en", notice_version="1", now=now)
    with pytest.raises(DraftSpent):
        drafts.open_draft(secret, now)
    with pytest.raises(DraftSpent):
        drafts.write_answers(draft, ANSWERS, now)
    assert sent_tips.read_sent(secret, now) == sent
    with pytest.raises(DraftSpent):
        sent_tips.read_sent(secret, now + dt.timedelta(minutes=15))
    sent_tips.keep_receipt(secret)
    with pytest.raises(DraftSpent):
        sent_tips.read_sent(secret, now)
    assert drafts.delete_draft(secret, now) == ()


def test_text_has_room_of_its_own_and_an_end(desk: TestDesk, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room._Measure, "count", lambda _self: 10**9)
    with pytest.raises(Busy):
        start(desk, drafts.new_secret(), now)
