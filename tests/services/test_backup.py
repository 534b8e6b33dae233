"""Backups: keys apart from data, nothing of drafts and sessions, and an erased tip stays erased after a restore."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests import authenticators, disclosure, factories
from tests.conftest import Clock
from tipline import config, create_app, storage
from tipline.config import ConfigError, Settings
from tipline.errors import BadInput, WrongState
from tipline.extensions import Database, db
from tipline.models.tip import Addition, Tip, TipKey, TipRecord, Tombstone
from tipline.services import access, backup, factor_codes, ledger, log_check, replay, retention
from tipline.services.wishes import TipWish


@pytest.fixture
def team(sqlite: Database, now: dt.datetime) -> factories.Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def made(team: factories.Team, tmp_path: Path, now: dt.datetime) -> tuple[backup.Backup, str, str]:
    kept = factories.make_tip(now, files=[("bag.jpg", factories.picture())])
    factories.add_to_tip(kept.tip_id, now)
    gone = factories.make_tip(
        now, narrative="Tell nobody. MARKER-GONE", files=[("b.png", factories.picture(form="PNG"))]
    )
    factories.start_session(team.reviewers[0], now)
    authenticators.add_passkey(team.reviewer, authenticators.Authenticator(), now, "Blue key", "s" * 43)
    factories.write(lambda: factor_codes.make_codes(team.reviewer, now))
    referred = disclosure.ready_tip(team, now)
    disclosure.draft(team, factories.make_authority(team, now), TipWish(referred.ref), now)
    return backup.write_backup(tmp_path / "backups", now), kept.ref, gone.tip_id


def rows(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - names of ours


def restore(made: backup.Backup, settings: Settings, erasures: Path | None) -> int:
    """Into an instance that lost everything but its secrets."""
    db.end()
    db.engine.dispose()
    config.use(settings)
    backup.unpack(made.data, made.keys, erasures)
    db.connect(settings.database_url)
    erased = 0
    for entry in replay.lines():
        again = factories.write(lambda entry=entry: replay.erase_again(entry, dt.datetime(2026, 4, 1, tzinfo=dt.UTC)))
        if again:
            retention.discard(again.stored_names)
            erased += 1
    return erased


def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    return config.from_environment(
        {},
        instance=tmp_path / "new",
        secrets=settings.secrets,
        database_url=f"sqlite:///{tmp_path / 'new' / 'tipline.db'}",
    )


def test_the_data_file_holds_no_key_and_no_session(made: tuple[backup.Backup, str, str], tmp_path: Path) -> None:
    with tarfile.open(made[0].data) as archive:
        archive.extract("data.db", tmp_path / "look", filter="data")
        assert sum(name.startswith("files/") for name in archive.getnames()) == 2
    with sqlite3.connect(tmp_path / "look" / "data.db") as data, sqlite3.connect(made[0].keys) as keys:
        for table in backup.KEY_TABLES:
            assert rows(data, table) == 0
            assert rows(keys, table) > 0
        sealed = [row[0] for row in keys.execute("SELECT sealed FROM tip_key UNION SELECT locked_seed FROM account")]
        for table in backup.LEFT_OUT:
            assert rows(data, table) == 0
        names = {row[0] for row in keys.execute("SELECT name FROM sqlite_master")}
    data.close()
    keys.close()
    assert not names & set(backup.LEFT_OUT)
    raw = (tmp_path / "look" / "data.db").read_bytes()
    assert not [one for one in sealed if one and one[-48:] in raw]
    assert {path.stat().st_mode & 0o077 for path in made[0].data.parent.iterdir()} == {0}


def test_a_restored_backup_cannot_open_an_erased_tip(
    team: factories.Team, made: tuple[backup.Backup, str, str], settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    files, kept_ref, gone_id = made
    erased = factories.write(lambda: retention.erase_tip(gone_id, "request", None, clock.now))
    retention.discard(erased.stored_names)
    assert restore(files, elsewhere(settings, tmp_path), ledger.path()) == 1
    assert list(db.session.execute(select(TipKey.tip_id).distinct()).scalars()) != [gone_id]
    assert db.session.execute(select(func.count()).where(Tip.id == gone_id)).scalar_one() == 0
    assert db.session.execute(select(Tombstone.reason_code)).scalar_one() == "restored"
    assert len(list(storage.files().walk())) == 1
    added = db.session.execute(select(Addition.id).join(TipRecord, TipRecord.tip_id == Addition.id)).scalar_one()
    assert db.session.execute(select(TipKey.purpose).where(TipKey.tip_id == added)).scalar_one() == "content"
    opened = factories.open_tip(team, kept_ref, clock.now)
    assert "MARKER-NARRATIVE" in access.read_answers(opened, clock.now).narrative
    assert log_check.verify().sound


def test_without_a_ledger_nothing_is_restored(
    made: tuple[backup.Backup, str, str], settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BadInput):
        restore(made[0], elsewhere(settings, tmp_path), None)
    assert not (tmp_path / "new" / "tipline.db").exists()


def test_nothing_is_served_before_the_erasures_are_replayed(
    made: tuple[backup.Backup, str, str], settings: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    ledger.note("tip", [made[2]], reason="request", now=now)
    fresh = elsewhere(settings, tmp_path)
    restore(made[0], fresh, ledger.path())
    assert backup.is_pending()
    with pytest.raises(ConfigError):
        create_app(instance=fresh.instance, secrets=fresh.secrets, database_url=fresh.database_url)
    config.use(fresh)
    backup.mark_finished()
    assert not backup.is_pending()


def test_a_database_is_never_overwritten(made: tuple[backup.Backup, str, str], settings: Settings) -> None:
    with pytest.raises(WrongState):
        backup.unpack(made[0].data, made[0].keys, None)


def test_what_is_no_backup_is_refused_and_leaves_no_database(
    team: factories.Team, settings: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    ledger.note("tip", ["a" * 32], reason="request", now=now)
    erasures = ledger.path()
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"no backup at all")
    config.use(elsewhere(settings, tmp_path))
    with pytest.raises(BadInput):
        backup.unpack(wrong, wrong, erasures)
    assert not backup.database_file().exists()


def test_key_files_go_after_fourteen_days(made: tuple[backup.Backup, str, str], clock: Clock) -> None:
    folder = made[0].keys.parent
    assert backup.remove_old_keys(folder, clock.advance(days=14)) == 0
    assert backup.remove_old_keys(folder, clock.advance(hours=1)) == 1
    assert made[0].data.exists()
