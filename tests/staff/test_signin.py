"""The pages of signing in, joining, one's own account: through the browser, with what a wrong step answers."""

from __future__ import annotations

import ctypes
import resource
import sys

import pyotp
import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import make_app
from tests.factories import PASSWORD, make_person, make_team, write
from tipline.extensions import db
from tipline.models.account import AccountSession
from tipline.models.log import LogEntry
from tipline.roles import Role
from tipline.services import factors, invitations
from tipline.web import trying


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch):
    monkeypatch.setattr(trying, "REFUSAL_SECONDS", 0)


def code_of(known, now) -> str:
    return pyotp.TOTP(known.totp_secret).at(now)


def sign_in(client, name, password, code):
    return client.submit(client.page("/staff/sign-in"), name=name, password=password, code=code)


def events() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(LogEntry.event).order_by(LogEntry.chain, LogEntry.seq)))


def secret_on(page) -> str:
    return page.main.partition("Secret:")[2].split("One-time")[0].replace(" ", "")[:32]


def test_somebody_joins_and_signs_out_and_in(client, app, clock):
    admin = make_person(Role.ADMINISTRATOR, now=clock.now)
    invited = write(lambda: invitations.invite(admin.person, "maria", "Maria", {Role.REVIEWER}, clock.now))
    page = client.submit(client.page("/staff/join"), name="Maria", code=invited.code.lower())
    assert page.h1 == "Choose a password"
    page = client.submit(page, password=PASSWORD, again=PASSWORD)
    assert page.h1 == "Set up your second factor"
    secret = secret_on(page)
    page = client.submit(page, code="000000")
    assert page.errors == ["This is not the code of this moment. Wait for the next one and enter it"]
    page = client.submit(page, code=pyotp.TOTP(secret).at(clock.now))
    assert "Sign out" in page.text
    page = client.submit(page, action="sign-out")
    assert page.h1 == "You are signed out"
    assert client.page("/staff/account").h1 == "Sign in"
    clock.advance(minutes=1)
    page = sign_in(client, "maria", PASSWORD, pyotp.TOTP(secret).at(clock.now))
    assert "Sign out" in page.text


def test_wrong_name_password_and_code_get_one_sentence(client, clock):
    rita = make_person(Role.REVIEWER, now=clock.now, name="rita")
    said = set()
    for name, password, code in [
        ("nobody", PASSWORD, "000000"),
        ("rita", "not the right password", code_of(rita, clock.now)),
        ("rita", PASSWORD, "000000"),
    ]:
        page = sign_in(client, name, password, code)
        said.update(page.errors)
        assert PASSWORD not in page.html
    assert len(said) == 1
    assert write(lambda: db.session.scalars(select(AccountSession)).all()) == []


def test_a_password_is_never_sent_back(client, clock):
    make_person(Role.REVIEWER, now=clock.now, name="rita")
    page = sign_in(client, "rita", "not the right password", "000000")
    assert "not the right password" not in page.html


def test_each_role_starts_on_its_own_page(app, clock):
    for role, start in [(Role.ADMINISTRATOR, "/admin/"), (Role.REVIEWER, "/staff/"), (Role.AUDITOR, "/admin/log")]:
        known = make_person(role, now=clock.now)
        client = app.test_client()
        page = client.page("/staff/sign-in")
        response = client.post(
            "/staff/sign-in",
            data={
                **{name: values[0] for name, values in page.form("name").values.items()},
                "name": known.person.name,
                "password": PASSWORD,
                "code": code_of(known, clock.now),
            },
        )
        assert response.status_code == 303
        assert response.headers["Location"] == start


def test_an_invitation_with_a_wrong_or_expired_code_is_refused(client, clock):
    admin = make_person(Role.ADMINISTRATOR, now=clock.now)
    invited = write(lambda: invitations.invite(admin.person, "maria", "Maria", {Role.REVIEWER}, clock.now))
    page = client.submit(client.page("/staff/join"), name="maria", code="K7QM-93XD-2R5T")
    (said,) = page.errors
    clock.advance(hours=73)
    page = client.submit(client.page("/staff/join"), name="maria", code=invited.code)
    assert page.errors == [said]


