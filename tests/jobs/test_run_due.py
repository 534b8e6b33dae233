"""The timer: everything that is due is done once, one job's failure stops no other, twice does no harm."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tipline import jobs
from tipline.config import Settings
from tipline.errors import LogBroken, NotFound
from tipline.extensions import Database, db
from tipline.jobs import retention as retention_jobs
from tipline.models.log import LogArrival, LogEntry, LogSegment
from tipline.models.tip import Draft, Tip, Tombstone
from tipline.services import log_check, log_segments, retention, write_ahead


def done(results: list[jobs.Result]) -> dict[str, int]:
    assert [result for result in results if result.failure] == []
    return {result.name: result.done for result in results if result.done}


def count(table: type) -> int:
    found = int(db.session.execute(select(func.count()).select_from(table)).scalar_one())
    db.session.rollback()
    return found


@pytest.fixture
def team(database: Database, now: dt.datetime) -> factories.Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def test_a_year_passes(team: factories.Team, clock: Clock) -> None:
    for _ in range(3):
        factories.make_tip(clock.now, files=[("bag.jpg", factories.picture())])
    assert done(jobs.run_due(clock.now)) == {"count figures": 1, "empty the write-ahead log": 1}
    clock.advance(days=1)
    day = done(jobs.run_due(clock.now))
    assert (day["erase drafts"], day["chain public entries"], day["close segments"]) == (3, 3, 3)
    clock.advance(days=183)
    assert done(jobs.run_due(clock.now))["erase tips"] == 3
    assert (count(Tip), count(Tombstone), count(Draft), count(LogArrival)) == (0, 3, 0, 0)
    assert log_check.verify().sound


def test_running_twice_at_once_does_everything_once(team: factories.Team, clock: Clock) -> None:
    factories.make_tip(clock.now)
    clock.advance(days=190)
    jobs.run_due(clock.now)
    before = count(LogEntry), count(LogSegment)
    assert done(jobs.run_due(clock.now)) == {"empty the write-ahead log": 1}
    assert (count(LogEntry), count(LogSegment)) == before


def test_a_job_that_fails_stops_no_other_and_shows_no_value(
    sqlite: Database, settings: Settings, now: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_now: dt.datetime) -> int:
        raise LogBroken("MARKER of a secret")

    results = jobs.run_due(now, [("first", fail), ("second", lambda _now: 7)])
    assert results == [jobs.Result("first", 0, "LogBroken"), jobs.Result("second", 7)]
    assert "LogBroken" in caplog.text
    assert "MARKER" not in caplog.text


def test_a_tip_that_cannot_be_erased_keeps_no_other(
    team: factories.Team, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = factories.make_tip(clock.now).tip_id
    factories.make_tip(clock.now)
    erase = retention.erase_due_tip

    def fail(tip_id: str, now: dt.datetime) -> object:
        if tip_id == stuck:
            raise NotFound
        return erase(tip_id, now)

    monkeypatch.setattr(retention, "erase_due_tip", fail)
    results = {result.name: result.failure for result in jobs.run_due(clock.advance(days=190)) if result.failure}
    assert results == {"erase tips": "NotFound"}
    left = db.session.execute(select(Tip.id)).scalars().all()
    db.session.rollback()
    assert left == [stuck]


def test_a_broken_chain_keeps_no_other_from_being_closed(
    team: factories.Team, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.make_tip(clock.now)
    close = log_segments.close_day

    def fail(chain: str, seed: bytes, now: dt.datetime) -> object:
        if chain == "public":
            raise LogBroken
        return close(chain, seed, now)

    monkeypatch.setattr(log_segments, "close_day", fail)
    results = {result.name: result.failure for result in jobs.run_due(clock.advance(days=1)) if result.failure}
    assert results == {"close segments": "LogBroken"}
    assert count(LogSegment) == 2


def test_old_segments_go_with_their_years(sqlite: Database, settings: Settings, clock: Clock) -> None:
    clock.now = dt.datetime(2020, 3, 1, 8, tzinfo=dt.UTC)
    factories.make_person(now=clock.now)
    clock.advance(days=1)
    assert done(jobs.run_due(clock.now))["close segments"] == 1
    clock.now = dt.datetime(2023, 3, 5, 8, tzinfo=dt.UTC)
    assert done(jobs.run_due(clock.now))["release segments"] == 1
    assert log_check.verify().sound


def test_erased_bytes_leave_the_write_ahead_log_or_it_is_said(
    team: factories.Team, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not db.is_sqlite:
        return
    factories.make_tip(clock.now)
    clock.advance(days=190)
    reader = db.engine.connect()
    reader.exec_driver_sql("SELECT count(*) FROM tip").all()
    monkeypatch.setattr(retention_jobs, "PATIENCE", 0.0)
    failed = [result.failure for result in jobs.run_due(clock.now) if result.failure]
    assert failed == ["StillBusy"]
    reader.close()
    assert write_ahead.truncate()
    assert (settings.instance / "tipline.db-wal").stat().st_size == 0
