"""What the desk reads out of a tip, and the way of a file in quarantine, page by page."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text

from tests import factories
from tests.factories import Team
from tests.pages import PageClient
from tests.staff.test_tip import enter, entries, row
from tipline.extensions import db
from tipline.models.tip import Attachment
from tipline.services import languages_found, tip_translations
from tipline.services.tip_translations import Piece


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    return factories.make_team(now)


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip about an object, with a document."""
    exhibit = factories.make_exhibit(team, now)
    files = [("paper.pdf", b"%PDF-1.4\n%%EOF\n")]
    return str(factories.make_tip(now, exhibit_ref=exhibit, narrative="Anna sold the bag in Volos", files=files).ref)


def stored() -> bytes:
    """Every byte of every table but the log, as a thief of the database has it."""
    from tipline.models.base import Base

    db.session.expire_all()
    rows = (db.session.execute(text(f'SELECT * FROM "{name}"')).all() for name in Base.metadata.tables)  # noqa: S608
    return repr([list(one) for one in rows]).encode()


def test_nobody_becomes_a_suspect_by_a_tip(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    said = {"person_name": "MARKER-ANNA", "necessity": "MARKER-WHY she has to be asked"}
    refused = client.submit(page, {**said, "category": "suspect"}, field="person_name")
    assert "Enter the reference of the authority that says so. A tip makes nobody a suspect" in refused.errors
    assert "MARKER-ANNA" in refused.html
    refused = client.submit(page, {**said, "is_special": "y"}, field="person_name")
    assert "Say why this is strictly necessary for the operation" in refused.errors
    assert "Say why this person must be written down" in client.submit(page, {"person_name": "A"}, field="role").errors
    page = client.submit(page, said, field="person_name")
    assert "Named in the tip, nothing verified" in page.main
    assert not entries("person.special")
    page = client.submit(page, {**said, "is_special": "y", "special": "MARKER-SPECIAL"}, field="person_name")
    [told] = entries("person.special")
    assert (told.subject_ids, told.field_group) == (row(ref).id, "special-category")
    assert b"MARKER-" not in stored()
    form = next(form for form in page.forms if "/persons/" in form.action and "/remove" in form.action)
    page = client.submit(page, action=form.action)
    assert page.main.count("MARKER-ANNA") == 1


def test_what_is_held_back_stands_beside_the_tip_and_nowhere_else(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    page = client.page(page.links["Facts that are held back"])
    assert "Nothing is held back of this object yet." in page.main
    assert "Write the fact" in client.submit(page, field="fact").errors
    page = client.submit(page, {"fact": "MARKER-ZIP the zip is red"}, field="fact")
    address = page.path
    assert "MARKER-ZIP" in page.main
    assert "MARKER-ZIP" in client.page(f"/staff/tips/{ref}").main
    assert b"MARKER-ZIP" not in stored()
    assert {entry.justification for entry in entries("hold-back.read")} == {"desk_work", "assigned_work"}
    factories.sign_in(client, factories.make_team(now).reviewers[0], now)
    client.page(address, status=404)
    factories.sign_in(client, team.administrator, now)
    client.page(address, status=403)
    factories.sign_in(client, team.reviewers[1], now)
    page = client.submit(client.page(address), action="/remove")
    assert "MARKER-ZIP" not in page.main


def test_countries_are_three_things(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    assert "Choose the country" in client.submit(page, field="meaning").errors
    for meaning, country in (("sale", "GR"), ("production", "CN"), ("sale", "GR")):
        page = client.submit(page, {"meaning": meaning, "country": country}, field="meaning")
    for said in ("Sold in Greece", "Made in China", "Scene in Not set"):
        assert said in page.main
    page = client.submit(page, action="/places/sale/GR/remove")
    assert "Sold in Not set" in page.main


def test_a_translation_says_who_made_it_and_stays_with_the_original(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    assert "Choose who made the translation" in client.submit(page, {"translation": "x"}, field="translation").errors
    made = {"translation_language": "de", "made_by": "machine", "translation": "MARKER-DEUTSCH Anna hat verkauft"}
    page = client.submit(page, made, field="translation")
    assert "Translated by a machine, not checked" in page.main
    assert 'lang="de"' in page.html
    page = client.submit(page, action="/identifies-sender")
    assert "MARKER-DEUTSCH" not in page.html


def test_what_was_cut_is_marked(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    page = client.submit(page, {"sanitised": "Somebody sold the bag in Volos"}, field="sanitised")
    assert '<del class="tl-cut">Anna</del><ins class="tl-new">Somebody</ins> sold the bag in Volos' in page.html
    assert tip_translations.compare("a b", "a b") == (Piece("same", "a b"),)
    assert tip_translations.compare("a " * 5000, "b") == ()


def test_a_shut_file_goes_to_an_authority_page_by_page(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    authority = factories.make_authority(team, now)
    page = enter(client, team.supervisors[0], ref, now)
    address = next(href for label, href in page.links.items() if label.startswith("File 1"))
    page = client.submit(client.submit(client.page(address), action="/quarantine"), action="/take")
    assert "Quarantine: suspected illegal content" in page.main
    listed = client.page("/staff/quarantine")
    assert "1 file" in listed.main
    page = client.page(listed.links[f"File 1 of tip {ref}"])
    there = address.partition("?")[0]
    assert b"%PDF" not in client.post(f"{there}/download", data={"understood": "y"}).data
    assert "Say why the file can be opened again" in client.submit(page, action="/release").errors
    page = client.submit(page, {"release_reason": "It is an invoice"}, action="/release")
    assert "proposed to release it" in page.main
    page = client.page(page.links["Hand it over to an authority"])
    assert "Choose the authority" in client.submit(page, field="authority").errors
    page = client.submit(page, {"authority": authority.authority_id}, field="authority")
    early = client.submit(client.page(page.links["Destroy the file"]), {"understood": "y"}, field="understood")
    assert "Download the sealed copy for the authority first." in early.text
    form = page.form(action="/sealed-copy")
    copy = client.post(form.action, data={name: value[0] for name, value in form.values.items()})
    assert copy.data.startswith(b"age-encryption.org/v1")
    assert copy.headers["Content-Disposition"] == f'attachment; filename="{ref}-01.age"'
    certificate = client.page(page.links["Certificate of the hand-over"])
    assert "Not by anybody" in certificate.main
    page = client.page(page.links["Destroy the file"])
    assert "Tick that the authority has its copy" in client.submit(page, field="understood").errors
    page = client.submit(page, {"understood": "y"}, field="understood")
    assert "This file is destroyed" in page.main
    db.session.expire_all()
    assert db.session.scalars(select(Attachment.screening)).one() == "destroyed"
    assert "Destroyed" in client.page(f"/staff/tips/{ref}").main


def test_a_lane_says_what_it_asks_for(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    for lane, said in (("urgent", "Telephone first, then write."), ("safeguarding", "do not have to read it yourself")):
        page = client.submit(page, {"lane": lane}, field="lane")
        assert said in page.main
    factories.sign_in(client, team.reviewers[1], now)
    assert "arrived within the hour" in client.page("/staff/").main
    asked = client.page(f"/staff/tips/{ref}")
    assert "leave it to a colleague who is trained for it" in asked.main


def test_a_disclosure_is_left_to_those_who_are_named_for_it(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    desk = f"/staff/desks/{team.desk_id}"
    named = team.reviewers[1].person
    factories.sign_in(client, team.supervisors[0], now)
    page = client.page(desk)
    assert "Nobody is named yet" in page.main
    page = client.submit(page, action=f"/safeguarders/{named.id}")
    assert "given to nobody else" in page.main
    page = enter(client, team.reviewers[0], ref, now)
    assert "/safeguarders/" not in client.page(desk).html
    page = client.submit(page, {"lane": "safeguarding"}, field="lane")
    assert page.h1.startswith("Queue of")
    assert "It is left to the colleagues who are named for it." in page.text
    left = client.page(f"/staff/tips/{ref}")
    assert named.display_name in left.main
    assert "Volos" not in left.html
    for address in (f"/staff/tips/{ref}/summary", f"/staff/tips/{ref}/message"):
        client.page(address, status=403)
    client.submit(client.page("/staff/excerpts"), {"reason_code": "assigned_work"}, field="reason_code")
    assert "Volos" not in client.page("/staff/").html
    page = enter(client, team.reviewers[1], ref, now)
    assert "Volos" in page.main
    page = client.submit(page, {"assignee": named.id}, field="assignee")
    assert team.reviewer.display_name not in page.html[page.html.index('name="assignee"') :].partition("</select>")[0]


def test_a_text_in_another_language_than_was_chosen_is_told(
    client: PageClient, team: Team, ref: str, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages_found.prepare()
    greek = str(factories.make_tip(now, narrative="Αγόρασα την ίδια τσάντα στο λιμάνι του Βόλου πέρυσι").ref)
    assert "Greek, which is not what was chosen" in enter(client, team.reviewers[0], greek, now).main
    assert "Reads like" not in enter(client, team.reviewers[0], ref, now).main
    monkeypatch.setattr(languages_found.util, "find_spec", lambda _name: None)
    assert "is not installed" in client.page(f"/staff/tips/{greek}").main
