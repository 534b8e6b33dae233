"""Keys of authorities, confirmed or refused by a supervisor."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import Team, make_authority, make_person, make_team, sign_in, write
from tests.pages import PageClient
from tipline.crypto import age
from tipline.errors import ReferralRefused
from tipline.roles import Role
from tipline.services import authorities, recipients


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def key_id(team: Team, now: dt.datetime) -> str:
    """A second key of an authority, which nobody has confirmed."""
    made = make_authority(team, now)
    admin = team.administrator.person
    return str(write(lambda: recipients.enter_key(made.authority_id, age.new_identity()[1], admin, now)))


@pytest.fixture
def supervisor(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which a supervisor is signed in."""
    sign_in(client, team.supervisors[0], now)
    return client


def test_a_supervisor_confirms_a_key(supervisor: PageClient, team: Team, key_id: str, now: dt.datetime) -> None:
    page = supervisor.page("/staff/authorities")
    assert "Keys that wait for you" in page.main
    line = recipients.read_key(key_id)
    page = supervisor.page(page.links[line.authority_name])
    groups = line.fingerprint.split()
    assert " ".join(groups[:12]) in page.main
    assert not any(group in page.main for group in groups[12:])  # the authority says them
    page = supervisor.submit(page, {"fingerprint": " ".join(groups[12:]), "channel": "telephone"}, field="fingerprint")
    assert "The key is confirmed." in page.text
    assert "Keys that wait for you" not in page.main
    assert authorities.usable(line.authority_id, now, team.desk_id).key_id == key_id


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"fingerprint": "", "channel": "telephone"}, "Enter the last four groups of the fingerprint"),
        ({"fingerprint": "0000 0000 0000 0000", "channel": "telephone"}, "These are not the last four groups"),
        ({"fingerprint": "0000 0000 0000 0000", "channel": "mail"}, "Choose"),
    ],
)
def test_a_wrong_answer_confirms_nothing(
    supervisor: PageClient, key_id: str, now: dt.datetime, answers: dict[str, str], message: str
) -> None:
    page = supervisor.page(f"/staff/authorities/keys/{key_id}")
    page = supervisor.submit(page, answers, field="fingerprint")
    assert page.errors[0].startswith(message)
    with pytest.raises(ReferralRefused):
        authorities.usable(recipients.read_key(key_id).authority_id, now)


def test_a_supervisor_refuses_a_key(supervisor: PageClient, key_id: str) -> None:
    page = supervisor.page(f"/staff/authorities/keys/{key_id}")
    page = supervisor.submit(page, action="/refuse")
    assert "The key is refused." in page.text
    assert recipients.read_key(key_id).state == "refused"
    assert "This key has ended" in supervisor.page(f"/staff/authorities/keys/{key_id}").main


def test_a_supervisor_without_a_desk_confirms_nothing(client: PageClient, key_id: str, now: dt.datetime) -> None:
    """As an administrator would be who invited himself under another name."""
    sign_in(client, make_person(Role.SUPERVISOR, now=now), now)
    assert "Keys that wait for you" not in client.page("/staff/authorities").main
    page = client.page(f"/staff/authorities/keys/{key_id}")
    assert not any("fingerprint" in form.names for form in page.forms)
    token = page.form(action="/refuse").values["csrf_token"][0]
    last = " ".join(recipients.read_key(key_id).fingerprint.split()[12:])
    answers = {"csrf_token": token, "fingerprint": last, "channel": "telephone"}
    assert client.post(f"/staff/authorities/keys/{key_id}", data=answers).status_code == 403
    assert client.post(f"/staff/authorities/keys/{key_id}/refuse", data=answers).status_code == 403
    assert recipients.read_key(key_id).state == "entered"


def test_confirming_needs_the_password_again(supervisor: PageClient, key_id: str, clock: Clock) -> None:
    clock.advance(minutes=6)
    assert supervisor.get(f"/staff/authorities/keys/{key_id}").status_code in {302, 303, 403}


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_only_supervisors_see_a_key(client: PageClient, key_id: str, now: dt.datetime, role: Role) -> None:
    sign_in(client, make_person(role, now=now), now)
    assert client.get(f"/staff/authorities/keys/{key_id}").status_code == 403
    assert client.post(f"/staff/authorities/keys/{key_id}/refuse").status_code == 403


def test_a_reviewer_sees_the_list(client: PageClient, team: Team, key_id: str, now: dt.datetime) -> None:
    sign_in(client, team.reviewers[0], now)
    page = client.page("/staff/authorities")
    assert "Key waits for confirmation" in page.main
    assert "Keys that wait for you" not in page.main


def test_an_unknown_key_is_not_found(supervisor: PageClient) -> None:
    assert supervisor.get("/staff/authorities/keys/nothing").status_code == 404
