"""A tip's page: opened with a reason, worked on step by step, and shut to everybody else."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Known, Team
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.tip import Attachment, Tip
from tipline.staff import showing

PICTURE = factories.picture()


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip in Greek with a picture, a document and an identity."""
    sent = factories.make_tip(
        now,
        narrative="Αγόρασα την ίδια τσάντα. Δείτε http://shop.example/bag \u202eevil",
        tip_language=368,
        files=[("bag.jpg", PICTURE), ("paper.pdf", b"%PDF-1.4\n%%EOF\n")],
        identity={"name": "MARKER-NAME"},
        how_known="first_hand",
    )
    return str(sent.ref)


def enter(client: PageClient, known: Known, ref: str, now: dt.datetime) -> Page:
    """Sign somebody in and open the tip with a reason."""
    factories.sign_in(client, known, now)
    page = client.page(f"/staff/tips/{ref}")
    if "Why do you open" in page.h1:
        page = client.submit(page, {"reason_code": "assigned_work"}, field="reason_code")
    return page


def entries(event: str) -> list[LogEntry]:
    """Log entries of one event."""
    db.session.expire_all()
    return list(db.session.scalars(select(LogEntry).where(LogEntry.event == event)))


def row(ref: str) -> Tip:
    """The tip's row as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Tip).where(Tip.ref == ref)).one()


def test_a_tip_asks_why_before_it_shows_anything(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    factories.sign_in(client, team.reviewers[0], now)
    asked = client.page(f"/staff/tips/{ref}")
    assert asked.h1 == f"Why do you open tip {ref}?"
    assert "τσάντα" not in asked.html
    assert not entries("tip.opened")
    assert "Choose why you look" in client.submit(asked, field="reason_code").errors
    missing = client.submit(asked, {"reason_code": "other"}, field="reason_code")
    assert "Say in a few words what the reason is" in missing.errors
    page = client.submit(asked, {"reason_code": "assigned_work"}, field="reason_code")
    assert "Αγόρασα την ίδια τσάντα" in page.main
    [entry] = entries("tip.opened")
    assert (entry.operation, entry.justification) == ("consult", "assigned_work")


def test_the_story_keeps_its_language_and_loses_its_teeth(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    assert 'class="tl-narrative" dir="auto" lang="el"' in page.html
    assert "hxxp://shop[.]example/bag" in page.main
    assert "http://shop" not in page.html
    assert "\u202e" not in page.html
    assert "Saw it or knows it first hand" in page.main
    assert "MARKER-NAME" not in page.html


def test_text_that_hides_or_links_is_shown_as_what_it_is() -> None:
    assert showing.visible("a\u202eb\u200bc\x07\n\U000e0041") == "a[U+202E]b[U+200B]c[U+0007]\n[U+E0041]"
    assert showing.defanged("HTTPS://a.b.example/x.y www.c.example") == "hxxps://a[.]b[.]example/x.y www[.]c[.]example"
    assert showing.file_name("in\u202egpj.exe\nnext") == "in[U+202E]gpj.exe next"
    assert len(showing.file_name("x" * 500)) == 80


def test_ten_thousand_characters_of_anything_are_shown(client: PageClient, team: Team, now: dt.datetime) -> None:
    story = ("</textarea><script>\"'{{ 7*7 }}%s\u2028\ud7ff\U0001f9f5 " * 400)[:10_000].strip()
    ref = factories.make_tip(now, narrative=story).ref
    page = enter(client, team.reviewers[0], ref, now)
    assert "<script>" not in page.main.replace('</textarea><script>"', "")
    assert page.main.count("{{ 7*7 }}") > 100


def test_the_work_on_a_tip_from_arrival_to_its_end(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    page = client.submit(page, action="/take")
    assert "This tip is yours." in page.main
    page = client.submit(page, {"note": "Ask in Volos"}, field="note")
    assert "Ask in Volos" in page.main
    page = client.submit(page, {"sanitised": "The bag was sold in Volos"}, field="sanitised")
    page = client.submit(page, {"basis": "fact", "statement": "Sold since 2019"}, field="statement")
    assert "Sold since 2019" in page.main
    page = client.submit(
        page, {"source_code": "X", "information_code": "2", "grade_reason": "Bought it"}, field="grade_reason"
    )
    assert (row(ref).status, row(ref).information_code) == ("assessed", "2")
    assert "Propose a referral with this tip" in page.links
    page = client.submit(page, {"disposition": "duplicate", "disposition_reason": "See another"}, field="disposition")
    assert "Duplicate of another tip" in page.main
    assert row(ref).closed
    page = client.submit(page, action="/reopen")
    assert not row(ref).closed


@pytest.mark.parametrize(
    ("field", "values", "error"),
    [
        ("note", {"note": " "}, "Write the note"),
        ("note", {"note": "x" * 2001}, "Use 2 000 characters or fewer"),
        ("grade_reason", {"source_code": "D"}, "Choose one of the answers in the list"),
        (
            "statement",
            {"statement": "Kept words", "as_of": "2026-03-03", "basis": "fact"},
            "This date has not come yet",
        ),
        ("statement", {"statement": "Kept words", "verified_on": "32 May"}, "Enter a real date, for example 27 3 2026"),
        ("disposition", {"disposition_reason": "Because"}, "Choose how it ends"),
        ("lane", {"lane": "fast"}, "Choose one of the answers in the list"),
    ],
)
def test_what_cannot_be_saved_stays_on_the_page_with_a_sentence(
    client: PageClient, team: Team, ref: str, now: dt.datetime, field: str, values: dict[str, str], error: str
) -> None:
    page = client.submit(enter(client, team.reviewers[0], ref, now), values, field=field)
    assert error in page.errors
    assert page.title.startswith("Error: ")
    if "statement" in values:
        assert page.form("statement").values["statement"] == ["Kept words"]


def test_an_a_waits_for_a_supervisor_on_the_page(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    page = client.submit(page, {"source_code": "A", "grade_reason": "Known officer"}, field="grade_reason")
    assert "A4 waits for a supervisor" in page.main
    assert not [form for form in page.forms if "/agree" in form.action]
    page = enter(client, team.supervisors[0], ref, now)
    page = client.submit(page, action="/agree")
    assert row(ref).source_code == "A"


def test_the_identity_needs_a_supervisor_a_password_and_a_reason(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    enter(client, team.reviewers[0], ref, now)
    client.page(f"/staff/tips/{ref}/identity", status=403)
    enter(client, team.supervisors[0], ref, now)
    asked = client.page(f"/staff/tips/{ref}/identity")
    assert "MARKER-NAME" not in asked.html
    shown = client.submit(asked, {"reason_code": "urgent_risk"}, field="reason_code")
    assert "MARKER-NAME" in shown.main
    assert [entry.justification for entry in entries("identity.opened")] == ["urgent_risk"]


def test_a_stale_password_is_asked_for_again_before_an_identity(
    client: PageClient, team: Team, ref: str, now: dt.datetime, clock: object
) -> None:
    enter(client, team.supervisors[0], ref, now)
    clock.advance(minutes=6)  # type: ignore[attr-defined]
    page = client.page(f"/staff/tips/{ref}/identity")
    assert "password" in page.h1.lower()


def test_a_picture_is_shown_small_and_grey_and_then_in_full(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    address = next(href for text, href in page.links.items() if text.startswith("File 1"))
    picture = f"/staff/tips/{ref}/attachments/{_attachment(ref, 'jpeg')}/picture"
    assert client.get(f"{picture}/small").status_code == 400
    page = client.page(address)
    assert not list(page.tree.iter("img"))[1:]
    page = client.submit(page, action="/reveal/small")
    small = client.get(f"{picture}/small")
    assert small.mimetype == "image/webp"
    assert small.headers["Cache-Control"] == "no-store"
    assert client.get(f"{picture}/full").status_code == 400
    client.submit(page, action="/reveal/full")
    full = client.get(f"{picture}/full")
    assert len(full.data) > 0
    assert db.session.scalars(select(Attachment.viewed).where(Attachment.kind == "jpeg")).one()
    assert len(entries("attachment.revealed")) >= 4


def test_a_document_is_downloaded_after_a_warning(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    address = next(href for text, href in page.links.items() if text.startswith("File 2"))
    page = client.page(address)
    assert "cannot be shown here" in page.main
    assert "Tick that you have read the warning" in client.submit(page, action="/download").errors
    form = page.form(action="/download")
    taken = client.post(form.action, data={**{k: v[0] for k, v in form.values.items()}, "understood": "y"})
    assert taken.data == b"%PDF-1.4\n%%EOF\n"
    assert taken.headers["Content-Disposition"] == f'attachment; filename="{ref}-02.pdf"'
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in taken.headers["Content-Security-Policy"]
    assert len(entries("attachment.downloaded")) == 1


def test_a_quarantined_file_stays_shut(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    page = enter(client, team.reviewers[0], ref, now)
    address = next(href for text, href in page.links.items() if text.startswith("File 1"))
    client.submit(client.submit(client.page(address), action="/reveal/small"), action="/quarantine")
    assert row(ref).lane == "quarantine"
    page = client.page(address)
    assert "This file is in quarantine" in page.main
    picture = f"/staff/tips/{ref}/attachments/{_attachment(ref, 'jpeg')}/picture/small"
    assert client.get(picture).status_code == 409


def test_previous_and_next_stay_within_the_filter(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    others = [factories.make_tip(now, tip_language=362).ref for _ in range(3)]
    factories.sign_in(client, team.reviewers[0], now)
    queue = client.page("/staff/?language=362")
    order = [text for text in queue.links if text in others]
    for one in order:
        asked = client.page(queue.links[one])
        page = client.submit(asked, {"reason_code": "assigned_work"}, field="reason_code")
    page = client.page(f"{queue.links[order[1]]}")
    assert order[0] in page.links["Previous tip"]
    assert order[2] in page.links["Next tip"]
    assert "language=362" in page.links["Next tip"]


@pytest.mark.parametrize("path", ["", "/identity", "/attachments/0"])
def test_another_desk_sees_no_such_tip(client: PageClient, team: Team, ref: str, now: dt.datetime, path: str) -> None:
    stranger = factories.make_team(now)
    factories.sign_in(client, stranger.supervisors[0], now)
    there = client.page(f"/staff/tips/{ref}{path}", status=404)
    gone = client.page(f"/staff/tips/0000-0000{path}", status=404)
    assert there.main == gone.main


def test_administrators_auditors_and_strangers_are_turned_away_and_it_is_logged(
    client: PageClient, team: Team, ref: str, now: dt.datetime
) -> None:
    assert "/staff/sign-in" in client.get(f"/staff/tips/{ref}").headers["Location"]
    for known in (team.administrator, team.auditor):
        factories.sign_in(client, known, now)
        client.page(f"/staff/tips/{ref}", status=403)
    assert len(entries("act.refused")) == 2


def test_a_get_changes_nothing_but_the_log(client: PageClient, team: Team, ref: str, now: dt.datetime) -> None:
    enter(client, team.reviewers[0], ref, now)
    before = _counts()
    client.page(f"/staff/tips/{ref}")
    after = _counts()
    assert {name for name in after if after[name] != before[name]} == {"log_entry"}


def _counts() -> dict[str, int]:
    from tipline.models.base import Base

    db.session.rollback()
    return {name: len(db.session.execute(select(table)).all()) for name, table in Base.metadata.tables.items()}


def _attachment(ref: str, kind: str) -> str:
    return db.session.scalars(
        select(Attachment.id).where(Attachment.tip_id == row(ref).id, Attachment.kind == kind)
    ).one()


def test_a_blank_form_is_kept_and_what_anybody_writes_or_chose_is_not(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    graded, other = (factories.make_tip(now).ref for _ in range(2))
    page = enter(client, team.reviewers[0], graded, now)
    refused = client.submit(page, {"note": "WRITTEN-NOTE" * 300}, field="note")
    assert "WRITTEN-NOTE" in refused.html
    answers = {"source_code": "B", "information_code": "2", "grade_reason": "WRITTEN-REASON"}
    page = client.submit(page, answers, field="grade_reason")
    assert [chosen(page, name) for name in ("source_code", "information_code")] == ["B", "2"]
    page = enter(client, team.reviewers[1], other, now)
    assert [chosen(page, name) for name in ("source_code", "information_code")] == ["X", "4"]
    assert "WRITTEN" not in page.html


def chosen(page: Page, name: str) -> str:
    """The value of the radio button that is chosen."""
    buttons = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page.html)
    return next(re.search(r'value="(\w+)"', one)[1] for one in buttons if " checked" in one)  # type: ignore[index]
