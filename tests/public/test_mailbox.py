"""The mailbox behind a receipt: what its sender sees, adds, takes back and asks for."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.conftest import Clock, make_app
from tests.pages import Page, PageClient
from tests.tipsters import NARRATIVE, TestDesk, come_back, photo, receipt_on, send, the_tip, write
from tipline import config, jobs
from tipline.extensions import db
from tipline.models.tip import Addition, Attachment, Draft, MailboxVisit, RightsRequest, Tip, TipKey
from tipline.services import conversation

MAILBOX = "/en/receipt/mailbox"
MORE = "The hostel is called Blue Anchor. MARKER-MORE"
QUESTION = "In which year were you there? MARKER-QUESTION"


def count(table: type) -> int:
    return int(db.session.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def code(client: PageClient, desk: TestDesk) -> str:
    """The receipt of a tip that was sent and kept, its mailbox open in the browser."""
    write(client, desk)
    sent = send(client)
    client.submit(sent, action="/tip/sent")
    come_back(client, receipt_on(sent))
    return receipt_on(sent)


def add(client: PageClient, what: str = "add", narrative: str = MORE, **answers: Any) -> Page:
    """Write something to add and arrive at its check page."""
    return client.submit(client.page(f"{MAILBOX}/{what}"), {"narrative": narrative, **answers}, field="narrative")


def ask_sender(desk: TestDesk, clock: Clock, kind: str = conversation.MESSAGE) -> str:
    """A message from the desk, written as a member of the desk would."""
    tip = the_tip()
    key = desk.open_key(tip.id, "mailbox")
    told = {"language": "en", "actor_id": "0" * 32, "now": clock.now, "kind": kind}
    message_id = conversation.write_message(tip.id, key, QUESTION, **told)
    db.session.commit()
    return message_id


# The visit


def test_a_receipt_opens_a_mailbox_and_is_in_no_address_and_no_cookie(client: PageClient, code: str) -> None:
    page = client.page(MAILBOX)
    assert "We have received it." in page.main
    assert "There are no messages for you." in page.main
    assert "It is erased on" in page.main
    assert NARRATIVE not in page.html
    assert page.response.headers["Cache-Control"] == "no-store"
    with client.session_transaction() as cookie:
        assert set(cookie) >= {"visit"}
        assert code not in repr(dict(cookie))


def test_a_visit_ends_after_half_an_hour_and_its_row_goes_with_the_clock(
    client: PageClient, code: str, clock: Clock
) -> None:
    clock.advance(minutes=29)
    client.page(MAILBOX)
    clock.advance(minutes=1)
    page = client.page(MAILBOX, status=410)
    assert "The mailbox is closed" in page.main
    assert page.form("receipt").action == "/en/receipt"
    jobs.run_due(clock.advance(hours=1))
    assert count(MailboxVisit) == 0


@pytest.mark.parametrize("way", ["close", "leave"])
def test_closing_and_leaving_shut_the_mailbox_at_once(client: PageClient, code: str, way: str) -> None:
    add(client)
    if way == "close":
        page = client.submit(client.page(MAILBOX), action="/close")
        assert page.h1 == "The mailbox is closed"
        assert (count(MailboxVisit), db.session.query(Draft).where(Draft.state == "open").count()) == (0, 0)
    else:
        client.get("/en/leave")
    client.page(MAILBOX, status=410)
    assert MORE not in client.page("/en/tip/check", status=410).html


def test_two_browsers_have_the_same_mailbox_open_and_close_it_each_for_itself(
    app: Flask, client: PageClient, code: str
) -> None:
    other: PageClient = app.test_client()  # type: ignore[assignment]
    come_back(other, code)
    client.submit(client.page(MAILBOX), action="/close")
    client.page(MAILBOX, status=410)
    assert the_tip().ref in other.page(MAILBOX).h1


def test_without_a_visit_every_page_of_the_mailbox_asks_for_the_receipt(client: PageClient, desk: TestDesk) -> None:
    for path in ("", "/add", "/correct", "/withdraw", "/requests/access", "/messages/x/answer"):
        assert client.page(MAILBOX + path, status=410).form("receipt")


# Adding


def test_what_is_added_with_a_file_opens_for_the_desk_under_a_key_of_its_own(
    client: PageClient, desk: TestDesk, code: str
) -> None:
    check = add(client)
    assert MORE in check.main
    assert "Nothing has been sent yet" in check.main
    files = client.page("/en/tip/files")
    client.submit(files, {"files": [(io.BytesIO(photo()), "bag.jpg")]}, action="/tip/files")
    check = client.page("/en/tip/check")
    assert check.path == f"{MAILBOX}/add/check"
    assert "bag.jpg" in check.main
    assert client.submit(check, action="/add/send").h1 == "What you wrote has been sent"
    added, tip = db.session.scalars(select(Addition)).one(), the_tip()
    assert (added.tip_id, added.kind, added.attachment_count, added.urgent) == (tip.id, "more", 1, False)
    assert desk.read_answers(added.id).narrative == MORE
    assert desk.read_answers(tip.id).narrative == NARRATIVE
    assert db.session.scalars(select(TipKey.purpose).where(TipKey.tip_id == added.id)).all() == ["content"]
    assert db.session.scalars(select(Attachment.tip_id).where(Attachment.position > 0)).one() == added.id
    page = client.page(MAILBOX)
    assert "You added something on 2 March 2026." in page.main
    assert MORE not in page.html


def test_an_addition_that_is_sent_twice_is_one(client: PageClient, code: str) -> None:
    check = add(client, "correct")
    for _ in range(2):
        assert client.submit(check, action="/add/send").h1 == "What you wrote has been sent"
    assert [row.kind for row in db.session.scalars(select(Addition))] == ["correction"]
    assert client.page("/en/tip/sent").path == f"{MAILBOX}/add/sent"
    assert count(Tip) == 1


def test_an_addition_is_kept_while_it_is_written_and_gives_way_to_another_only_when_told(
    client: PageClient, code: str
) -> None:
    add(client)
    assert client.page(f"{MAILBOX}/add").form("narrative").values["narrative"][0].strip() == MORE
    assert "have not sent it yet" in client.page(MAILBOX).main
    assert "that is deleted" in client.page(f"{MAILBOX}/correct").main
    client.submit(client.page("/en/tip/delete"), action="/tip/delete")
    assert "have not sent it yet" not in client.page(MAILBOX).main


def test_an_empty_addition_is_named(client: PageClient, code: str) -> None:
    page = add(client, narrative=" ")
    assert page.title.startswith("Error: ")
    assert page.errors == ["Enter what you want to send"]


def test_a_child_in_danger_makes_the_tip_urgent_and_what_is_added_gets_time_to_be_read(
    client: PageClient, code: str, clock: Clock
) -> None:
    db.session.execute(update(Tip).values(review_due_at=clock.now))
    db.session.commit()
    client.submit(add(client, child_at_risk="yes"), action="/add/send")
    tip = the_tip()
    assert (tip.urgent, tip.lane) == (True, "urgent")
    assert (tip.review_due_at - clock.now).days == 30


def test_an_additions_draft_cannot_be_sent_as_a_tip(client: PageClient, code: str) -> None:
    client.submit(client.page("/en/tip"), {"narrative": "A second tip"}, field="narrative")
    check = client.page("/en/tip/check")
    add(client)
    client.submit(check, {"acknowledge": "y"}, field="acknowledge", status=409)
    assert count(Tip) == 1


# Messages


def test_a_message_is_read_and_answered(client: PageClient, desk: TestDesk, code: str, clock: Clock) -> None:
    message_id = ask_sender(desk, clock)
    page = client.page(MAILBOX)
    assert QUESTION in page.main
    assert "English" in page.main
    form = client.page(page.links["Answer this message"])
    assert QUESTION in form.main
    client.submit(client.submit(form, {"narrative": MORE}, field="narrative"), action="/add/send")
    added = db.session.scalars(select(Addition)).one()
    assert (added.kind, added.answers_message) == ("answer", message_id)
    client.page(f"{MAILBOX}/messages/{'0' * 32}/answer", status=404)


def test_an_agency_of_the_union_shows_no_messages_but_the_answers_to_requests(
    settings: config.Settings, client: PageClient, desk: TestDesk, code: str, clock: Clock
) -> None:
    message_id = ask_sender(desk, clock)
    agency = make_app(settings, "public", profile=config.profiles()["eu_agency"]).test_client()
    page = come_back(agency, code)
    assert "We have received it." in page.main
    assert QUESTION not in page.html
    assert "Messages for you" not in page.main
    agency.page(f"{MAILBOX}/messages/{message_id}/answer", status=404)
    ask_sender(desk, clock, conversation.DECISION)
    page = agency.page(MAILBOX)
    assert page.main.count("MARKER-QUESTION") == 1
    assert "Answer this message" not in page.links
    assert "2 June 2026" in agency.submit(agency.page(f"{MAILBOX}/requests/access")).main


# Withdrawing and asking


def test_a_withdrawal_says_when_the_tip_goes_and_can_be_undone(client: PageClient, code: str, clock: Clock) -> None:
    page = client.submit(client.page(f"{MAILBOX}/withdraw"))
    assert "You have withdrawn this tip" in page.main
    assert "5 March 2026" in page.main
    assert "Add something" not in page.links
    assert client.page(f"{MAILBOX}/add").path == MAILBOX
    client.submit(page, action="/undo")
    jobs.run_due(clock.advance(days=4))
    assert "You have withdrawn" not in come_back(client, code).main


def test_a_tip_that_must_not_go_by_itself_becomes_a_request_and_the_page_does_not_say_why(
    client: PageClient, code: str, clock: Clock
) -> None:
    db.session.execute(update(Tip).values(lane="safeguarding"))
    db.session.commit()
    for _ in range(2):
        page = client.submit(client.page(f"{MAILBOX}/withdraw"))
    assert "A person will look at your request and answer here by 2 April 2026." in page.main
    assert "It is erased on 5 March" not in page.main
    assert "safeguarding" not in page.html
    jobs.run_due(clock.advance(days=4))
    assert [row.kind for row in db.session.scalars(select(RightsRequest))] == ["withdrawal"]
    page = client.submit(come_back(client, code), action="/take-back")
    assert "You took this request back." in page.main
    assert the_tip()


def test_access_and_erasure_are_asked_for_once_and_answered_by_a_person(client: PageClient, code: str) -> None:
    for kind in ("access", "erasure"):
        client.submit(client.page(f"{MAILBOX}/requests/{kind}"))
        page = client.submit(client.page(f"{MAILBOX}/requests/{kind}"))
    assert page.main.count("answer here by 2 April 2026") == 2
    assert sorted(row.kind for row in db.session.scalars(select(RightsRequest))) == ["access", "erasure"]
    client.page(f"{MAILBOX}/requests/withdrawal", status=404)
    for _ in range(3):
        page = client.submit(client.page(MAILBOX), action="/requests/access/take-back")
        assert "You took this request back." in page.main
        page = client.submit(client.page(f"{MAILBOX}/requests/access"))
    assert page.main.count("answer here by 2 April 2026") == 2
    assert count(RightsRequest) == 2  # to and fro makes no list longer


def test_an_erased_tip_closes_every_mailbox_that_is_open(client: PageClient, code: str, clock: Clock) -> None:
    add(client)
    db.session.execute(update(Tip).values(review_due_at=clock.now))
    db.session.commit()
    jobs.run_due(clock.now)
    client.page(MAILBOX, status=410)
    client.page(f"{MAILBOX}/add/check", status=410)
    assert "We have no tip with this receipt" in come_back(client, code).errors[0]
    assert (count(Tip), count(Draft), count(MailboxVisit)) == (0, 0, 0)
