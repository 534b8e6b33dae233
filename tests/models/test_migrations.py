"""Migrations and models agree on both databases, and the database guards the log by itself."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tipline.extensions import Database, db
from tipline.services import log, schema

ACTOR = log.Actor(id="a" * 32, role="reviewer", session_ref="s" * 32)
LONG_AGO = dt.datetime(2019, 5, 6, 7, 8, tzinfo=dt.UTC)


def test_the_migrations_make_what_the_models_say(database: Database, database_url: str) -> None:
    assert schema.is_current(database_url)
    assert schema.differences(database_url) == []


def test_upgrading_twice_changes_nothing(database: Database, database_url: str) -> None:
    schema.upgrade(database_url)
    assert schema.is_current(database_url)
    assert len(log.heads()) == 4


def _entry(now: dt.datetime) -> None:
    log.record("tip.assigned", chain="staff", actor=ACTOR, subjects=["t" * 32], now=now)


def _segment(*, released: bool) -> None:
    row = db.session.execute(text("SELECT seq, prev_hash, entry_hash FROM log_entry")).one()
    db.session.execute(
        text(
            "INSERT INTO log_segment (id, chain, first_seq, last_seq, first_prev_hash, last_hash, closed_at, signer,"
            " signature, held) VALUES ('g', 'staff', :seq, :seq, :before, :after, :at, 'k', :mark, :held)"
        ),
        {"seq": row.seq, "before": row.prev_hash, "after": row.entry_hash, "at": LONG_AGO, "mark": b"x", "held": False},
    )
    if released:
        db.session.execute(text("UPDATE log_segment SET released_at = :at"), {"at": LONG_AGO})
    db.session.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET outcome = 'denied'",
        "UPDATE log_entry SET erase_after = '2001-01-01'",
        "DELETE FROM log_entry",
        "DELETE FROM log_head",
        "UPDATE log_head SET seq = 0",
        "UPDATE log_head SET seq = seq + 2, entry_hash = 'x'",
        "UPDATE log_arrival SET event = 'x'",
        "DELETE FROM log_arrival",
    ],
)
def test_the_database_refuses_to_change_the_log(database: Database, now: dt.datetime, statement: str) -> None:
    _entry(now)
    log.record("tip.received", chain="public", actor=None, subjects=["t" * 32], now=now)
    db.session.commit()
    with pytest.raises(DBAPIError):
        db.session.execute(text(statement))
    db.session.rollback()
    assert db.session.execute(text("SELECT count(*) FROM log_entry")).scalar() == 1


@pytest.mark.parametrize("key", ["id", "chain and seq"])
def test_an_entry_cannot_be_put_over_another(database: Database, now: dt.datetime, key: str) -> None:
    _entry(now)
    db.session.commit()
    columns = [column.key for column in log.LogEntry.__table__.columns]
    fresh = {"id": "'fresh'"} if key != "id" else {"seq": "99"}
    chosen = ", ".join(fresh.get(name, name) for name in columns)
    how = "INSERT OR REPLACE" if db.is_sqlite else "INSERT"
    with pytest.raises(DBAPIError):
        db.session.execute(text(f"{how} INTO log_entry ({', '.join(columns)}) SELECT {chosen} FROM log_entry"))  # noqa: S608 - columns of ours
    db.session.rollback()


def test_truncating_the_log_is_refused_on_postgresql(database: Database, now: dt.datetime) -> None:
    if db.is_sqlite:
        return
    for table in ("log_entry", "log_head", "log_segment", "log_arrival"):
        with pytest.raises(DBAPIError):
            db.session.execute(text(f"TRUNCATE {table}"))
        db.session.rollback()


def test_an_old_entry_goes_only_with_its_released_segment(database: Database) -> None:
    _entry(LONG_AGO)
    db.session.commit()
    _segment(released=False)
    with pytest.raises(DBAPIError):
        db.session.execute(text("DELETE FROM log_entry"))
    db.session.rollback()
    db.session.execute(text("UPDATE log_segment SET released_at = :at"), {"at": LONG_AGO})
    db.session.execute(text("DELETE FROM log_entry"))
    db.session.commit()
    assert db.session.execute(text("SELECT count(*) FROM log_entry")).scalar() == 0


def test_a_young_entry_stays_even_in_a_released_segment(database: Database) -> None:
    _entry(dt.datetime.now(dt.UTC))
    db.session.commit()
    _segment(released=True)
    with pytest.raises(DBAPIError):
        db.session.execute(text("DELETE FROM log_entry"))
    db.session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_segment SET last_hash = 'x'",
        "UPDATE log_segment SET signature = 'y'",
        "DELETE FROM log_segment",
        "UPDATE log_segment SET held = TRUE, released_at = '2026-01-01'",
    ],
)
def test_a_segment_only_takes_a_hold_or_a_release(database: Database, now: dt.datetime, statement: str) -> None:
    _entry(now)
    db.session.commit()
    _segment(released=False)
    with pytest.raises(DBAPIError):
        db.session.execute(text(statement))
    db.session.rollback()
    db.session.execute(text("UPDATE log_segment SET held = TRUE"))
    db.session.commit()
    with pytest.raises(DBAPIError):
        db.session.execute(text("UPDATE log_segment SET released_at = '2026-01-01'"))
    db.session.rollback()
