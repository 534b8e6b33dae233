"""One's own account: passkeys, recovery codes, sessions, and what is told of their changes."""

from __future__ import annotations

import re

import pytest
from webauthn.helpers import base64url_to_bytes

from tests import factories
from tests.authenticators import Authenticator
from tests.factories import PASSWORD, make_person
from tipline.roles import Role
from tipline.web import trying

ORIGIN = "http://localhost"
REFUSED = "Name, password, code or passkey is not right"


@pytest.fixture
def rita(client, clock):
    known = make_person(Role.REVIEWER, now=clock.now, name="rita")
    factories.sign_in(client, known, clock.now)
    return known


@pytest.fixture
def device(rita):
    made = Authenticator()
    made.user = rita.person.id
    return made


def add(client, device, label, **wrong):
    page = client.page("/staff/account/passkeys/add")
    asked = client.post("/staff/account/passkeys/challenge", data={"label": label})
    if asked.status_code == 200:
        challenge = base64url_to_bytes(asked.json["challenge"])
        wrong.setdefault("answer", device.make(challenge, origin=ORIGIN, host="localhost"))
    return client.submit(page, label=label, **wrong)


def answer_of(client, device) -> str:
    challenge = base64url_to_bytes(client.post("/staff/sign-in/challenge").json["challenge"])
    return device.sign(challenge, origin=ORIGIN, host="localhost")


def test_somebody_adds_a_passkey_signs_in_with_it_and_revokes_it(client, app, device, clock):
    assert "None yet" in client.page("/staff/account").text
    page = add(client, device, "  Blue   key ")
    assert "The passkey is added" in page.text
    assert "Blue key Second factor At localhost only" in page.main
    assert "A passkey was added" in page.text
    clock.advance(minutes=1)
    other = app.test_client()
    page = other.page("/staff/sign-in")
    page = other.submit(page, name="rita", password=PASSWORD, answer=answer_of(other, device))
    assert "Sign out" in page.text
    page = client.page(client.page("/staff/account").links["Revoke Blue key"])
    page = client.submit(page, action="/revoke")
    assert "The passkey is revoked" in page.text
    assert other.page("/staff/account").h1 == "Sign in"
    assert client.post(page.path, data={}).status_code in {404, 405}


def test_the_cookie_of_a_challenge_serves_once(app, client, device, clock, monkeypatch):
    monkeypatch.setattr(trying, "REFUSAL_SECONDS", 0)
    add(client, device, "Blue key")
    clock.advance(minutes=1)
    fresh = app.test_client()
    page = fresh.page("/staff/sign-in")
    filled = {"name": "rita", "password": PASSWORD, "answer": answer_of(fresh, device)}
    cookie = fresh.get_cookie("tipline-desk").value
    assert "Sign out" in fresh.submit(page, filled).text
    fresh.set_cookie("tipline-desk", cookie)
    assert REFUSED in fresh.submit(page, filled).text
    for nothing_asked in (filled, {"answer": filled["answer"], "secret": "s" * 43}):
        stranger = app.test_client()
        assert REFUSED in stranger.submit(stranger.page("/staff/sign-in"), nothing_asked).text


def test_what_is_asked_is_the_same_for_everybody(client, app, device):
    add(client, device, "Blue key")
    asked = app.test_client().post("/staff/sign-in/challenge").json
    assert (asked["rpId"], asked["userVerification"], asked["allowCredentials"]) == ("localhost", "required", [])


def test_a_passkey_that_was_not_made_is_not_added_and_the_name_stays(client, device):
    page = add(client, device, "Blue key", answer="")
    assert page.errors == ["The passkey was not added. Press the button once more and follow what your browser asks"]
    assert page.form("label").values["label"] == ["Blue key"]
    page = add(client, device, "Blue key", secret="not a secret of a passkey", opens="y")
    assert "was not added" in page.errors[0]
    assert "not a secret" not in page.html
    assert add(client, device, "").errors == ["Enter a name for the passkey"]
    add(client, device, "Blue key")
    assert add(client, Authenticator(), "blue key").errors == ["You have a passkey of this name. Choose another name"]


def test_an_address_that_is_a_number_has_no_passkeys(client, rita):
    factories.sign_in(client, rita, rita.person.password_at)
    page = client.get("/staff/sign-in", base_url="http://127.0.0.1:8000")
    assert "passkey" not in page.get_data(as_text=True).lower()


def test_recovery_codes_are_shown_once_and_counted(client, app, rita, clock):
    page = client.submit(client.page("/staff/account/codes/new"), action="/codes/new")
    assert page.h1 == "Copy your recovery codes now"
    code = re.findall(r"\b\w{4}-\w{4}-\w{4}\b", page.html)[0]
    page = client.page("/staff/account")
    assert "10 left" in page.text
    assert code not in page.html
    other = app.test_client()
    page = other.submit(other.page("/staff/sign-in"), name="rita", password=PASSWORD, code=code)
    assert "You signed in with a recovery code" in page.text
    assert "9 left" in page.text
    assert "Somebody signed in with a recovery code" in page.text


def test_all_other_sessions_end_at_once(app, client, rita, clock):
    others = [app.test_client(), app.test_client()]
    assert "End all but this one" not in client.page("/staff/account").text
    for other in others:
        factories.sign_in(other, rita, clock.now)
    page = client.submit(client.page("/staff/account"), action="/end-others")
    assert "Your other sessions have ended" in page.text
    assert [other.page("/staff/account").h1 for other in others] == ["Sign in", "Sign in"]


@pytest.mark.parametrize("path", ["passkeys/add", "codes/new", "passkeys/0123/revoke"])
def test_factors_are_changed_with_a_fresh_password_only(client, rita, clock, path):
    clock.advance(minutes=6)
    assert client.page(f"/staff/account/{path}").h1 == "Enter your password again"
