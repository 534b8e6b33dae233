"""What there is to know: every item of the notice, the numbers, and the way out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.conftest import make_app
from tests.tipsters import send, the_tip, write
from tipline import config
from tipline.extensions import db
from tipline.languages import OFFERED
from tipline.models.tip import Draft
from tipline.public import info
from tipline.web.journey import NOTICE_VERSION

ITEMS = (
    "controller",
    "dpo",
    "data",
    "purposes",
    "legal-basis",
    "voluntary",
    "recipients",
    "transfers",
    "retention",
    "decisions",
    "rights",
    "complaint",
)
TAGS = [language.tag for language in OFFERED]


@pytest.mark.parametrize("tag", TAGS)
def test_the_notice_has_every_item_in_every_language(client, tag):
    page = client.page(f"/{tag}/privacy")
    headings = {e.get("id"): "".join(e.itertext()).strip() for e in page.tree.iter("h2") if e.get("id")}
    assert [known for known in headings if known in ITEMS] == list(ITEMS)
    assert all(headings.values())
    for item, words in headings.items():
        assert page.links[words] == f"#{item}"
    for known in ("Example Authority", "contact@authority.example", "dpo@authority.example", "183", "1095", "90"):
        assert known in page.main
    assert "Example Data Protection Authority" in page.main


@pytest.mark.parametrize("tag", TAGS)
def test_the_notice_shows_the_version_that_is_stored_with_a_tip(client, desk, tag):
    assert NOTICE_VERSION in client.page(f"/{tag}/privacy").main
    write(client, desk)
    send(client)
    assert the_tip().notice_version == NOTICE_VERSION


def test_a_notice_without_names_says_so_plainly(settings):
    client = make_app(
        settings, "public", operator_name="", operator_contact="", dpo_contact="", supervisory_authority=""
    ).test_client()
    text = client.page("/en/privacy").main
    assert "It has not entered its name here yet" in text
    assert "the data protection authority of the country of the operator" in text
    assert "None" not in text
    assert "has not been entered here yet" in client.page("/en/accessibility").main


@pytest.mark.parametrize("name", sorted(config.profiles()))
def test_the_notice_follows_the_profile(settings, name):
    profile = config.profiles()[name]
    assert profile.legal_text in info.LEGAL_TEXTS
    assert profile.supervisor_named in info.SUPERVISORS
    client = make_app(settings, "public", profile=profile).test_client()
    text = client.page("/en/privacy").main
    assert profile.legal_text in text
    assert str(profile.untriaged_days) in text
    assert ("sealed apart from your tip" in text) == profile.contact_details


def test_nobody_is_called_anonymous(client):
    for path in ("", "privacy", "help", "leave-info", "emergency", "accessibility"):
        assert "anonym" not in client.page(f"/en/{path}").text.lower()


@pytest.mark.parametrize("tag", TAGS)
def test_the_numbers_can_be_called(client, tag):
    page = client.page(f"/{tag}/emergency")
    for number in ("112", "116 111", "116 000", "116 006"):
        assert page.links[number] == f"tel:{number.replace(' ', '')}"


def _drafts():
    return [tuple(row) for row in db.session.execute(select(Draft.__table__))]


def test_leaving_makes_the_draft_unreadable_at_once_and_changes_no_row(client, desk):
    write(client, desk)
    before = _drafts()
    db.session.rollback()
    answer = client.get("/en/leave")
    assert answer.status_code == 303
    assert answer.headers["Location"] == info.LEAVE_TO
    assert "Expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get_cookie("tipline") is None
    client.page("/en/tip/check", status=410)
    assert _drafts() == before != []


def test_leaving_over_https_expires_the_cookie_that_https_has(client):
    answer = client.get("/el/leave", base_url="https://tips.authority.example")
    assert answer.headers["Set-Cookie"].startswith("__Host-tipline=;")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_every_page_offers_the_way_out(client):
    for path in ("", "privacy", "help", "leave-info", "emergency", "accessibility", "receipt"):
        page = client.page(f"/fr/{path}")
        assert page.html.count('href="/fr/leave"') >= 2


def test_the_onion_address_is_shown_where_there_is_one(settings):
    client = make_app(settings, "public", onion="http://example.onion").test_client()
    assert "http://example.onion" in client.page("/en/leave-info").main


@pytest.mark.parametrize("path", ["privacy", "help", "emergency", "accessibility", "leave-info"])
def test_pages_to_read_set_no_cookie(client, path):
    assert "Set-Cookie" not in client.page(f"/en/{path}").response.headers
