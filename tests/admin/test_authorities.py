"""Authorities at the administrators' door."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import Team, make_authority, make_person, make_team, sign_in
from tests.pages import Page, PageClient
from tipline.admin.forms_authorities import THIRD_COUNTRY
from tipline.crypto import age
from tipline.roles import Role
from tipline.services import authorities

RECORD = {
    "name": "National unit, Lisbon",
    "country": "PT",
    "kind": "national_unit",
    "contact_point": "Duty desk",
    "transfer_basis": "member_state",
}


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def admin(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which the administrator is signed in."""
    sign_in(client, team.administrator, now)
    return client


def enter(admin: PageClient, **changes: str) -> Page:
    return admin.submit(admin.page("/admin/authorities/new"), {**RECORD, **changes})


def test_an_authority_is_entered_with_its_key(admin: PageClient) -> None:
    assert "No authority yet" in admin.page("/admin/authorities").main
    page = enter(admin)
    assert page.h1 == "Enter the authority’s key"
    _secret, recipient = age.new_identity()
    page = admin.submit(page, recipient=recipient)
    assert "Key waits for confirmation" in page.main
    assert age.fingerprint(recipient) in page.main
    assert "Key waits for confirmation" in admin.page("/admin/authorities").main


def test_the_administrator_has_no_way_to_confirm_it(admin: PageClient, team: Team, now: dt.datetime) -> None:
    page = enter(admin)
    page = admin.submit(page, recipient=age.new_identity()[1])
    assert not any("confirm" in form.action for form in page.forms)
    key_id = page.path.rsplit("/", 1)[1]
    assert admin.get(f"/staff/authorities/keys/{key_id}").status_code == 403


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "Enter the authority's name"),
        ({"country": ""}, "Choose a country"),
        ({"country": "CA"}, THIRD_COUNTRY),
        ({"country": "CA", "transfer_basis": "agreement"}, "Enter the date until which the basis holds"),
        ({"country": "CA", "transfer_basis": "agreement", "basis_expires_on": "2020-01-01"},
         "The date must be in the future"),
        ({"basis_expires_on": "soon"}, "Enter a real date, for example 27 3 2026"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_is_refused(admin: PageClient, changes: dict[str, str], message: str) -> None:
    page = enter(admin, **changes)
    assert page.errors == [message]
    assert page.form("contact_point").values["contact_point"] == ["Duty desk"]


@pytest.mark.parametrize("text", ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqu6ww4t", "nonsense"])
def test_a_key_that_cannot_be_encrypted_to_is_refused(admin: PageClient, text: str) -> None:
    page = admin.submit(enter(admin), recipient=text)
    assert page.errors[0].startswith("Nothing can be encrypted to this.")
    page = admin.submit(page, recipient="")
    assert page.errors == ["Enter the authority's key"]


def test_a_record_is_changed(admin: PageClient, team: Team, now: dt.datetime) -> None:
    made = make_authority(team, now)
    page = admin.page(f"/admin/authorities/{made.authority_id}")
    assert "Can be written to" in page.main
    form = admin.page(page.links["Change the record"])
    assert form.form("country").values["country"] == ["GR"]
    page = admin.submit(form, name="National unit, Athens")
    assert page.h1 == "National unit, Athens"


def test_out_of_use_and_back(admin: PageClient, team: Team, now: dt.datetime) -> None:
    made = make_authority(team, now)
    page = admin.page(f"/admin/authorities/{made.authority_id}")
    page = admin.submit(page, action="/stop")
    assert authorities.authority(made.authority_id, now).obstacle == "inactive"
    admin.submit(page, action="/start")
    assert authorities.authority(made.authority_id, now).obstacle is None


def test_a_key_needs_the_password_again(client: PageClient, team: Team, clock: Clock, now: dt.datetime) -> None:
    made = make_authority(team, now)
    sign_in(client, team.administrator, now)
    clock.advance(minutes=6)
    answer = client.get(f"/admin/authorities/{made.authority_id}/key")
    assert answer.status_code in {302, 303, 403}


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR])
def test_only_administrators_come_in(client: PageClient, team: Team, now: dt.datetime, role: Role) -> None:
    sign_in(client, make_person(role, now=now), now)
    made = make_authority(team, now)
    for address in ("", "/new", f"/{made.authority_id}", f"/{made.authority_id}/change", f"/{made.authority_id}/key"):
        assert client.get(f"/admin/authorities{address}").status_code == 403
    assert client.post(f"/admin/authorities/{made.authority_id}/stop").status_code == 403
    assert authorities.authority(made.authority_id, now).obstacle is None


def test_an_unknown_authority_is_not_found(admin: PageClient) -> None:
    assert admin.get("/admin/authorities/nothing").status_code == 404
