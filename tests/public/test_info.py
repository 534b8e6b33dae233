"""What there is to know: every item of the notice, the numbers, and the way out."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

from tests.conftest import make_app
from tests.pages import words
from tests.tipsters import send, the_tip, write
from tipline import config
from tipline.extensions import db
from tipline.languages import OFFERED
from tipline.models.tip import Draft
from tipline.public import info
from tipline.services.countries import countries
from tipline.services.helplines import KINDS, helplines
from tipline.web.journey import NOTICE_VERSION
from tipline.web.locale import by_letters

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


NAMED = (
    *("Example Authority", "contact@authority.example", "dpo@authority.example", "183", "1095", "90"),
    *("Example Data Protection Authority", NOTICE_VERSION),
)


def test_the_notice_has_every_item_in_every_language(client):
    for tag in TAGS:
        page = client.page(f"/{tag}/privacy")
        headings = {e.get("id"): words(e) for e in page.tree.iter("h2") if e.get("id")}
        assert [known for known in headings if known in ITEMS] == list(ITEMS), tag
        assert all(headings.values()), tag
        assert [item for item, heading in headings.items() if page.links[heading] != f"#{item}"] == [], tag
        assert [known for known in NAMED if known not in page.main] == [], tag


def test_the_version_of_the_notice_is_stored_with_a_tip(client, desk):
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
    for path in ("", "privacy", "help", "leave-info", "emergency", "accessibility", "children", "cookies"):
        assert "anonym" not in client.page(f"/en/{path}").text.lower()


def test_the_numbers_can_be_called_and_the_countries_stand_in_the_order_of_their_names(client):
    for tag in TAGS:
        page = client.page(f"/{tag}/emergency")
        for number in ("112", "116 111", "116 000", "116 006"):
            assert page.links[number] == f"tel:{number.replace(' ', '')}", tag
        names = [words(option) for option in page.tree.iter("option") if option.get("value")]
        assert len(names) == len(set(names)) == len(helplines().countries), tag
        assert names == sorted(names, key=by_letters), tag


def test_the_numbers_of_a_country_can_be_called_and_name_their_sources(client):
    page = client.page("/en/emergency?country=BE")
    here = helplines().countries["BE"]
    for line in here.lines:
        assert page.links[line.number] == f"tel:{line.number.replace(' ', '')}"
        assert line.operator in page.main
    assert page.links[here.hotline.name] == here.hotline.address
    for source in here.sources:
        assert source.address in page.links.values()
    assert page.form("country").values["country"] == ["BE"]
    assert "chosen-country" in page.html


def test_a_country_that_is_not_known_shows_the_numbers_of_all(client):
    page = client.page("/en/emergency?country=%3Cb%3E")
    assert "chosen-country" not in page.html
    assert page.links["112"] == "tel:112"


def test_what_is_known_of_every_country_is_whole():
    for here in helplines().countries.values():
        _check_whole(here)
    assert {line.kind for line in helplines().everywhere} <= info.WHO_ANSWERS.keys()


def _check_whole(here):
    assert here.code in countries()
    assert here.lines[0].kind in {"emergency", "police"}
    assert all(re.fullmatch(r"\d{1,5}(?: \d{1,4})*", line.number) for line in here.lines)
    assert {line.kind for line in here.lines} <= set(KINDS)
    assert here.sources
    assert all(re.match(r"https?://[a-z0-9.-]+/", source.address) and source.title for source in here.sources)
    assert here.hotline is None or re.match(r"https://[a-z0-9.-]+/", here.hotline.address)
    assert dt.date(2026, 11, 22) <= here.checked


def test_every_country_of_the_union_and_its_area_has_an_emergency_number():
    area = {code for code, country in countries().items() if country.eea} | {"CH", "GB"}
    assert area <= helplines().countries.keys()
    for code in area:
        assert "112" in {line.number for line in helplines().countries[code].lines}


def test_the_page_for_children_begins_with_whom_to_call(client):
    page = client.page("/en/children")
    assert page.main.index("112") < page.main.index("What this website is")
    assert {"tel:112", "tel:116111", "/en/emergency#countries", "/en/tip", "/en/leave"} <= set(page.links.values())


def test_the_statement_names_who_watches_over_it(settings):
    named = make_app(settings, "public", enforcement_body="Office for Equal Access").test_client()
    assert "Office for Equal Access" in named.page("/en/accessibility").main


@pytest.mark.parametrize(("profile", "answer"), [("eu_agency", "within 3 months"), ("hotline", "within 1 month.")])
def test_the_notice_says_how_long_an_answer_takes(settings, profile, answer):
    client = make_app(settings, "public", profile=config.profiles()[profile]).test_client()
    text = client.page("/en/privacy").main
    assert answer in text
    assert "72 hours" in text
    assert ("HEIC" in text) == config.profiles()[profile].attachments


def test_a_weakness_can_be_reported_where_somebody_is_named(settings, client, now):
    assert client.get("/.well-known/security.txt").status_code == 404
    named = make_app(
        settings,
        "public",
        security_contact="mailto:security@authority.example",
        public_address="https://tips.authority.example",
    ).test_client()
    answer = named.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert answer.mimetype == "text/plain"
    assert fields["Contact"] == "mailto:security@authority.example"
    assert fields["Canonical"] == "https://tips.authority.example/.well-known/security.txt"
    assert now < dt.datetime.fromisoformat(fields["Expires"]) < now + dt.timedelta(days=365)


def test_search_engines_stay_away_from_the_pages_of_a_tip(client):
    kept_out = client.get("/robots.txt").text
    for path in ("/staff/", "/admin/", "/*/tip", "/*/receipt", "/*/leave"):
        assert f"Disallow: {path}\n" in kept_out


def test_every_page_leads_to_all_there_is_to_know(client):
    links = set(client.page("/en/").links.values())
    for path in ("emergency", "children", "help", "leave-info", "privacy", "cookies", "accessibility"):
        assert f"/en/{path}" in links


def _drafts():
    return [tuple(row) for row in db.session.execute(select(Draft.__table__))]


def test_leaving_makes_the_draft_unreadable_at_once_and_changes_no_row(client, desk):
    write(client, desk)
    before = _drafts()
    db.session.rollback()
    answer = client.get("/en/leave")
    assert answer.status_code == 303
    assert answer.headers["Location"] == helplines().leave_to
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
    page = client.page("/en/leave-info")
    assert "http://example.onion" in page.main
    assert page.response.headers["Onion-Location"] == "http://example.onion/en/leave-info"
    there = client.get("/en/leave-info", base_url="http://example.onion")
    assert "Onion-Location" not in there.headers


@pytest.mark.parametrize("path", ["privacy", "help", "emergency", "accessibility", "leave-info", "children", "cookies"])
def test_pages_to_read_set_no_cookie(client, path):
    assert "Set-Cookie" not in client.page(f"/en/{path}").response.headers
