"""Updates and figures at the administrators' door."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Clock
from tests.factories import Team, enter_figures, make_team, publish_update, sign_in
from tests.pages import PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.services import figures, updates


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def admin(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which the administrator is signed in."""
    sign_in(client, team.administrator, now)
    return client


def logged() -> list[str]:
    db.session.rollback()
    events = db.session.scalars(select(LogEntry.event).where(LogEntry.chain == "admin").order_by(LogEntry.seq)).all()
    return [event for event in events if event.startswith(("update.", "figures."))]


def test_an_update_goes_from_nothing_to_the_public_and_back(admin: PageClient) -> None:
    assert "No update yet" in admin.page("/admin/updates").main
    form = admin.page("/admin/updates/new")
    page = admin.submit(form, title="Figures", body="First line.\n\n<a href='x'>Second</a> <em>line</em>.")
    assert "<p>First line.</p>\n<p>Second <em>line</em>.</p>" in page.html
    assert updates.page("en").updates == ()
    page = admin.submit(page, action="/publish")
    [shown] = updates.page("en").updates
    assert shown.title == "Figures"
    page = admin.submit(page, action="/withdraw")
    assert updates.page("en").updates == ()
    admin.submit(page, action="/publish")
    assert updates.page("en").updates[0].published_at == shown.published_at
    assert logged() == ["update.made", "update.published", "update.withdrawn", "update.published"]


def test_an_update_in_another_language(admin: PageClient, team: Team, now: dt.datetime) -> None:
    slug = publish_update(team, now)
    page = admin.page(admin.page(f"/admin/updates/{slug}").links["Greek"])
    assert "In English" in page.main
    page = admin.submit(page, title="Αναγνωρίστηκε", body="Ευχαριστούμε.")
    assert "The words are saved." in page.text
    assert updates.update(slug, "el").title == "Αναγνωρίστηκε"
    assert admin.get(f"/admin/updates/{slug}/words/xx").status_code == 404


def test_what_is_missing_is_said_and_the_rest_kept(admin: PageClient) -> None:
    form = admin.page("/admin/updates/new")
    page = admin.submit(form, title="", body="Kept.")
    assert page.errors == ["Enter a title"]
    assert page.form("body").values["body"] == ["Kept."]
    page = admin.submit(page, title="Title", body="<script>x</script>")
    assert page.errors == ["Enter a text of at most 10,000 characters"]
    assert logged() == []


def test_two_updates_may_have_one_title(team: Team, now: dt.datetime) -> None:
    first, second = (publish_update(team, now, title="Новости") for _ in range(2))
    assert first == "update"
    assert second.startswith("update-")


def test_a_second_click_changes_nothing(admin: PageClient, team: Team, now: dt.datetime) -> None:
    slug = publish_update(team, now)
    token = admin.page(f"/admin/updates/{slug}").form(action="/withdraw").values
    assert admin.post(f"/admin/updates/{slug}/publish", data=token).status_code == 409
    assert logged() == ["update.made", "update.published"]


def test_figures_are_entered_and_taken_back(admin: PageClient, clock: Clock) -> None:
    page = admin.page("/admin/updates/figures")
    assert "No figures yet" in page.main
    page = admin.submit(page, field="as_of", tips_received="1200", children_safeguarded="1", as_of="2026-02-28")
    assert page.form("as_of").values["tips_received"] == ["1200"]
    clock.advance(minutes=5)
    page = admin.submit(page, field="as_of", tips_received="99999")
    assert figures.shown() == figures.Figures(99_999, None, None, 1, dt.date(2026, 3, 2))
    admin.submit(page, action="/withdraw")
    assert figures.shown() == figures.Figures(1200, None, None, 1, dt.date(2026, 2, 28))
    assert logged() == ["figures.entered", "figures.entered", "figures.withdrawn"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "Enter at least one figure"),
        ({"countries": "-1"}, "Enter a whole number from 0 to 100,000,000"),
        ({"countries": "many"}, "Enter a whole number"),
        ({"countries": "3", "as_of": "2026-03-03"}, "Enter a day that is not in the future"),
        ({"countries": "3", "as_of": ""}, "Enter the day that the figures stood for"),
    ],
)
def test_figures_that_cannot_be_are_refused(admin: PageClient, answers: dict[str, str], message: str) -> None:
    page = admin.submit(admin.page("/admin/updates/figures"), field="as_of", **answers)
    assert page.errors == [message]
    assert figures.history() == ()


def test_figures_can_be_taken_back_once(admin: PageClient, team: Team, now: dt.datetime) -> None:
    enter_figures(team, now, 5)
    taken = admin.page("/admin/updates/figures").form(action="/withdraw")
    answers = [admin.post(taken.action, data=taken.values).status_code for _ in range(2)]
    assert answers == [303, 409]
    assert admin.post("/admin/updates/figures/missing/withdraw", data=taken.values).status_code == 404
