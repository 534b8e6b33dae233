"""Each process has a database role of its own, and a role that is broken into reads no more than its part needs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from tests import factories
from tests.conftest import Clock, make_app
from tests.tipsters import come_back
from tipline import config, jobs
from tipline.config import Settings
from tipline.extensions import db
from tipline.services import batches, exhibits, notices, publishing, withdrawals
from tipline.services.gallery import read_gallery

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "postgres-roles.sql"

SECRETS = {
    "tipline_public": [
        "SELECT name FROM account",
        "SELECT sealed FROM desk_grant",
        "SELECT sealed FROM recovery_code",
        "SELECT sealed_seed FROM account_session",
        "SELECT sealed FROM tip_key",
        "SELECT assignee_id FROM tip",
        "SELECT entered_by FROM campaign_figures",
        "UPDATE tip SET status = 'closed'",
        "SELECT reason_code FROM hold",
        "SELECT address FROM notice_setting",
        "SELECT number FROM statistic",
        "SELECT narrative FROM referral_tip",
        "UPDATE mailbox_message SET kind = 'decision'",
        "SELECT written_by FROM mailbox_message",
        "SELECT decided_by FROM rights_request",
        "SELECT changed_by FROM service_mode",
        "DELETE FROM tip",
        "SELECT id FROM statement",
        "SELECT id FROM referral",
        "SELECT outcome FROM exhibit",
        "SELECT id FROM batch",
        "SELECT event FROM log_entry",
        "SELECT ciphertext FROM desk_paper",
        "SELECT account_id FROM note_call",
        "SELECT mention_id FROM special_flag",
        "SELECT account_id FROM safeguarder",
        "SELECT id FROM log_arrival",
        "DELETE FROM log_arrival",
    ],
    "tipline_staff": [
        "UPDATE log_entry SET outcome = 'ok'",
        "DELETE FROM log_entry",
        "DELETE FROM log_segment",
        "INSERT INTO log_segment (id) VALUES ('x')",
        "TRUNCATE log_entry",
        "DROP TRIGGER log_entry_no_update ON log_entry",
        "ALTER TABLE log_entry DISABLE TRIGGER ALL",
    ],
    "tipline_jobs": [
        "SELECT locked_seed FROM account",
        "SELECT sealed FROM desk_grant",
        "SELECT sealed FROM tip_key",
        "SELECT wrapped FROM attachment_key",
        "SELECT ciphertext FROM tip_record",
        "SELECT content FROM approval",
        "SELECT sealed FROM welfare_diary",
        "SELECT ciphertext FROM desk_paper",
        "SELECT flagged_by FROM special_flag",
        "SELECT wrapped_key FROM mailbox",
        "SELECT wrapped_key FROM mailbox_visit",
        "SELECT ciphertext FROM mailbox_message",
        "INSERT INTO account (id) VALUES ('x')",
        "UPDATE log_entry SET outcome = 'ok'",
    ],
}


def as_role(url: str, role: str) -> str:
    return make_url(url).update_query_dict({"options": f"-crole={role}"}).render_as_string(hide_password=False)


@pytest.fixture
def url(database_url: str, settings: Settings) -> Iterator[str]:
    """A PostgreSQL database with the roles in."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as owner:
        owner.exec_driver_sql(ROLES.read_text(encoding="utf-8"))
    engine.dispose()
    db.connect(database_url)
    yield database_url
    db.connect(database_url)
    db.end()


postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@postgresql
@pytest.mark.parametrize("role", SECRETS)
def test_a_role_reaches_nothing_beyond_its_part(url: str, role: str) -> None:
    engine = create_engine(as_role(url, role))
    for statement in SECRETS[role]:
        with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    engine.dispose()


@postgresql
def test_the_public_pages_work_under_the_public_role(url: str, settings: Settings, now: dt.datetime) -> None:
    db.connect(as_role(url, "tipline_staff"))
    team = factories.make_team(now)
    ref = factories.make_exhibit(team, now)
    client = make_app(settings, "public", database_url=as_role(url, "tipline_public")).test_client()
    for path in ("", "updates", f"exhibits/{ref}/poster"):
        client.page(f"/en/{path}")
    form = client.page(f"/en/exhibits/{ref}/tip")
    check = client.submit(
        form,
        field="narrative",
        narrative="I bought this bag in Volos.",
        tip_language="369",
        how_known="first_hand",
        certainty="sure",
    )
    sent = client.submit(check, action="/send", acknowledge="y")
    receipt = re.search(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}", sent.text)
    assert receipt is not None, sent.text
    opened = come_back(client, receipt.group())
    assert "received" in opened.main.lower()
    for act in ("add", "correct"):
        check = client.submit(client.page(f"/en/receipt/mailbox/{act}"), field="narrative", narrative="And more.")
        client.submit(check, action="/add/send")
    assert "You corrected something" in client.page("/en/receipt/mailbox").main
    client.submit(client.page("/en/receipt/mailbox/requests/access"))
    waiting = client.submit(client.page("/en/receipt/mailbox/withdraw"))
    client.submit(waiting, action="/withdraw/undo")
    client.submit(client.page("/en/receipt/mailbox"), action="/take-back")
    assert client.submit(client.page("/en/receipt/mailbox"), action="/close").h1 == "The mailbox is closed"


@postgresql
def test_a_tip_goes_its_way_with_each_process_under_its_own_role(url: str, clock: Clock) -> None:
    db.connect(as_role(url, "tipline_staff"))
    team = factories.make_team(clock.now)
    ref = factories.make_exhibit(team, clock.now)
    db.connect(as_role(url, "tipline_public"))
    sent = factories.make_tip(
        clock.now, exhibit_ref=ref, files=[("bag.jpg", factories.picture())], identity={"name": "Maria"}
    )
    other = factories.make_tip(clock.now)
    factories.write(lambda: withdrawals.withdraw(other.tip_id, clock.now))
    db.connect(as_role(url, "tipline_staff"))
    factories.open_tip(team, sent.ref, clock.now)
    _plan_batches(team, ref, clock.now)
    factories.write(lambda: notices.wish(team.reviewer, "ines@authority.example", clock.now, urgent=True, digest=True))
    db.connect(as_role(url, "tipline_jobs"))
    nobody_there = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_tls": "off", "smtp_from": "desk@authority.example"}
    config.use(dataclasses.replace(config.current(), **nobody_there))
    clock.now += dt.timedelta(days=190)
    results = jobs.run_due(clock.now)
    assert [result for result in results if result.failure] == []
    done = {result.name: result.done for result in results}
    assert (done["erase withdrawn tips"], done["erase tips"]) == (1, 1)
    assert done["carry out batches"] == 2
    [appeal] = read_gallery("en").appeals
    assert appeal.exhibits == ()


def _plan_batches(team: factories.Team, ref: str, now: dt.datetime) -> None:
    """The appeal was taken down and comes back, and its exhibit goes: what the timer needs to read for either."""
    person = team.administrator.person
    slug = exhibits.exhibit(ref).appeal_slug
    factories.write(lambda: publishing.withdraw(slug, person, now))

    def plan(act: str, hours: int) -> None:
        subjects = tuple(one.id for one in batches.candidates(act))
        batches.plan(batches.Plan(act, subjects, now + dt.timedelta(hours=hours)), person, now)

    factories.write(lambda: (plan(batches.PUBLISH, 7), plan(batches.WITHDRAW, 8)))
