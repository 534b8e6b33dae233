"""Notices by mail: that something waits, to those who asked, through a real server; never what, never at a tip's cost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories, mail
from tests.conftest import Clock
from tests.factories import Known, Team
from tests.mail import Box
from tests.pages import PageClient
from tipline import config, jobs
from tipline.config import ConfigError, Settings
from tipline.crypto.signatures import new_seal_certificate
from tipline.extensions import Database, db
from tipline.models.notice import Notice, NoticeSetting
from tipline.services import notices, standing

ADDRESS = "ines@authority.example"


def use(settings: Settings, **changes: Any) -> Settings:
    """These settings, with mail going to this machine."""
    values = {"smtp_host": "127.0.0.1", "smtp_tls": "off", "smtp_from": "tipline@authority.example", **changes}
    return config.use(dataclasses.replace(settings, **values))


def wish(known: Known, now: dt.datetime, address: str = ADDRESS, *, urgent: bool = True, digest: bool = False) -> None:
    factories.write(lambda: notices.wish(known.person, address, now, urgent=urgent, digest=digest))


def run(clock: Clock) -> int:
    """One round of the timer that sends; how many left."""
    [result] = jobs.run_due(clock.now, jobs.PROMPT)
    assert result.failure is None
    return result.done


def words(letter: EmailMessage) -> str:
    return f"{letter['Subject']}\n{letter.get_content()}"


@pytest.fixture
def box(settings: Settings) -> Iterator[Box]:
    with mail.server() as running:
        use(settings, smtp_port=running.port, staff_address="https://desk.authority.example")
        yield running


@pytest.fixture
def team(box: Box, request: pytest.FixtureRequest, clock: Clock) -> Team:
    """A desk whose first reviewer has asked for urgent notices, and got the first one that shows the address."""
    request.getfixturevalue("database" if "database" in request.fixturenames else "sqlite")
    made = factories.make_team(clock.now)
    factories.make_exhibit(made, clock.now)
    wish(made.reviewers[0], clock.now)
    assert run(clock) == 1
    [first] = box.take()
    assert "notices will come to this address" in first["Subject"]
    return made


def test_what_is_urgent_is_told_at_once_and_once_without_a_word_of_it(
    database: Database, team: Team, box: Box, clock: Clock
) -> None:
    factories.make_tip(clock.now)
    assert run(clock) == 0
    sent = factories.make_tip(clock.now, child_at_risk=True, product="MARKER-PRODUCT")
    assert (run(clock), run(clock)) == (1, 0)
    [letter] = box.take()
    assert (letter["To"], letter["From"]) == (ADDRESS, "tipline@authority.example")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "https://desk.authority.example/staff/sign-in" in words(letter)
    for secret in (sent.ref, sent.tip_id, "MARKER", "Woven", "Desk", "child", "1", "Person"):
        assert secret not in words(letter).replace("127.0.0.1", "")
    factories.add_to_tip(sent.tip_id, clock.now, child_at_risk=True)
    assert run(clock) == 0  # told of the desk a moment ago
    clock.advance(minutes=5)
    factories.make_tip(clock.now, child_at_risk=True)
    assert (run(clock), len(box.take()), run(clock)) == (1, 1, 0)


def test_a_digest_comes_at_its_hours_to_whom_something_waits_for(team: Team, box: Box, clock: Clock) -> None:
    wish(team.reviewers[1], clock.now, "jan@authority.example", urgent=False, digest=True)
    wish(team.administrator, clock.now, "otto@authority.example", urgent=False, digest=True)
    run(clock)
    box.take()
    factories.make_tip(clock.now)
    clock.now = clock.now.replace(hour=11, minute=59)
    assert run(clock) == 0
    clock.now = clock.now.replace(hour=12, minute=0)
    assert run(clock) == 1
    [letter] = box.take()
    assert letter["To"] == "jan@authority.example"
    assert "new tips that nobody has looked through" in words(letter)
    assert "packages" not in words(letter)
    clock.advance(hours=12)
    assert run(clock) == 0
    clock.advance(hours=7)
    assert run(clock) == 0  # nothing new since the last one


def test_a_notice_that_cannot_leave_is_tried_again_and_given_up_after_a_day(
    team: Team, box: Box, clock: Clock, settings: Settings
) -> None:
    box.refusal = "451 Later"
    factories.make_tip(clock.now, child_at_risk=True)
    assert (run(clock), run(clock)) == (0, 0)
    box.refusal = ""
    assert run(clock) == 0
    clock.advance(minutes=1)
    assert run(clock) == 1
    box.take()
    clock.advance(minutes=10)
    use(settings, smtp_port=1)  # nobody is there
    factories.make_tip(clock.now, child_at_risk=True)
    for hours in (0, 1, 24):
        clock.advance(hours=hours)
        assert run(clock) == 0
    assert db.session.scalars(select(Notice)).all() == []
    assert notices.read_wish(team.reviewer).failed_on == clock.now.date()


def test_an_address_that_is_refused_is_not_tried_again_and_its_owner_is_told(
    client: PageClient, team: Team, box: Box, clock: Clock
) -> None:
    box.refusal = "550 Nobody of that name"
    factories.make_tip(clock.now, child_at_risk=True)
    assert run(clock) == 0
    clock.advance(hours=2)
    box.refusal = ""
    assert run(clock) == 0
    db.end()
    factories.sign_in(client, team.reviewers[0], clock.now)
    assert "A notice did not reach you on 02 Mar 2026" in client.page("/staff/account/notices").main


def test_whoever_is_suspended_or_gone_is_told_of_nothing_and_leaves_no_address(
    team: Team, box: Box, clock: Clock
) -> None:
    wish(team.reviewers[1], clock.now, "jan@authority.example")
    run(clock)
    box.take()
    admin, first, second = team.administrator.person, team.reviewers[0].person.id, team.reviewers[1].person.id
    factories.write(lambda: standing.suspend_account(admin, first, clock.now))
    factories.write(lambda: standing.remove_account(admin, second, clock.now))
    factories.make_tip(clock.now, child_at_risk=True)
    assert run(clock) == 0
    assert [row.account_id for row in db.session.scalars(select(NoticeSetting))] == [first]


def test_the_database_holds_no_address(team: Team, settings: Settings) -> None:
    assert notices.read_wish(team.reviewer).address == ADDRESS
    db.end()
    stored = b"".join(path.read_bytes() for path in settings.instance.glob("tipline.db*"))
    assert b"authority.example" not in stored
    (settings.secrets / notices.ADDRESS_KEY).write_bytes(bytes(32))
    assert notices.read_wish(team.reviewer).address == ""


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    settings: Settings, sqlite: Database, clock: Clock, tmp_path: Path
) -> None:
    key, certificate = new_seal_certificate("127.0.0.1", clock.now)
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "certificate.pem").write_bytes(certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with mail.server(tls) as running:
        use(settings, smtp_port=running.port, smtp_tls="starttls")
        wish(factories.make_person(now=clock.now), clock.now)
        assert run(clock) == 0
    assert running.mails == []


def test_notices_are_chosen_on_ones_own_page_and_ended_there(
    client: PageClient, team: Team, box: Box, clock: Clock
) -> None:
    factories.sign_in(client, team.administrator, clock.now)
    page = client.page("/staff/account/notices")
    assert client.submit(page, field="address", address="otto").errors == [
        "Enter an email address such as name@authority.example"
    ]
    assert client.submit(page, field="address", address="otto@authority.example").errors == [
        "Choose what you want to be told of, or end the notices below"
    ]
    page = client.submit(page, field="address", address="otto@authority.example", about="digest")
    assert "Your notices are set" in page.text
    db.end()
    assert run(clock) == 1
    db.end()
    page = client.submit(client.page("/staff/account/notices"), action="/end")
    assert "Your address is forgotten" in page.text
    assert "otto" not in page.html


def test_mail_without_tls_leaves_this_machine_nowhere() -> None:
    mailed = {"TIPLINE_SMTP_HOST": "mail.authority.example", "TIPLINE_SMTP_FROM": "tipline@authority.example"}
    assert config.from_environment(mailed).smtp_tls == "starttls"
    for name, value in (("TIPLINE_SMTP_TLS", "off"), ("TIPLINE_SMTP_FROM", "tipline"), ("TIPLINE_NOTICE_HOURS", "24")):
        with pytest.raises(ConfigError, match=name):
            config.from_environment({**mailed, name: value})
