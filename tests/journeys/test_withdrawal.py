"""After a withdrawal, its 72 hours and the jobs nothing opens the tip; what must not go by itself is still there."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import disclosure, factories
from tests.conftest import Clock
from tests.factories import Team, write
from tests.journeys.burglar import Burglar
from tests.pages import PageClient
from tests.tipsters import come_back, photo
from tipline import config, jobs, storage
from tipline.extensions import Database, db
from tipline.models.tip import (
    Addition,
    AttachmentKey,
    Mailbox,
    MailboxMessage,
    MailboxVisit,
    RightsRequest,
    Tip,
    TipKey,
    TipRecord,
    Tombstone,
)
from tipline.services import access, conversation, retention, rights, withdrawals
from tipline.services.wishes import TipWish

WORDS = ("MARKER-NARRATIVE", "MARKER-NAME", "MARKER-ADDED", "MARKER-MESSAGE", "Marker Person")
MAILBOX = "/en/receipt/mailbox"


@pytest.fixture
def team(database: Database, app: Flask, now: dt.datetime) -> Team:
    return factories.make_team(now)


@pytest.fixture
def sent(team: Team, app: Flask, now: dt.datetime) -> Any:
    """A tip with everything: a file, a sender, an addition with a file, a message, an open mailbox, a request."""
    factories.make_exhibit(team, now)
    made = factories.make_tip(now, files=[("MARKER-NAME.jpg", photo())], identity={"name": "Marker Person"})
    browser = _visitor(app, made)
    browser.submit(browser.page(f"{MAILBOX}/add"), {"narrative": "MARKER-ADDED"}, field="narrative")
    files = browser.page("/en/tip/files")
    browser.submit(files, {"files": [(io.BytesIO(photo()), "MARKER-NAME.jpg")]}, action="/tip/files")
    browser.submit(browser.page("/en/tip/check"), action="/add/send")
    browser.submit(browser.page(f"{MAILBOX}/add"), {"narrative": "MARKER-ADDED, not sent"}, field="narrative")
    opened = write(lambda: access.open_tip(team.reviewer, made.ref, "assigned_work", "", now))
    key = access.mailbox_key(opened)
    told = {"language": "en", "actor_id": team.reviewer.id, "now": now}
    write(lambda: conversation.write_message(made.tip_id, key, "MARKER-MESSAGE", **told))
    write(lambda: rights.ask(made.tip_id, "access", now))
    return made


def _visitor(app: Flask, made: Any) -> PageClient:
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    come_back(browser, made.receipt)
    return browser


def everything(settings: config.Settings, team: Team, receipt: str) -> set[str]:
    """What a thief reads who has the instance, every key-sized string in it, a supervisor's key and the receipt."""
    db.end()
    thief = Burglar(db.engine, settings.instance, team.supervisor.seed, receipt.encode())
    thief.take_everything_that_could_be_a_key(settings.instance, settings.secrets)
    loot = thief.loot()
    return {word for word in WORDS if word.encode() in loot}


def rows(table: type) -> int:
    found = len(db.session.execute(select(table)).all())
    db.session.rollback()
    return found


def test_after_the_72_hours_no_key_anywhere_opens_the_tip_or_its_mailbox(
    app: Flask, settings: config.Settings, team: Team, sent: Any, clock: Clock
) -> None:
    browser = _visitor(app, sent)
    assert "You have withdrawn this tip" in browser.submit(browser.page(f"{MAILBOX}/withdraw")).main
    jobs.run_due(clock.advance(hours=71))
    assert everything(settings, team, sent.receipt) == set(WORDS)
    results = jobs.run_due(clock.advance(hours=2))
    assert [result for result in results if result.failure] == []
    assert everything(settings, team, sent.receipt) == set()
    tables = (Tip, TipKey, AttachmentKey, Mailbox, MailboxVisit, MailboxMessage, Addition, RightsRequest, TipRecord)
    assert {table.__tablename__: rows(table) for table in tables if rows(table)} == {}
    assert list(storage.files().walk()) == []
    stone = db.session.execute(select(Tombstone)).scalar_one()
    assert (stone.ref, stone.reason_code) == (sent.ref, "withdrawn")


def _hold(team: Team, tip_id: str, now: dt.datetime) -> None:
    review_on = now.date() + dt.timedelta(days=90)
    retention.place_hold(tip_id, "judicial", review_on, actor=team.supervisor.actor, now=now)


def _change(**values: Any) -> Callable[[Team, str, dt.datetime], None]:
    return lambda _team, tip_id, _now: db.session.execute(update(Tip).where(Tip.id == tip_id).values(**values))


STANDS_AGAINST = {
    "a hold": _hold,
    "urgent": _change(urgent=True),
    "safeguarding": _change(lane="safeguarding"),
    "quarantine": _change(lane="quarantine"),
    "restricted": _change(restricted=True),
    "proposed": _change(status="proposed"),
    "passed on": _change(status="acknowledged"),
}


@pytest.mark.parametrize("when", ["before", "within"])
def test_what_stands_against_it_before_or_within_the_72_hours_leaves_it_to_a_person(
    app: Flask, when: str, clock: Clock
) -> None:
    team = factories.make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    tips = {what: factories.make_tip(clock.now) for what in STANDS_AGAINST}
    for what, made in tips.items():
        steps = [
            partial(STANDS_AGAINST[what], team, made.tip_id, clock.now),
            partial(withdrawals.withdraw, made.tip_id, clock.now),
        ]
        for step in steps if when == "before" else steps[::-1]:
            write(step)
        assert (withdrawals.waits_until(made.tip_id) is None) is (when == "before"), what
    for _ in range(2):
        assert [one for one in jobs.run_due(clock.advance(hours=80)) if one.failure] == []
    asked = rights.open_requests([team.desk_id])
    assert sorted(one.ref for one in asked) == sorted(made.ref for made in tips.values())
    assert {one.kind for one in asked} == {"withdrawal"}
    assert rows(Tip) == len(tips)


def test_what_was_ever_proposed_to_an_authority_does_not_go_by_itself(app: Flask, clock: Clock) -> None:
    team = factories.make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    made = disclosure.ready_tip(team, clock.now)
    disclosure.waiting(team, factories.make_authority(team, clock.now), TipWish(made.ref), clock.now)
    write(lambda: _change(status="closed")(team, made.tip_id, clock.now))
    assert withdrawals.needs_person(made.tip_id)


def test_a_withdrawal_that_was_undone_erases_nothing(app: Flask, clock: Clock) -> None:
    team = factories.make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    made = factories.make_tip(clock.now)
    write(lambda: withdrawals.withdraw(made.tip_id, clock.now))
    write(lambda: withdrawals.undo(made.tip_id, clock.now))
    jobs.run_due(clock.advance(hours=100))
    assert rows(Tip) == 1
    assert rights.count_open([team.desk_id]) == 0
