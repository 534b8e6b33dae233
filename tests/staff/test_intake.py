"""A tip by telephone: sealed like every tip, its receipt told to the caller, and its writer needs a grant to read it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.tip import Draft, Tip, TipRecord
from tipline.services import access, mailbox, queue

WORDS = "The woman at the market sells it. MARKER-CALL"


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    factories.sign_in(client, made.reviewers[0], now)
    return made


def write_down(client: PageClient, **more: str) -> Page:
    """As far as the page that reads it back."""
    given = {"narrative": WORDS, "tip_language": "369", "channel": "telephone", "name": "Ada MARKER-NAME", **more}
    return client.submit(client.page("/staff/intake"), given, field="narrative")


def send(client: PageClient, page: Page) -> Page:
    """Told how it is used, and sent."""
    return client.submit(page, {"acknowledge": "y"}, field="acknowledge")


def test_a_call_becomes_a_sealed_tip_whose_receipt_works(client: PageClient, team: Team, now: dt.datetime) -> None:
    check = write_down(client, child_at_risk="y", links="https://shop.example/bag", countries="Greece, Italy")
    assert WORDS in check.main
    assert "hxxps://shop[.]example" in check.main
    assert "first" in client.submit(check, field="acknowledge").errors[0]
    sent = send(client, check)
    found = re.search(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}", sent.main)
    assert found is not None
    tip = db.session.scalars(select(Tip)).one()
    assert (tip.channel, tip.lane, tip.has_identity, tip.unproven) == ("telephone", "urgent", True, False)
    blobs = db.session.scalars(select(TipRecord.ciphertext)).all()
    assert not any(b"MARKER" in blob for blob in blobs)
    [entry] = db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.received"))
    assert (entry.chain, entry.actor_id, entry.field_group) == ("staff", team.reviewer.id, "telephone")
    assert mailbox.open_mailbox(found[0]).tip_id == tip.id
    assert "By telephone" in client.page("/staff/").main


def test_its_writer_gives_a_reason_and_without_a_grant_reads_nothing(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    send(client, write_down(client))
    ref = db.session.scalars(select(Tip.ref)).one()
    assert "Why do you open" in client.page(f"/staff/tips/{ref}").h1
    stranger = factories.make_team(now)
    with pytest.raises(access.NotFound):
        access.reach_tip(stranger.reviewer, ref)


def test_a_second_press_makes_no_second_tip_and_the_receipt_goes(client: PageClient, team: Team) -> None:
    check = write_down(client)
    first = send(client, check)
    assert send(client, check).main == first.main
    assert len(db.session.scalars(select(Tip)).all()) == 1
    done = client.submit(first, action="/kept")
    assert "The receipt is no longer here." in done.html
    assert "How did it come?" in client.page("/staff/intake/sent").main


def test_what_is_not_sent_is_deleted_by_a_press_and_by_the_next_one(client: PageClient, team: Team) -> None:
    write_down(client)
    write_down(client, channel="letter")
    assert len(db.session.scalars(select(Draft)).all()) == 1
    deleted = client.submit(client.page("/staff/intake/check"), action="/delete")
    assert "is deleted" in deleted.html
    assert db.session.scalars(select(Draft)).all() == []
    client.page("/staff/intake/check", status=410)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("narrative", "", "Write down what they say"),
        ("tip_language", "", "Choose the language"),
        ("channel", "pigeon", "Choose one of the answers in the list"),
        ("links", "a\n" * 30, "Enter at most 20 links"),
        ("exhibit", "0" * 32, "Choose one of the answers in the list"),
    ],
)
def test_what_is_missing_or_wrong_is_said(client: PageClient, team: Team, field: str, value: str, words: str) -> None:
    assert any(words in error for error in write_down(client, **{field: value}).errors)


def test_a_letter_about_an_exhibit_keeps_it(client: PageClient, team: Team) -> None:
    [(exhibit_id, _title)] = queue.exhibits_of(team.desk_id)
    send(client, write_down(client, exhibit=exhibit_id, channel="letter"))
    assert db.session.scalars(select(Tip.exhibit_id)).one() == exhibit_id
    assert "By letter" in client.page("/staff/").main