def test_the_password_page_needs_a_code_first(client):
    assert client.page("/staff/join/password").h1 == "Sign in"
    assert client.page("/staff/join/factor").h1 == "Sign in"


@pytest.mark.parametrize(
    ("password", "again", "word"),
    [("short", "short", "16 characters"), (PASSWORD, PASSWORD + "x", "differ"), ("passwordpassword1", None, "guess")],
)
def test_a_weak_or_mistyped_password_is_refused_and_the_words_stay(client, clock, password, again, word):
    admin = make_person(Role.ADMINISTRATOR, now=clock.now)
    invited = write(lambda: invitations.invite(admin.person, "maria", "Maria", {Role.REVIEWER}, clock.now))
    page = client.submit(client.page("/staff/join"), name="maria", code=invited.code)
    offered = page.form("password").values["proposal"]
    page = client.submit(page, password=password, again=again or password)
    assert word in " ".join(page.errors)
    assert page.form("password").values["proposal"] == offered


def test_a_session_that_was_idle_leads_to_signing_in(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    assert client.page("/staff/account").h1 == "Your account"
    clock.advance(minutes=29)
    assert client.page("/staff/account").h1 == "Your account"
    clock.advance(minutes=31)
    assert client.page("/staff/account").h1 == "Sign in"


def test_a_look_moves_the_session_at_most_once_a_minute(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    started = clock.now
    clock.advance(seconds=30)
    client.page("/staff/account")
    assert db.session.scalars(select(AccountSession.seen_at)).one() == started
    db.session.rollback()
    clock.advance(seconds=31)
    client.page("/staff/account")
    assert db.session.scalars(select(AccountSession.seen_at)).one() == clock.now


def test_signing_out_makes_the_old_cookie_worthless(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    page = client.page("/staff/account")
    cookie = client.get_cookie("tipline-desk").value
    client.submit(page, action="sign-out")
    client.set_cookie("tipline-desk", cookie)
    assert client.page("/staff/account").h1 == "Sign in"


def test_a_fresh_step_asks_for_the_password_and_goes_on(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    clock.advance(minutes=6)
    page = client.page("/staff/account/factor")
    assert page.h1 == "Enter your password again"
    page = client.submit(page, password="wrong")
    assert page.errors == ["This is not your password"]
    page = client.submit(page, password=PASSWORD)
    assert page.h1 == "Set up a new second factor"
    assert "password.typed" in events()


def test_what_was_filled_in_after_the_page_was_opened_in_time_is_not_lost(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    page = client.page("/staff/account/factor")
    data = page.form(action="factor").values
    clock.advance(minutes=14)
    assert not client.post("/staff/account/factor", data=data).headers["Location"].startswith("/staff/again")
    clock.advance(minutes=2)
    assert client.post("/staff/account/factor", data=data).headers["Location"].startswith("/staff/again")


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "/staff//evil.example", "/\\evil.example", "/en/", "/staff/\r\nX: y"],
)
def test_going_on_stays_on_this_site(client, clock, address):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    client.page("/staff/again")
    with client.session_transaction("/staff/"):
        pass
    page = client.page("/staff/again")
    data = {"password": PASSWORD, "csrf_token": page.form("password").values["csrf_token"][0]}
    response = client.post("/staff/again", query_string={"next": address}, data=data)
    assert response.status_code == 303
    assert response.headers["Location"] == "/staff/"


def test_going_on_from_a_post_leads_to_the_page_above_it(client, clock):
    factories.sign_in(client, make_person(Role.SUPERVISOR, now=clock.now), clock.now)
    clock.advance(minutes=16)
    response = client.post(f"/staff/resets/{'0' * 32}/confirm")
    assert response.headers["Location"].startswith("/staff/again?next=")
    page = client.page(response.headers["Location"])
    assert client.submit(page, password=PASSWORD).path.startswith("/staff/")


def test_another_password_signs_in_and_ends_other_sessions(app, client, clock):
    known = make_person(Role.REVIEWER, now=clock.now, name="rita")
    other = app.test_client()
    factories.sign_in(client, known, clock.now)
    factories.sign_in(other, known, clock.now)
    page = client.page("/staff/account/password")
    new = page.form("password").values["proposal"][0]
    page = client.submit(page, current="wrong", password=new, again=new)
    assert page.errors == ["This is not your password"]
    page = client.submit(page, current=PASSWORD, password=new, again=new)
    assert page.h1 == "Your account"
    assert other.page("/staff/account").h1 == "Sign in"
    fresh = app.test_client()
    assert "Sign out" in sign_in(fresh, "rita", new, code_of(known, clock.now)).text


def test_another_second_factor_takes_the_place_of_the_old_one_when_confirmed(client, app, clock):
    known = make_person(Role.REVIEWER, now=clock.now, name="rita")
    factories.sign_in(client, known, clock.now)
    page = client.submit(client.page("/staff/account/factor"), {})
    assert page.h1 == "Confirm your new second factor"
    secret = secret_on(page)
    page = client.submit(page, code=pyotp.TOTP(secret).at(clock.now))
    assert page.h1 == "Your account"
    clock.advance(minutes=1)
    fresh = app.test_client()
    assert sign_in(fresh, "rita", PASSWORD, code_of(known, clock.now)).errors
    assert not sign_in(fresh, "rita", PASSWORD, pyotp.TOTP(secret).at(clock.now)).errors


def test_somebody_ends_another_session_of_theirs(app, client, clock):
    known = make_person(Role.REVIEWER, now=clock.now)
    other = app.test_client()
    factories.sign_in(other, known, clock.now)
    factories.sign_in(client, known, clock.now)
    client.submit(client.page("/staff/account"), field="session")
    assert other.page("/staff/account").h1 == "Sign in"
    assert client.page("/staff/account").h1 == "Your account"


def test_a_reset_second_factor_is_set_up_anew_with_the_password(client, clock):
    team = make_team(clock.now)
    known = team.reviewers[0]
    write(lambda: factors.propose_reset(team.administrator.person, known.person.id, clock.now))
    reset = factors.waiting_resets(team.supervisor, clock.now)[0]
    write(lambda: factors.confirm_reset(team.supervisor, reset.id, clock.now))
    page = sign_in(client, known.person.name, PASSWORD, "")
    assert page.h1 == "Set up your second factor"
    assert client.page("/staff/account").h1 == "Sign in"


def test_a_refused_role_is_logged_before_the_error_page(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    client.page("/admin/accounts", status=403)
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "act.refused")).one()
    assert (entry.outcome, entry.field_group, entry.chain) == ("denied", "admin.accounts", "admin")


def test_a_post_without_its_token_changes_nothing(client, clock):
    factories.sign_in(client, make_person(Role.REVIEWER, now=clock.now), clock.now)
    assert client.post("/staff/sign-out").status_code == 400
    assert client.page("/staff/account").h1 == "Your account"


@pytest.mark.parametrize("token", ["ü" * 20, "", "0" * 40])
def test_a_strange_token_gets_a_clear_sentence(client, clock, token):
    make_person(Role.REVIEWER, now=clock.now, name="rita")
    page = client.submit(client.page("/staff/sign-in"), name="rita", password=PASSWORD, code="0", csrf_token=token)
    assert page.errors


def test_the_admin_part_alone_can_be_signed_in_to(settings, clock):
    app = make_app(settings, "admin")
    known = make_person(Role.ADMINISTRATOR, now=clock.now, name="adam")
    client = app.test_client()
    assert sign_in(client, "adam", PASSWORD, code_of(known, clock.now)).path == "/admin/"
    assert client.page("/staff/account").h1 == "Your account"
    assert client.get("/staff/desks").status_code == 404


def test_no_password_code_or_name_is_logged(client, clock, caplog):
    rita = make_person(Role.REVIEWER, now=clock.now, name="rita")
    caplog.set_level("DEBUG")
    code = code_of(rita, clock.now)
    sign_in(client, "rita", PASSWORD, "123123")
    sign_in(client, "rita", PASSWORD, code)
    for secret in (PASSWORD, "rita", code, "123123"):
        assert secret not in caplog.text


def test_a_process_that_opens_keys_leaves_no_core_dump(app):
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    if sys.platform == "linux":
        assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
