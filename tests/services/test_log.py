"""The legal log: complete, chained, signed by the day, released by the segment, and verified."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests.conftest import Clock
from tipline.config import Settings
from tipline.errors import BadInput, LogBroken, WrongState
from tipline.extensions import Database, db
from tipline.models.log import LogArrival, LogEntry, LogSegment
from tipline.services import log, log_check
from tipline.services import log_segments as segments

ACTOR = log.Actor(id="a" * 32, role="reviewer", session_ref="s" * 32)
TIP = "t" * 32
SEED = b"k" * 32


def write(now: dt.datetime, count: int = 1, event: str = "tip.assigned", chain: str = "staff") -> None:
    for _ in range(count):
        log.record(event, chain=chain, actor=ACTOR, subjects=[TIP], now=now)
    db.session.commit()


def test_entries_are_numbered_without_gaps_and_each_carries_the_one_before(
    database: Database, now: dt.datetime
) -> None:
    write(now, 3)
    rows = db.session.execute(select(LogEntry).order_by(LogEntry.seq)).scalars().all()
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[0].prev_hash == log.START
    assert [row.prev_hash for row in rows[1:]] == [row.entry_hash for row in rows[:2]]
    assert {row.erase_after for row in rows} == {dt.date(2029, 3, 2)}
    assert log_check.verify().sound


def test_an_entry_goes_when_its_act_is_rolled_back(database: Database, now: dt.datetime) -> None:
    log.record("tip.assigned", chain="staff", actor=ACTOR, subjects=[TIP], now=now)
    db.session.rollback()
    write(now)
    assert [head.seq for head in log.heads() if head.chain == "staff"] == [1]
    assert log_check.verify().sound


def test_without_a_head_nothing_can_be_recorded(sqlite: Database, now: dt.datetime) -> None:
    db.session.execute(text("DROP TRIGGER log_head_no_delete"))
    db.session.execute(text("DELETE FROM log_head"))
    with pytest.raises(LogBroken):
        log.record("tip.assigned", chain="staff", actor=ACTOR, subjects=[TIP], now=now)


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "tip.looked.at"},
        {"chain": "somewhere"},
        {"subjects": ["a name with spaces"]},
        {"justification": "because I wanted to"},
        {"field_group": "Σακούλα"},
        {"event": "tip.opened", "justification": None},
        {"event": "package.sent", "justification": "release"},
    ],
)
def test_what_is_no_code_or_incomplete_is_refused(sqlite: Database, now: dt.datetime, wrong: dict[str, object]) -> None:
    given = {"event": "tip.assigned", "chain": "staff", "actor": ACTOR, "subjects": [TIP], "now": now, **wrong}
    event = str(given.pop("event"))
    with pytest.raises(ValueError, match=r"."):
        log.record(event, **given)  # type: ignore[arg-type]


def test_a_refused_act_needs_no_justification(sqlite: Database, now: dt.datetime) -> None:
    log.record(
        "act.refused", chain="staff", actor=ACTOR, subjects=[], now=now, field_group="admin.log", outcome="denied"
    )
    assert db.session.execute(select(LogEntry.outcome)).scalar_one() == "denied"


def test_public_entries_wait_for_their_hour_and_keep_no_minute(database: Database, clock: Clock) -> None:
    for number in range(20):
        log.record("tip.received", chain="public", actor=None, subjects=[f"{number:032x}"], now=clock.now)
    db.session.commit()
    assert segments.chain_arrivals(clock.now) == 0
    clock.advance(hours=1)
    assert segments.chain_arrivals(clock.now) == 20
    assert segments.chain_arrivals(clock.now) == 0
    db.session.commit()
    rows = db.session.execute(select(LogEntry).where(LogEntry.chain == "public").order_by(LogEntry.seq)).scalars().all()
    assert {row.happened_at for row in rows} == {dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)}
    assert [row.subject_ids for row in rows] != [f"{number:032x}" for number in range(20)]
    assert db.session.execute(select(LogArrival.id)).all() == []
    assert log_check.verify().sound


def test_a_day_is_closed_and_signed_once_it_is_over(database: Database, clock: Clock) -> None:
    write(clock.now, 3)
    assert segments.close_day("staff", SEED, clock.now) is None
    clock.advance(days=1)
    write(clock.now, 2)
    clock.advance(days=1)
    first = segments.close_day("staff", SEED, clock.now)
    second = segments.close_day("staff", SEED, clock.now)
    assert first is not None
    assert second is not None
    assert (first.first_seq, first.last_seq, second.first_seq, second.last_seq) == (1, 3, 4, 5)
    assert segments.close_day("staff", SEED, clock.now) is None
    db.session.commit()
    report = log_check.verify()
    assert report.sound
    assert report.segments == 2


def _flip(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as owner:
        for (name,) in owner.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            owner.execute(f"DROP TRIGGER {name}")
        owner.execute(statement)
    owner.close()


@pytest.mark.parametrize(
    ("statement", "seq", "reason"),
    [
        ("UPDATE log_entry SET actor_id = 'b' || substr(actor_id, 2) WHERE seq = 4", 4, "changed"),
        ("UPDATE log_entry SET happened_at = '2026-03-02 10:25:00.000000' WHERE seq = 2", 2, "changed"),
        ("DELETE FROM log_entry WHERE seq = 3", 3, "missing"),
        ("DELETE FROM log_entry WHERE seq = 6", 6, "missing"),
        (
            (
                "UPDATE log_head SET seq = 5, entry_hash = (SELECT entry_hash FROM log_entry WHERE seq = 5)"
                " WHERE chain = 'staff'"
            ),
            6,
            "beyond-head",
        ),
        (
            (
                "UPDATE log_segment SET last_hash ="
                " CASE substr(last_hash, 1, 1) WHEN 'f' THEN 'e' ELSE 'f' END || substr(last_hash, 2)"
            ),
            1,
            "segment-signature",
        ),
        ("UPDATE log_segment SET signature = x'00'", 1, "segment-signature"),
    ],
)
def test_one_changed_byte_is_found_and_named(
    sqlite: Database, settings: Settings, clock: Clock, statement: str, seq: int, reason: str
) -> None:
    write(clock.now, 3)
    clock.advance(days=1)
    segments.close_day("staff", SEED, clock.now)
    write(clock.now, 3)
    db.end()
    db.engine.dispose()
    _flip(settings.instance / "tipline.db", statement)
    assert log_check.verify().faults == (log_check.Fault("staff", seq, reason),)


def test_a_chain_that_was_cut_off_or_rewritten_is_found_with_the_heads_that_auditors_hold(
    sqlite: Database, settings: Settings, clock: Clock
) -> None:
    write(clock.now, 4)
    held = log_check.read_anchors(log_check.export_heads(clock.now) + "\n" + log_check.export_heads(clock.now))
    assert log_check.verify(held).sound
    db.end()
    db.engine.dispose()
    _flip(settings.instance / "tipline.db", "DELETE FROM log_entry WHERE seq = 4")
    with sqlite3.connect(settings.instance / "tipline.db") as owner:
        owner.execute(
            "UPDATE log_head SET seq = 3, entry_hash = (SELECT entry_hash FROM log_entry WHERE seq = 3)"
            " WHERE chain = 'staff'"
        )
    owner.close()
    assert log_check.verify().sound
    assert log_check.verify(held).faults == (log_check.Fault("staff", 4, "cut-off"),)
    write(clock.now + dt.timedelta(minutes=1))
    assert log_check.verify(held).faults == (log_check.Fault("staff", 4, "anchor"),)


def test_heads_that_are_none_are_refused(sqlite: Database) -> None:
    with pytest.raises(BadInput):
        log_check.read_anchors("{}")


def test_a_segment_is_released_after_its_years_and_the_chain_still_verifies(database: Database, clock: Clock) -> None:
    clock.now = dt.datetime(2021, 6, 1, 9, tzinfo=dt.UTC)
    write(clock.now, 3)
    clock.advance(days=1)
    write(clock.now, 2)
    segments.close_day("staff", SEED, clock.now)
    clock.advance(days=1)
    segments.close_day("staff", SEED, clock.now)
    db.session.commit()
    clock.now = dt.datetime(2024, 5, 31, 9, tzinfo=dt.UTC)
    assert segments.due_for_release(clock.now) == []
    clock.now = dt.datetime(2024, 6, 1, 9, tzinfo=dt.UTC)
    (due,) = segments.due_for_release(clock.now)
    segments.release(due, clock.now)
    db.session.commit()
    left = db.session.execute(select(LogEntry.seq).where(LogEntry.chain == "staff").order_by(LogEntry.seq)).scalars()
    assert list(left) == [4, 5]
    assert db.session.execute(select(LogSegment.id)).all().__len__() == 2
    assert log_check.verify().sound
    with pytest.raises(WrongState):
        segments.release(due, clock.now)


def test_a_held_segment_stays(database: Database, clock: Clock) -> None:
    clock.now = dt.datetime(2021, 6, 1, 9, tzinfo=dt.UTC)
    write(clock.now)
    clock.advance(days=1)
    segment = segments.close_day("staff", SEED, clock.now)
    assert segment is not None
    segments.hold(segment.id, actor=ACTOR, now=clock.now)
    clock.now = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    assert segments.due_for_release(clock.now) == []
    with pytest.raises(WrongState):
        segments.release(segment.id, clock.now)
    segments.lift_hold(segment.id, actor=ACTOR, now=clock.now)
    assert segments.due_for_release(clock.now) == [segment.id]
    assert [one.id for one in segments.segments("staff")] == [segment.id]
