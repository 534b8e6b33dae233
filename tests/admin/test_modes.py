"""The mode of the service at the administrators' door, and its line in the log."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_team, sign_in
from tests.pages import PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.services import modes


@pytest.fixture
def admin(app: Flask, client: PageClient, now: dt.datetime) -> PageClient:
    """A browser in which the administrator is signed in."""
    sign_in(client, make_team(now).administrator, now)
    return client


def test_the_mode_is_set_shown_and_taken_back(admin: PageClient) -> None:
    page = admin.submit(admin.page("/admin/mode"), mode="closed", objects_shown=None)
    assert "in the mode “closed”" in page.text
    assert modes.read_mode().hides_objects
    assert "The service takes no tips" in admin.page("/admin/").main
    admin.submit(page, mode="open", objects_shown="y")
    assert modes.read_mode() == modes.Mode()
    assert "The service takes no tips" not in admin.page("/admin/").main
    assert admin.submit(page, mode="asleep").errors == ["Choose one of the answers in the list"]
    said = db.session.scalars(
        select(LogEntry.field_group).where(LogEntry.event == "service.mode").order_by(LogEntry.seq)
    ).all()
    assert said == ["closed", "open"]


def test_own_words_are_written_for_one_mode_and_language(admin: PageClient) -> None:
    page = admin.page("/admin/mode/maintenance/words/el")
    admin.submit(page, words="Επιστρέφουμε στις οκτώ.")
    admin.submit(admin.page("/admin/mode"), mode="maintenance")
    assert modes.read_mode().words_in("el") == "Επιστρέφουμε στις οκτώ."
    assert modes.read_mode().words_in("fr") == ""
    assert "Επιστρέφουμε" in admin.page("/admin/mode/maintenance/words/el").html
    assert len(admin.submit(page, words="x" * 1001).errors) == 1
    for nowhere in ("open/words/el", "closed/words/und", "closed/words/xx"):
        admin.page(f"/admin/mode/{nowhere}", status=404)
