"""Who has the bytes and not the keys: a thief with the instance, with its secrets, with a cookie, with an old backup.

And who moves sealed bytes from their place to another. Each test has its positive control in the same set-up.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, delete, insert, select, update

from tests import disclosure, factories
from tests.factories import PASSWORD, Team, write
from tests.journeys.burglar import Burglar, found_in
from tests.pages import PageClient
from tests.tipsters import photo
from tipline import config
from tipline.crypto import grants
from tipline.errors import CannotOpen, NotFound, Refused
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.desk import DeskMember, Grant
from tipline.models.tip import Attachment, AttachmentKey, Draft, Tip, TipKey, TipRecord
from tipline.services import access, attachments, backup, health, passwords, records, retention, write_ahead
from tipline.services.wishes import TipWish

REASON = ("assigned_work", "")
NARRATIVE = "I saw it in a house near the lake. MARKER-THEFT"
FILE = b"%PDF-1.7\nMARKER-FILE\n" + b"x" * 5000
WORDS = (
    "MARKER-THEFT",
    "MARKER-FILE",
    "MARKER-PLACE",
    "MARKER-NAME",
    "MARKER-SANITISED",
    "MARKER-WORK",
    "Marker Person",
)
IDENTITY = disclosure.IDENTITY


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def sent(team: Team, now: dt.datetime) -> Any:
    return factories.make_tip(
        now, narrative=NARRATIVE, files=[("MARKER-NAME.pdf", FILE)], identity=IDENTITY, place="MARKER-PLACE"
    )


def words_in(text: bytes) -> set[str]:
    return {word for word in WORDS if word.encode() in text}


def burglar(settings: config.Settings, *secrets: bytes, pepper: bytes = b"") -> Burglar:
    db.end()
    return Burglar(db.engine, settings.instance, *secrets, pepper=pepper)


# The thief of SECURITY 32: an instance that is no sample, with people at work on it


@pytest.fixture
def at_work(app: Flask, team: Team, sent: Any, now: dt.datetime) -> Team:
    """Everybody is signed in, the tip is opened, worked on and referred, and a draft is being written."""
    opened = factories.open_tip(team, sent.ref, now)
    write(lambda: records.write_record(opened, "note:1", {"text": "MARKER-WORK"}, now))
    other = disclosure.ready_tip(team, now, files=[("bag.jpg", photo())])
    recipient = factories.make_authority(team, now)
    disclosure.waiting(
        team, recipient, TipWish(other.ref, attachment_ids=disclosure.files_of(team, other.ref, now)), now
    )
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    browser.submit(browser.page("/en/tip"), {"narrative": NARRATIVE}, field="narrative")
    for known in (*team.reviewers, *team.supervisors, team.administrator, team.auditor):
        factories.start_session(known, now)
    db.end()
    return team


def test_a_thief_with_the_whole_instance_folder_and_database_cannot_read_a_tip(
    at_work: Team, sent: Any, settings: config.Settings
) -> None:
    assert not health.has_sample()
    assert found_in(settings.instance, sent.ref)  # the search finds what is there in clear
    assert found_in(settings.instance, *WORDS, NARRATIVE, "I saw it in a house", FILE[:64], PASSWORD) == []
    thief = burglar(settings)
    thief.take_everything_that_could_be_a_key(settings.instance)
    thief.try_passwords([PASSWORD])  # even the right one: without the pepper it opens nothing
    assert len(thief.secrets) > 50
    assert words_in(thief.loot()) == set()


def test_a_thief_who_has_the_secrets_folder_too_but_no_password_and_no_cookie_cannot_read_a_tip(
    at_work: Team, sent: Any, settings: config.Settings, now: dt.datetime
) -> None:
    assert found_in(settings.secrets, *WORDS, PASSWORD) == []
    thief = burglar(settings, pepper=settings.secret("pepper"))
    thief.take_everything_that_could_be_a_key(settings.instance, settings.secrets)
    common = [word for word in passwords._common() if len(word) > 3][:40]
    thief.try_passwords([*common, "password12345678", at_work.reviewer.name, at_work.reviewer.display_name])
    assert words_in(thief.loot()) == set()
    # The same thief who has watched one supervisor type reads all there is; with a reviewer's, all but who sent it.
    thief.try_passwords([PASSWORD])
    assert words_in(thief.loot()) == set(WORDS)
    cookie = factories.start_session(at_work.reviewers[0], now).token
    assert words_in(burglar(settings, cookie.encode()).loot()) == set(WORDS) - {"Marker Person"}


def test_the_recovery_codes_on_paper_open_the_desk_and_their_digest_in_the_database_does_not(
    at_work: Team, settings: config.Settings
) -> None:
    content, identity = (grants.parse_recovery_code(code) for code in (at_work.codes.content, at_work.codes.identity))
    assert "MARKER-THEFT" in words_in(burglar(settings, content).loot())
    assert "Marker Person" not in words_in(burglar(settings, content).loot())
    assert words_in(burglar(settings, identity).loot()) == {"Marker Person"}


# The sender's own cookie


def test_the_cookie_opens_nothing_once_the_tip_is_sent_and_its_receipt_kept(
    app: Flask, team: Team, settings: config.Settings, now: dt.datetime
) -> None:
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    browser.submit(browser.page("/en/tip"), {"narrative": NARRATIVE, "place": "MARKER-PLACE"}, field="narrative")
    browser.submit(browser.page("/en/tip/contact"), {"name": "Marker Person"}, field="email")
    with browser.session_transaction() as cookie:
        secret = cookie["draft"]
    written = {"MARKER-THEFT", "MARKER-PLACE", "Marker Person"}
    assert words_in(burglar(settings, secret).loot()) == written
    wraps = bytes(db.session.scalars(select(Draft.wrapped_keys)).one() or b"")
    db.end()
    assert found_in(settings.instance, wraps)
    sent = browser.submit(browser.page("/en/tip/check"), {"acknowledge": "y"}, field="acknowledge")
    assert db.session.scalars(select(Draft.wrapped_keys)).one() is None
    db.end()
    browser.submit(sent, action="/tip/sent")
    assert words_in(burglar(settings, secret).loot()) == set()
    for path in ("/en/tip/check", "/en/tip/copy", "/en/tip/contact", "/en/tip/files", "/en/tip/sent"):
        assert words_in(browser.get(path, follow_redirects=True).get_data()) == set(), path
    # The wrapped keys have left the database; once the clock has emptied the write-ahead log, the disk too.
    db.end()
    assert write_ahead.truncate()
    assert found_in(settings.instance, wraps) == []
    # What is left is what a desk opens.
    assert words_in(burglar(settings, team.supervisor.seed).loot()) == written


def test_leaving_makes_the_draft_unreadable_at_once(
    app: Flask, team: Team, settings: config.Settings, now: dt.datetime
) -> None:
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    browser.submit(browser.page("/en/tip"), {"narrative": NARRATIVE}, field="narrative")
    assert "MARKER-THEFT" in browser.page("/en/tip/check").main
    browser.get("/en/leave")
    with browser.session_transaction() as cookie:
        assert "draft" not in cookie
    browser.page("/en/tip/check", status=410)
    thief = burglar(settings, team.supervisor.seed)
    thief.take_everything_that_could_be_a_key(settings.instance, settings.secrets)
    assert words_in(thief.loot()) == set()


# Sealed bytes in another place


def swap(table: Any, column: str, first: Any, second: Any) -> None:
    """Exchange one column of two rows, as somebody who can write to the database would."""
    rows = table_of(table)
    values = [db.session.execute(select(rows.c[column]).where(where)).scalar_one() for where in (first, second)]
    for where, value in ((first, values[1]), (second, values[0])):
        db.session.execute(update(rows).where(where).values({column: value}))


def answers_of(team: Team, ref: str, now: dt.datetime) -> str:
    return access.read_answers(access.open_tip(team.reviewer, ref, *REASON, now), now).narrative


def test_records_that_were_exchanged_between_tips_or_parts_do_not_open(team: Team, sent: Any, now: dt.datetime) -> None:
    other = factories.make_tip(now, narrative="Another", identity=IDENTITY)
    assert write(lambda: answers_of(team, sent.ref, now)) == NARRATIVE
    mine = (TipRecord.tip_id == sent.tip_id) & (TipRecord.part == "answers")
    for theirs in (
        (TipRecord.tip_id == other.tip_id) & (TipRecord.part == "answers"),
        (TipRecord.tip_id == sent.tip_id) & (TipRecord.part == "identity"),
    ):
        db.session.rollback()
        swap(TipRecord, "ciphertext", mine, theirs)
        with pytest.raises(CannotOpen):
            answers_of(team, sent.ref, now)
    db.session.rollback()


def test_keys_that_were_exchanged_between_tips_or_purposes_do_not_open(team: Team, sent: Any, now: dt.datetime) -> None:
    other = factories.make_tip(now, narrative="Another", identity=IDENTITY)
    content = (TipKey.tip_id == sent.tip_id) & (TipKey.purpose == "content")
    for elsewhere in (
        (TipKey.tip_id == other.tip_id) & (TipKey.purpose == "content"),
        (TipKey.tip_id == sent.tip_id) & (TipKey.purpose == "mailbox"),
        (TipKey.tip_id == sent.tip_id) & (TipKey.purpose == "identity"),
    ):
        db.session.rollback()
        assert answers_of(team, sent.ref, now) == NARRATIVE
        swap(TipKey, "sealed", content, elsewhere)
        with pytest.raises(CannotOpen):
            answers_of(team, sent.ref, now)
    db.session.rollback()


def test_a_file_that_was_exchanged_with_another_tips_does_not_open(team: Team, sent: Any, now: dt.datetime) -> None:
    other = factories.make_tip(now, files=[("other.pdf", b"%PDF-1.7\nother" + b"y" * 5000)])
    opened = write(lambda: access.open_tip(team.reviewer, sent.ref, *REASON, now))

    def content() -> bytes:
        db.session.expire_all()
        [row] = db.session.scalars(select(Attachment).where(Attachment.tip_id == sent.tip_id)).all()
        return b"".join(attachments.stream(opened.content_key, row))

    mine, theirs = (
        db.session.scalars(select(Attachment.id).where(Attachment.tip_id == tip.tip_id)).one() for tip in (sent, other)
    )
    for table, column, name in (
        (Attachment, "stored_name", "id"),
        (Attachment, "details", "id"),
        (AttachmentKey, "wrapped", "attachment_id"),
    ):
        db.session.rollback()
        assert content() == FILE
        key = getattr(table, name)
        swap(table, column, key == mine, key == theirs)
        with pytest.raises(CannotOpen):
            content()
    db.session.rollback()


def test_a_grant_that_was_copied_to_another_person_does_not_open(team: Team, sent: Any, now: dt.datetime) -> None:
    stranger = factories.make_person(now=now).person

    def copy_grants() -> None:
        grants = table_of(Grant)
        rows = db.session.execute(select(grants).where(grants.c.account_id == team.reviewer.id)).mappings().all()
        for row in rows:
            db.session.execute(insert(grants).values({**row, "id": "0" * 32, "account_id": stranger.id}))
        member = {"desk_id": team.desk_id, "account_id": stranger.id, "standing": "member", "since": now}
        db.session.execute(insert(table_of(DeskMember)).values(member))

    with pytest.raises(NotFound):
        access.open_tip(stranger, sent.ref, *REASON, now)
    write(copy_grants)
    with pytest.raises(CannotOpen):
        access.open_tip(stranger, sent.ref, *REASON, now)
    db.session.rollback()
    assert write(lambda: answers_of(team, sent.ref, now)) == NARRATIVE


def test_a_tip_that_was_moved_to_another_desk_does_not_open_there(team: Team, sent: Any, now: dt.datetime) -> None:
    other = factories.make_team(now)
    own = factories.make_tip(now)
    assert write(lambda: answers_of(team, own.ref, now))

    def move() -> None:
        db.session.execute(update(Tip).where(Tip.id == sent.tip_id).values(desk_id=other.desk_id))
        db.session.execute(update(TipKey).where(TipKey.tip_id == sent.tip_id).values(desk_id=other.desk_id))

    write(move)
    with pytest.raises(CannotOpen):
        access.open_tip(other.supervisor, sent.ref, *REASON, now)
    db.session.rollback()


# What is gone


def test_an_erased_tip_cannot_be_read_from_an_old_backup_of_the_data_without_its_keys(
    at_work: Team, sent: Any, settings: config.Settings, now: dt.datetime, tmp_path: Path
) -> None:
    made = backup.write_backup(tmp_path / "backups", now)
    gone = write(lambda: retention.erase_tip(sent.tip_id, "request", None, now))
    retention.discard(gone.stored_names)
    grants_of_today = burglar(settings).tables["desk_grant"]
    old = tmp_path / "old"
    with tarfile.open(made.data) as archive:
        archive.extractall(old, filter="data")
    everybodys = [known.person.seed for known in (*at_work.reviewers, *at_work.supervisors)]

    def read() -> set[str]:
        engine = create_engine(f"sqlite:///{old / 'data.db'}")
        thief = Burglar(engine, old, *everybodys, pepper=settings.secret("pepper"))
        thief.take_everything_that_could_be_a_key(old, settings.secrets)
        thief.tables["desk_grant"] = grants_of_today  # the desk's own keys are not erased with a tip
        engine.dispose()
        return words_in(thief.loot())

    assert read() == set()
    # The keys' own file, kept 14 days at most, is what would bring it back.
    with sqlite3.connect(old / "data.db") as data:
        data.execute("ATTACH DATABASE ? AS keys", (str(made.keys),))
        for table in ("tip_key", "attachment_key"):
            names = ", ".join(row[1] for row in data.execute(f"PRAGMA keys.table_info({table})"))
            data.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM keys.{table}")  # noqa: S608
    assert {"MARKER-THEFT", "MARKER-FILE", "Marker Person"} <= read()


def test_an_erased_tip_is_gone_from_the_running_instance_for_everybody(
    at_work: Team, sent: Any, settings: config.Settings, now: dt.datetime
) -> None:
    seeds = [known.person.seed for known in (*at_work.reviewers, *at_work.supervisors)]
    gone = write(lambda: retention.erase_tip(sent.tip_id, "request", None, now))
    retention.discard(gone.stored_names)
    assert "MARKER-THEFT" not in words_in(burglar(settings, *seeds).loot())
    with pytest.raises(Refused):
        access.open_tip(at_work.supervisor, sent.ref, *REASON, now)


def test_what_was_written_to_refer_a_tip_goes_with_it_and_its_page_still_says_what_was_sent(
    app: Flask, team: Team, settings: config.Settings, now: dt.datetime
) -> None:
    tip = disclosure.ready_tip(team, now)
    recipient = factories.make_authority(team, now)
    package = disclosure.waiting(team, recipient, TipWish(tip.ref), now, why_you="MARKER-WORK")
    assert "MARKER-WORK" in words_in(burglar(settings, team.reviewer.seed).loot())
    write(lambda: retention.erase_tip(tip.tip_id, "request", None, now))
    assert words_in(burglar(settings, team.reviewer.seed, team.supervisor.seed).loot()) == set()
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    factories.sign_in(browser, team.reviewers[0], now)
    page = browser.page(f"/staff/referrals/{package.replace('PKG-', 'REF-')}")
    assert "MARKER-WORK" not in page.html
    assert "MARKER-WORK" not in browser.page(f"/staff/referrals/{package.replace('PKG-', 'REF-')}/check").html


def test_one_file_is_erased_by_its_key_even_if_its_ciphertext_was_copied_before(
    team: Team, sent: Any, settings: config.Settings, now: dt.datetime
) -> None:
    assert "MARKER-FILE" in words_in(burglar(settings, team.reviewer.seed).loot())
    write(lambda: db.session.execute(delete(AttachmentKey)))  # row and file stay, as in a copy that somebody kept
    left = words_in(burglar(settings, team.reviewer.seed).loot())
    assert "MARKER-THEFT" in left
    assert "MARKER-FILE" not in left
