"""What the ``tipline`` command says and does, and that it fails in two lines that show no value."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

import pyotp
import pytest

from tests import factories
from tests.cli.conftest import Run
from tests.conftest import Clock
from tipline.cli import serve
from tipline.config import Settings
from tipline.extensions import db
from tipline.services import health, log


def test_help_names_every_command(run: Run) -> None:
    said = run("--help").output
    for command in ("run", "setup", "sample", "code", "jobs", "log", "package", "doctor", "backup", "restore", "mode"):
        assert f"\n  {command}" in said


def test_setup_makes_secrets_and_invites_the_first_administrator_once(run: Run, settings: Settings) -> None:
    first = run("setup", "--name", "Ada", "--display-name", "Ada Example")
    assert first.exit_code == 0
    assert "/staff/join" in first.output
    assert "code:" in first.output
    assert {path.name for path in settings.secrets.iterdir()} >= {"public.key", "staff.key", "pepper", "jobs.key"}
    assert {path.stat().st_mode & 0o077 for path in settings.secrets.iterdir()} == {0}
    again = run("setup")
    assert "nobody was invited" in again.output


def test_setup_makes_the_tables(run: Run, settings: Settings) -> None:
    db.end()
    db.engine.dispose()
    (settings.instance / "tipline.db").unlink()
    assert run("setup").exit_code == 0
    assert len(log.heads()) == 4


def test_jobs_say_what_they_did(run: Run, now: dt.datetime) -> None:
    team = factories.make_team(now)
    factories.make_exhibit(team, now)
    factories.make_tip(now)
    result = run("jobs", "run")
    assert result.exit_code == 0
    assert "erase tips: 0" in result.output


def test_the_log_verifies_against_its_heads_and_a_change_is_named(
    run: Run, settings: Settings, tmp_path: Path, clock: Clock
) -> None:
    factories.make_team(clock.now)
    heads = tmp_path / "heads.json"
    heads.write_text(run("log", "heads").output)
    sound = run("log", "verify", "--anchors", str(heads))
    assert (sound.exit_code, "4 anchors" in sound.output) == (0, True)
    db.end()
    db.engine.dispose()
    with sqlite3.connect(settings.instance / "tipline.db") as owner:
        owner.execute("DROP TRIGGER log_entry_no_update")
        owner.execute("UPDATE log_entry SET actor_role = 'auditor' WHERE chain = 'staff' AND seq = 2")
    owner.close()
    broken = run("log", "verify")
    assert broken.exit_code == 1
    assert "chain staff, seq 2: an entry was changed" in broken.output


def test_what_is_no_file_of_heads_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text("nothing")
    result = run("log", "verify", "--anchors", str(path))
    assert result.exit_code == 1
    assert "error:" in result.output


def test_a_code_is_for_sample_accounts_only(run: Run, settings: Settings) -> None:
    refused = run("code", "ada")
    assert (refused.exit_code, "no sample" in refused.output) == (1, True)
    secret = pyotp.random_base32()
    folder = settings.instance / "sample"
    folder.mkdir()
    (folder / "accounts.json").write_text(json.dumps({"ada": {"password": "x", "totp": secret, "roles": []}}))
    given = run("code", "ada").output.strip()
    assert pyotp.TOTP(secret).verify(given, valid_window=1)
    assert "no such sample account" in run("code", "bob").output


def test_the_sample_is_not_made_beside_accounts(run: Run, now: dt.datetime) -> None:
    factories.make_person(now=now)
    result = run("sample")
    assert (result.exit_code, "not empty" in result.output) == (1, True)


def test_a_sample_is_served_on_this_machine_only(run: Run, now: dt.datetime) -> None:
    factories.make_person(now=now, sample=True)
    result = run("run", "--host", "0.0.0.0")  # noqa: S104 - to be refused
    assert (result.exit_code, "this machine only" in result.output) == (1, True)


def test_the_server_keeps_no_access_log_and_enough_threads(settings: Settings) -> None:
    made = serve.server(settings)
    assert made.log_access is False
    assert made.blocking_threads == settings.threads >= 128


def test_doctor_is_content_with_what_setup_made_and_not_with_a_loose_secret(run: Run, settings: Settings) -> None:
    run("setup")
    content = run("doctor")
    assert content.exit_code == 0, content.output
    (settings.secrets / "pepper").chmod(0o644)
    loose = run("doctor")
    assert (loose.exit_code, "others may read" in loose.output) == (1, True)


def test_doctor_finds_a_sample_beside_real_accounts(run: Run, now: dt.datetime) -> None:
    run("setup")
    factories.make_person(now=now, sample=True)
    result = run("doctor")
    assert (result.exit_code, "sample accounts beside real ones" in result.output) == (1, True)


def test_doctor_finds_clocks_that_stand_still(run: Run, clock: Clock) -> None:
    run("setup")
    team = factories.make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    factories.make_tip(clock.now)
    clock.advance(days=190)
    states = {check.name: check.state for check in health.check_all(clock.now)}
    assert states["jobs"] == "bad"
    assert states["desks"] == "good"


def test_backup_and_restore_by_hand(run: Run, settings: Settings, tmp_path: Path, clock: Clock) -> None:
    team = factories.make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    sent = factories.make_tip(clock.now)
    assert run("backup", str(tmp_path / "backups")).exit_code == 0
    (data,) = (tmp_path / "backups").glob("*.data.tar")
    (keys,) = (tmp_path / "backups").glob("*.keys.db")
    assert "there is a database already" in run("restore", str(data), str(keys)).output
    clock.advance(days=190)
    run("jobs", "run")
    db.end()
    db.engine.dispose()
    settings.instance.rename(tmp_path / "lost")
    assert "the erasure ledger is missing" in run("restore", str(data), str(keys)).output
    ledger = tmp_path / "lost" / "ledger" / "erasures.jsonl"
    wrong = run("restore", str(data), str(ledger), "--ledger", str(ledger))
    assert (wrong.exit_code, "not a backup" in wrong.output) == (1, True)
    result = run("restore", str(data), str(keys), "--ledger", str(ledger))
    assert (result.exit_code, "erased again: 1" in result.output) == (0, True)
    assert sent.ref not in result.output


@pytest.mark.parametrize(("name", "value"), [("PORT", "many"), ("TIPLINE_PROFILE", "moon")])
def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    result = run("doctor")
    assert (result.exit_code, name in result.output) == (1, True)


def test_a_missing_database_is_said_without_its_address(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPLINE_DATABASE_URL", "postgresql+psycopg://tipline:MARKER@127.0.0.1:1/none")
    result = run("doctor")
    assert (result.exit_code, "MARKER" in result.output) == (1, False)
    assert result.output.startswith("error: the database refused")


def test_the_mode_is_shown_and_set(run: Run) -> None:
    assert run("mode").output == "mode: open\n"
    assert run("mode", "closed", "--objects", "hidden").output == "mode: closed (objects hidden)\n"
    assert run("mode", "open").output == "mode: open\n"
    assert run("mode", "asleep").exit_code == 2
