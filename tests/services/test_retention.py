"""Clocks of tips and drafts: what is due goes, by its keys first; holds stop it; nothing comes back from a backup."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tipline import storage
from tipline.config import Settings
from tipline.errors import LogBroken, NotFound, TipOnHold, WrongState
from tipline.extensions import Database, db
from tipline.models import tip as tables
from tipline.models.log import LogEntry
from tipline.services import drafts, ledger, retention
from tipline.services.answers import Answers
from tipline.services.sent_tips import SentTip

TABLES_OF_A_TIP = (
    tables.Tip,
    tables.TipKey,
    tables.AttachmentKey,
    tables.Mailbox,
    tables.TipRecord,
    tables.Attachment,
    tables.TipEvent,
    tables.Consultation,
    tables.Hold,
)


def rows(table: type) -> int:
    return int(db.session.execute(select(func.count()).select_from(table)).scalar_one())


def stored() -> list[str]:
    return [name for name, _size, _moment in storage.files().walk()]


@pytest.fixture
def team(database: Database, now: dt.datetime) -> factories.Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def sent(team: factories.Team, now: dt.datetime) -> SentTip:
    made: SentTip = factories.make_tip(
        now, files=[("bag.jpg", factories.picture())], identity={"name": "Maria", "email": "m@example.org"}
    )
    return made


def erase_due(now: dt.datetime) -> list[str]:
    erased = []
    for tip_id in retention.due_tips(now):
        gone = factories.write(lambda tip_id=tip_id: retention.erase_due_tip(tip_id, now))
        if gone is not None:
            retention.discard(gone.stored_names)
            erased.append(gone.id)
    return erased


def test_every_tip_has_a_date_on_a_full_hour(sent: SentTip, settings: Settings, now: dt.datetime) -> None:
    due = db.session.execute(select(tables.Tip.review_due_at)).scalar_one()
    assert due == retention.first_review(now, settings.profile)
    assert (due.minute, due.second) == (0, 0)
    assert due - now > dt.timedelta(days=settings.profile.untriaged_days - 1)


def test_a_tip_that_nobody_decides_on_is_erased_with_its_keys_and_files(sent: SentTip, clock: Clock) -> None:
    assert retention.due_tips(clock.now) == []
    assert len(stored()) == 1
    clock.advance(days=184)
    assert erase_due(clock.now) == [sent.tip_id]
    assert {table.__tablename__: rows(table) for table in TABLES_OF_A_TIP} == dict.fromkeys(
        (table.__tablename__ for table in TABLES_OF_A_TIP), 0
    )
    assert stored() == []
    stone = db.session.execute(select(tables.Tombstone)).scalar_one()
    assert (stone.ref, stone.reason_code, stone.erased_on) == (sent.ref, "untriaged", clock.now.date())
    entry = db.session.execute(select(LogEntry).where(LogEntry.event == "tip.erased")).scalar_one()
    assert (entry.chain, entry.operation, entry.subject_ids) == ("jobs", "erase", sent.tip_id)
    assert [(line.kind, line.id) for line in ledger.entries()] == [("tip", sent.tip_id)]
    assert erase_due(clock.now) == []


def test_a_hold_stops_the_clock_and_lifting_it_gives_a_week(team: factories.Team, sent: SentTip, clock: Clock) -> None:
    actor = team.supervisor.actor
    review_on = clock.now.date() + dt.timedelta(days=300)
    hold = factories.write(lambda: retention.place_hold(sent.tip_id, "judicial", review_on, actor=actor, now=clock.now))
    clock.advance(days=184)
    assert erase_due(clock.now) == []
    with pytest.raises(TipOnHold):
        factories.write(lambda: retention.erase_tip(sent.tip_id, "request", actor, clock.now))
    assert [one.id for one in retention.holds_on(sent.tip_id)] == [hold]
    factories.write(lambda: retention.lift_hold(hold, actor=actor, now=clock.now))
    with pytest.raises(WrongState):
        factories.write(lambda: retention.lift_hold(hold, actor=actor, now=clock.now))
    assert erase_due(clock.now) == []
    clock.advance(days=8)
    assert erase_due(clock.now) == [sent.tip_id]


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_hold_is_looked_at_again_within_a_year(
    team: factories.Team, sent: SentTip, now: dt.datetime, days: int
) -> None:
    review_on = now.date() + dt.timedelta(days=days)
    with pytest.raises(WrongState):
        retention.place_hold(sent.tip_id, "judicial", review_on, actor=team.supervisor.actor, now=now)


def test_a_restricted_tip_waits_for_a_person(sent: SentTip, clock: Clock) -> None:
    factories.write(lambda: db.session.execute(tables.Tip.__table__.update().values(restricted=True)))
    clock.advance(days=400)
    assert erase_due(clock.now) == []


def test_erasing_what_is_not_there_is_refused(database: Database, now: dt.datetime) -> None:
    with pytest.raises(NotFound):
        retention.erase_tip("0" * 32, "request", None, now)
    with pytest.raises(NotFound):
        retention.erase_attachment("0" * 32, "request", None, now)


def test_one_file_is_erased_by_its_key_and_the_tip_stays(team: factories.Team, sent: SentTip, now: dt.datetime) -> None:
    attachment_id = db.session.execute(select(tables.Attachment.id)).scalar_one()
    gone = factories.write(
        lambda: retention.erase_attachment(attachment_id, "request", team.supervisor.actor, now, chain="staff")
    )
    retention.discard(gone.stored_names)
    assert (rows(tables.AttachmentKey), rows(tables.Attachment), stored()) == (0, 0, [])
    assert db.session.execute(select(tables.Tip.attachment_count)).scalar_one() == 0


def test_a_file_that_was_added_later_is_erased_by_its_key_unless_a_hold_keeps_the_tip(
    team: factories.Team, now: dt.datetime
) -> None:
    tip_id = factories.make_tip(now).tip_id
    factories.add_to_tip(tip_id, now, files=[("bag.jpg", factories.picture())])
    attachment_id = db.session.execute(select(tables.Attachment.id)).scalar_one()
    review_on = now.date() + dt.timedelta(days=30)
    actor = team.supervisor.actor
    hold = factories.write(lambda: retention.place_hold(tip_id, "judicial", review_on, actor=actor, now=now))
    with pytest.raises(TipOnHold):
        factories.write(lambda: retention.erase_attachment(attachment_id, "request", actor, now, chain="staff"))
    factories.write(lambda: retention.lift_hold(hold, actor=actor, now=now))
    gone = factories.write(lambda: retention.erase_attachment(attachment_id, "request", actor, now, chain="staff"))
    retention.discard(gone.stored_names)
    assert (rows(tables.AttachmentKey), stored()) == (0, [])
    assert db.session.execute(select(tables.Addition.attachment_count)).scalar_one() == 0
    assert db.session.execute(select(tables.Tip.attachment_count, tables.Tip.revision)).one() == (0, 2)


def test_a_draft_goes_with_its_hour_and_a_sent_one_leaves_its_tip(
    team: factories.Team, sent: SentTip, clock: Clock
) -> None:
    answers = Answers(narrative="half a tip", tip_language=369)
    factories.write(
        lambda: drafts.start_draft(drafts.new_secret(), answers, exhibit_id=None, desk_id=team.desk_id, now=clock.now)
    )
    assert rows(tables.Draft) == 2
    assert retention.due_drafts(clock.now) == []
    clock.advance(hours=2)
    for lookup in retention.due_drafts(clock.now):
        factories.write(lambda lookup=lookup: retention.erase_due_draft(lookup, clock.now))
    assert (rows(tables.Draft), rows(tables.Tip), rows(tables.Attachment)) == (0, 1, 1)
    assert set(db.session.execute(select(tables.TipRecord.tip_id)).scalars()) == {sent.tip_id}
    assert db.session.execute(select(func.count()).where(LogEntry.event == "draft.erased")).scalar_one() == 1


def test_files_that_no_row_names_are_swept_once_they_are_old(sent: SentTip, clock: Clock) -> None:
    with storage.files().create("0" * 32) as writer:
        writer.write(b"ciphertext of nobody")
        writer.commit(clock.now)
    assert retention.sweep_orphans(clock.now) == 0
    assert len(stored()) == 2
    assert retention.sweep_orphans(clock.advance(hours=3)) == 1
    assert len(stored()) == 1


def test_when_the_log_cannot_be_written_nothing_is_erased(
    sent: SentTip, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise LogBroken

    clock.advance(days=184)
    monkeypatch.setattr(retention.log, "record", refuse)
    with pytest.raises(LogBroken):
        factories.write(lambda: retention.erase_due_tip(sent.tip_id, clock.now))
    assert (rows(tables.Tip), rows(tables.TipKey) > 0, len(stored())) == (1, True, 1)


def test_a_torn_line_of_the_ledger_is_passed_over(sqlite: Database, now: dt.datetime) -> None:
    ledger.note("tip", ["a" * 32, "b" * 32], reason="request", now=now)
    with ledger.path().open("a") as file:
        file.write('{"kind": "tip", "id": "ccc')
    assert [line.id for line in ledger.entries()] == ["a" * 32, "b" * 32]
