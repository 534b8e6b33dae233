"""Reply templates per language, and a message that keeps its language from the template to the mailbox."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team, write
from tests.pages import PageClient
from tests.staff.test_about import stored
from tests.staff.test_mailbox import enter, entries
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.desk_paper import DeskPaper
from tipline.models.tip import MailboxMessage, TipKey
from tipline.services import conversation, languages_found, mailbox, reply_templates

ENGLISH, GREEK = "Thank you. MARKER-EN which shop was it?", "Ευχαριστούμε. MARKER-EL σε ποιο κατάστημα ήταν;"


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def test_a_template_is_written_in_two_languages_changed_and_removed(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    factories.sign_in(client, team.reviewers[0], now)
    page = client.page(client.page("/staff/").links["Reply templates"])
    assert "No template yet" in page.main
    page = client.page(page.links["Write a template"])
    assert "Choose the language of the text" in client.submit(page, field="template_title").errors
    made = {"template_title": "MARKER-TITLE which shop", "language": "en", "message": ENGLISH}
    page = client.submit(page, made, field="template_title")
    assert "MARKER-EN" in page.main
    again = client.page(f"/staff/reply-templates/new?desk={team.desk_id}")
    taken = client.submit(again, {**made, "message": "Another"}, field="template_title")
    assert "Another template of this desk has this name. Choose another one" in taken.errors
    added = client.page(page.links["Add a language"])
    assert "MARKER-EN" in added.main
    page = client.submit(added, {"language": "el", "message": GREEK}, field="template_title")
    assert 'lang="el">Ευχαριστούμε' in page.html
    changed = client.page(page.links["Change the text in English"])
    assert changed.form("message").values["message"][0].strip() == ENGLISH
    page = client.submit(changed, {"message": "MARKER-NEW"}, field="template_title")
    assert ("MARKER-NEW" in page.main, "MARKER-EN" in page.main, "MARKER-EL" in page.main) == (True, False, True)
    assert b"MARKER-" not in stored()
    page = client.submit(page, action="/en/remove")
    assert "MARKER-NEW" not in page.main
    assert "/el/remove" not in page.html  # its only language
    assert "English" not in page.main
    page = client.submit(page, action="/remove")
    assert "No template yet" in page.main
    assert not db.session.scalars(select(DeskPaper)).all()
    told = {entry.field_group for entry in entries("template.written")}
    assert told == {"made.en", "written.el", "written.en", "dropped.en", "removed"}


def test_templates_are_one_desks_alone(client: PageClient, team: Team, now: dt.datetime) -> None:
    made = write(lambda: reply_templates.make(team.reviewer, team.desk_id, "Thanks", "en", ENGLISH, now))
    other = factories.make_team(now)
    factories.sign_in(client, other.reviewers[0], now)
    for address in (f"/staff/reply-templates/{made}", f"/staff/reply-templates/{made}/text"):
        client.page(address, status=404)
    assert "MARKER-EN" not in client.page(f"/staff/reply-templates?desk={team.desk_id}").html
    with pytest.raises(errors.NotFound):
        reply_templates.of_desk(other.reviewer, team.desk_id)
    factories.sign_in(client, team.administrator, now)
    client.page(f"/staff/reply-templates/{made}", status=403)


def test_what_cannot_be_a_template_is_refused(database: Database, now: dt.datetime) -> None:
    team = factories.make_team(now)
    person, desk = team.reviewer, team.desk_id
    for title, tag, text, field in (
        (" ", "en", "x", "template_title"),
        ("x" * 81, "en", "x", "template_title"),
        ("x", "xx", "x", "language"),
        ("x", "en", " ", "message"),
        ("x", "en", "x" * 5001, "message"),
    ):
        with pytest.raises(errors.BadInput) as refused:
            reply_templates.make(person, desk, title, tag, text, now)
        assert refused.value.field == field
    made = write(lambda: reply_templates.make(person, desk, "Thanks", "en", "x", now))
    assert write(lambda: reply_templates.make(person, desk, "Thanks", "en", "x", now)) == made  # a second click
    known = reply_templates.find(person, made)
    with pytest.raises(errors.WrongState):
        reply_templates.drop(person, known, "en", now)
    with pytest.raises(errors.NotFound):
        reply_templates.drop(person, known, "el", now)
    # Two people who write two languages from the same page lose neither.
    write(lambda: reply_templates.write(person, known, "Thanks", "fr", "Merci", now))
    write(lambda: reply_templates.write(team.supervisor, known, "Thanks", "el", GREEK, now))
    assert list(reply_templates.find(person, made).texts) == ["el", "en", "fr"]
    write(lambda: reply_templates.remove(person, known, now))
    assert db.session.scalars(select(TipKey).where(TipKey.tip_id == made)).all() == []
    with pytest.raises(errors.NotFound):
        reply_templates.find(person, made)


def test_a_message_keeps_its_language_from_the_template_to_every_page_of_the_mailbox(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    languages_found.prepare()
    made = write(lambda: reply_templates.make(team.reviewer, team.desk_id, "Which shop", "en", ENGLISH, now))
    known = reply_templates.find(team.reviewer, made)
    write(lambda: reply_templates.write(team.reviewer, known, "Which shop", "el", GREEK, now))
    sent = factories.make_tip(now, ui_language="el")
    page = enter(client, team.reviewers[0], sent.ref, now)
    page = client.page(page.links["Write to the sender"])
    assert page.form("message").values["language"] == [""]
    first = page.html.index("Which shop: Greek")
    assert first < page.html.index("Which shop: English")  # what the sender reads stands first
    chosen = {"step": "template", "template": f"{made}:el", "message": "Also: when?"}
    page = client.submit(page, chosen, field="message")
    written = page.form("message").values
    assert (written["message"][0].strip(), written["language"]) == (f"{GREEK}\n\nAlso: when?", ["el"])
    other = client.submit(page, {"language": "en", "message": GREEK * 3}, field="message")
    assert "The sender may not read this language" in other.main
    assert "This text reads like Greek" in other.main
    page = client.submit(page, {"message": GREEK}, field="message")
    assert "may not read" not in page.main
    client.submit(page, {"step": "send"}, field="message")
    write(lambda: reply_templates.remove(team.reviewer, known, now))
    [message] = conversation.read_messages(sent.tip_id, mailbox.open_mailbox(sent.receipt).key)
    assert (message.text, message.language) == (GREEK, "el")
    assert len(db.session.scalars(select(MailboxMessage)).all()) == 1
    db.end()
    for language in ("el", "fr", "en"):
        page = client.page(f"/{language}/receipt")
        found = client.submit(page, {"receipt": sent.receipt}, field="receipt")
        assert 'lang="el">Ευχαριστούμε. MARKER-EL' in found.html
