"""Who is told of what at a tip: colleagues whom a note calls, auditors of special categories; and its timeline."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import tipline
from tests import factories
from tests.factories import Team, write
from tests.pages import PageClient
from tests.staff.test_tip import enter, entries
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.account import Account
from tipline.models.telling import NoteCall, SpecialFlag
from tipline.services import access, note_calls, notes, persons_mentioned, retention, rights, special_flags, waiting
from tipline.services.persons_mentioned import Mention
from tipline.staff import history_words

SPECIAL = Mention("MARKER-ANNA", "witness", "", "She saw it", is_special=True, special="MARKER-HEALTH")


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip."""
    return str(factories.make_tip(now).ref)


def named(team: Team, number: int) -> str:
    """What a reviewer is called."""
    return team.reviewers[number].person.display_name


def test_a_colleague_whose_name_is_in_a_note_is_told_of_the_tip_and_not_of_the_note(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    colleague = team.reviewers[1].person
    page = enter(client, team.reviewers[0], ref, now)
    page = client.submit(page, {"note": f"MARKER-NOTE @{named(team, 1).upper()} look"}, field="note")
    assert f"Called to this tip: {named(team, 1)}." in page.text
    assert f"Note calls {named(team, 1)}" in page.main
    assert "calls you" not in client.page("/staff/").main
    assert waiting.kinds_for(colleague.id, now, now) == ("calls",)
    db.end()
    factories.sign_in(client, team.reviewers[1], now)
    queue = client.page("/staff/")
    assert "A colleague calls you to 1 tip." in queue.main
    listed = client.page(queue.links["Show where"])
    assert named(team, 0) in listed.main
    assert "MARKER-NOTE" not in queue.html + listed.html
    page = client.page(listed.links[ref])
    assert page.h1 == f"Why do you open tip {ref}?"  # being called is no reason
    page = client.submit(page, {"reason_code": "second_opinion"}, field="reason_code")
    assert "A note here calls you" in page.main
    page = client.submit(page, {"note": "Seen it"}, field="note")
    assert "A note here calls you" not in page.main
    assert "Nobody calls you" in client.page("/staff/calls").main


def test_a_call_is_seen_by_a_press_and_goes_with_the_tip(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    opened = factories.open_tip(team, ref, now)
    write(lambda: notes.write_note(opened, f"@{named(team, 1)}", now))
    factories.sign_in(client, team.reviewers[1], now)
    page = client.submit(client.page("/staff/calls"), action=f"/calls/{ref}/seen")
    assert "Nobody calls you" in page.main
    write(lambda: notes.write_note(opened, f"@{named(team, 1)}", now))
    write(lambda: notes.write_note(opened, f"@{named(team, 1)} again", now))
    assert len(db.session.scalars(select(NoteCall)).all()) == 1
    write(lambda: retention.erase_tip(opened.tip.id, "request", None, now))
    assert not db.session.scalars(select(NoteCall)).all()


def test_names_are_called_whole_or_by_a_first_name_that_one_person_has(database: Database, now: dt.datetime) -> None:
    team = factories.make_team(now, reviewers=4)
    for known, name in zip(team.reviewers, ("Me Myself", "Ann Lee", "Ann", "Éva Nagy"), strict=True):
        row = db.session.get(Account, known.person.id)
        row.display_name = name
    db.session.commit()
    factories.make_exhibit(team, now)
    opened = factories.open_tip(team, factories.make_tip(now).ref, now)
    told: Any = lambda text: set(write(lambda: note_calls.call(opened, text, now)))  # noqa: E731
    assert told("@Ann Lee, please") == {"Ann Lee"}
    assert told("(@ann)") == {"Ann"}
    assert told("@éva and @Ann  Lee") == {"Éva Nagy", "Ann Lee"}
    assert told("@Annabel, mail@Ann, @shop_seller, @Me Myself, @Lee") == set()


def test_auditors_have_an_inbox_of_special_categories_that_says_that_and_not_what(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    opened = factories.open_tip(team, ref, now)
    mention_id = write(lambda: persons_mentioned.mention(opened, SPECIAL, now))
    assert waiting.kinds_for(team.auditor.person.id, now, now) == ("flags",)
    factories.sign_in(client, team.auditor, now)
    page = client.page("/admin/log")
    assert "Special categories (1)" in page.links
    page = client.page(page.links["Special categories (1)"])
    for said in (ref, team.reviewer.display_name, "Kept"):
        assert said in page.main
    assert "MARKER-" not in page.html
    page = client.submit(page, action=f"/{mention_id}/seen")
    assert team.auditor.person.display_name in page.main
    assert "Special categories (1)" not in page.links
    assert len(entries("special.seen")) == 1
    assert waiting.kinds_for(team.auditor.person.id, now, now) == ()
    write(lambda: persons_mentioned.remove(opened, mention_id, now))
    assert "Taken out again" in client.page("/admin/special-flags").main
    with pytest.raises(errors.NotAllowed):
        special_flags.see(team.reviewer, mention_id, now)
    with pytest.raises(errors.NotAllowed):
        special_flags.list_flags(team.administrator.person)
    write(lambda: retention.erase_tip(opened.tip.id, "request", None, now))
    assert not db.session.scalars(select(SpecialFlag)).all()
    assert "No flag yet" in client.page("/admin/special-flags").main


def test_the_timeline_tells_of_the_desk_and_of_the_sender(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    opened = factories.open_tip(team, ref, now)
    factories.add_to_tip(opened.tip.id, now, kind="correction")
    write(lambda: rights.ask(opened.tip.id, "access", now))
    page = enter(client, team.reviewers[0], ref, now)
    page = client.submit(client.page(page.links["Summary for colleagues"]), {"summary": "Short"}, field="summary")
    page = client.page(f"/staff/tips/{ref}")
    for line in (
        "The sender added something",
        "The sender asks for Access",
        "Summary for colleagues written",
        "Opened",
    ):
        assert line in page.main


def test_every_line_of_a_timeline_has_words() -> None:
    services = Path(tipline.__file__).parent / "services"
    used = {
        node.args[1].value
        for path in services.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "history.add"
    }
    assert len(used) > 30
    assert used <= set(history_words.NAMES)


def test_a_call_of_a_tip_that_went_to_another_desk_is_told_to_nobody(team: Team, ref: str, now: dt.datetime) -> None:
    other = factories.make_team(now)
    tip = access.see_tip(team.reviewer, ref)
    row = NoteCall(account_id=other.reviewer.id, tip_id=tip.id, called_by=team.reviewer.id, called_at=now)
    db.session.add(row)
    db.session.commit()
    assert note_calls.list_calls(other.reviewer) == ()
    assert note_calls.count(other.reviewer) == 0
    assert "calls" not in waiting.kinds_for(other.reviewer.id, now, now)
