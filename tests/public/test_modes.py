"""Maintenance and the end of a campaign: no new tip, friendly words, and nothing of anybody's lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.tipsters import NARRATIVE, come_back, receipt_on, send, the_tip, write
from tipline.extensions import db
from tipline.models.tip import Tip
from tipline.public.modes import WRITING
from tipline.services import modes
from tipline.services.log import Actor


@pytest.fixture
def switch(now):
    """Sets the mode as the command line does."""

    def to(name, **options):
        db.in_writing(lambda: modes.set_mode(name, None, now, **options))

    return to


def _count():
    return len(db.session.scalars(select(Tip.id)).all())


@pytest.mark.parametrize("path", ["tip", "exhibits/curtain1/tip", "tip/check", "tip/files", "tip/contact"])
def test_under_maintenance_the_pages_of_a_tip_say_when_to_come_back(client, desk, switch, path):
    switch("maintenance")
    page = client.page(f"/en/{path}", status=503)
    assert page.h1 == "No tips can be sent at the moment"
    assert page.response.headers["Retry-After"] == "600"
    assert page.links["Try again"] == f"/en/{path}"
    assert "112" in page.main


def test_under_maintenance_a_draft_is_kept_and_sent_afterwards(client, desk, switch):
    check = write(client, desk)
    switch("maintenance")
    page = client.submit(check, action="send", acknowledge="y", status=503)
    assert page.links["Try again"] == "/en/tip/check"
    assert _count() == 0
    switch("open")
    assert NARRATIVE in client.page("/en/tip/check").main
    send(client)
    assert desk.read_answers(the_tip().id).narrative == NARRATIVE


def test_under_maintenance_nothing_is_added_to_a_tip_either(client, desk, switch):
    write(client, desk)
    come_back(client, receipt_on(send(client)))
    form = client.page("/en/receipt/mailbox/correct")
    switch("maintenance")
    client.submit(form, field="narrative", narrative=NARRATIVE, status=503)
    for act in ("add", "correct", "messages/x/answer"):
        client.page(f"/en/receipt/mailbox/{act}", status=503)
    assert client.page("/en/receipt/mailbox").status == 200


def test_once_closed_no_tip_begins_but_one_that_was_begun_is_sent(client, app, desk, switch):
    write(client, desk)
    switch("closed")
    stranger = app.test_client()
    page = stranger.page("/en/tip", status=410)
    assert page.links["I have a receipt"] == "/en/receipt"
    refused = stranger.post("/en/tip", data={"narrative": NARRATIVE})
    assert (refused.status_code, _count()) == (410, 0)
    send(client)
    assert _count() == 1
    assert client.page("/en/tip", status=410).h1 == "Thank you. This campaign has ended"


@pytest.mark.parametrize("name", modes.WORDED)
def test_the_receipt_opens_its_mailbox_in_every_mode(client, desk, switch, name):
    write(client, desk)
    receipt = receipt_on(send(client))
    switch(name)
    opened = come_back(client, receipt)
    assert the_tip().ref in opened.main


def test_the_gallery_says_so_and_shows_its_objects_unless_they_are_hidden(client, desk, switch):
    switch("maintenance")
    assert "No tips can be sent at the moment" in client.page("/en/").main
    switch("closed")
    assert "This campaign has ended" in client.page("/en/").main
    assert "Tell us what you know" not in client.page(f"/en/exhibits/{desk.exhibit_ref}").links
    switch("closed", objects_shown=False)
    assert client.page("/en/").h1 == "Thank you. This campaign has ended"
    for path in ("", "/poster"):
        client.page(f"/en/exhibits/{desk.exhibit_ref}{path}", status=410)
    switch("open")
    assert "campaign has ended" not in client.page("/en/").main


def test_own_words_are_shown_in_their_language_only(client, now, switch):
    actor = Actor("a" * 32, "administrator")
    db.in_writing(lambda: modes.write_words("maintenance", "el", "Ως τις οκτώ.", actor, now))
    switch("maintenance")
    assert "Ως τις οκτώ." in client.page("/el/tip", status=503).main
    assert "It will soon be back" in client.page("/en/tip", status=503).main
    db.in_writing(lambda: modes.write_words("maintenance", "el", " ", actor, now))
    assert "Ως τις οκτώ." not in client.page("/el/tip", status=503).main


def test_every_page_that_is_held_back_is_there(app):
    assert app.view_functions.keys() >= WRITING
