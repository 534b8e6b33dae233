"""People and desks at the administrators' door: what they can do, and that none of it opens a tip."""

from __future__ import annotations

import re

import pyotp
import pytest

from tests import factories
from tests.factories import PASSWORD, make_person, make_team, write
from tipline.errors import NotFound
from tipline.roles import Role
from tipline.services import accounts, desks, factors

CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@pytest.fixture
def team(app, clock):
    return make_team(clock.now)


@pytest.fixture
def admin(app, team, clock):
    """A browser in which the administrator is signed in."""
    client = app.test_client()
    factories.sign_in(client, team.administrator, clock.now)
    return client


def test_the_first_page_says_what_waits(admin, team, clock):
    write(lambda: factors.propose_reset(team.administrator.person, team.reviewer.id, clock.now))
    page = admin.page("/admin/")
    assert page.h1 == "Overview"
    assert "Second factors to reset" in page.main


def test_an_invitation_shows_its_code_once(admin):
    page = admin.submit(admin.page("/admin/accounts/invite"), name="maria", display_name="Maria", roles=["reviewer"])
    assert page.h1 == "Hand this code over"
    (code,) = CODE.findall(page.main)
    assert code not in admin.page("/admin/accounts").html
    assert "?" not in page.links.get("Go to the account", "")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"name": "", "display_name": "Maria", "roles": ["reviewer"]}, "name for signing in"),
        ({"name": "two words", "display_name": "Maria", "roles": ["reviewer"]}, "small letters"),
        ({"name": "maria", "display_name": "", "roles": ["reviewer"]}, "colleagues call"),
        ({"name": "maria", "display_name": "Maria", "roles": []}, "at least one role"),
        ({"name": "maria", "display_name": "Maria", "roles": ["administrator", "reviewer"]}, "stand alone"),
        ({"name": "maria", "display_name": "Maria", "roles": ["emperor"]}, "answers"),
    ],
)
def test_an_invitation_that_cannot_be_made_says_why_and_keeps_the_answers(admin, given, word):
    page = admin.submit(admin.page("/admin/accounts/invite"), given)
    assert word in " ".join(page.errors)
    assert page.form("name").values["display_name"] == [given["display_name"]]


def test_roles_change_and_the_other_session_ends(admin, app, team, clock):
    known = team.reviewers[0]
    other = app.test_client()
    factories.sign_in(other, known, clock.now)
    page = admin.page(f"/admin/accounts/{known.person.id}/change")
    assert page.form("roles").values["roles"] == ["reviewer"]
    page = admin.submit(page, roles=["reviewer", "supervisor"])
    assert "The change is saved" in page.text
    assert other.page("/staff/account").h1 == "Sign in"


def test_nobody_crosses_sides(admin, team):
    page = admin.page(f"/admin/accounts/{team.reviewer.id}/change")
    page = admin.submit(page, roles=["administrator"])
    assert "invite a new account" in page.errors[0]


def test_an_administrators_own_account_is_for_somebody_else(admin, team):
    own = team.administrator.person.id
    assert "Another administrator changes it" in admin.page(f"/admin/accounts/{own}").main
    page = admin.page(f"/admin/accounts/{own}/remove")
    admin.submit(page, {}, status=403)


def test_somebody_is_suspended_restored_and_removed(admin, team):
    address = f"/admin/accounts/{team.reviewer.id}"
    assert "suspended" in admin.submit(admin.page(f"{address}/suspend"), {}).text
    assert "active again" in admin.submit(admin.page(f"{address}/restore"), {}).text
    assert "are gone" in admin.submit(admin.page(f"{address}/remove"), {}).text
    admin.page(address, status=404)


def test_a_reset_needs_a_second_administrator(admin, app, team, clock):
    page = admin.submit(admin.page(f"/admin/accounts/{team.reviewer.id}/reset"), {})
    assert "has to agree" in page.text
    page = admin.page("/admin/accounts")
    assert not [form for form in page.forms if "/resets/" in form.action]
    reset_id = write(lambda: factors.waiting_resets(team.administrator.person, clock.now))[0].id
    token = page.forms[0].values["csrf_token"][0]
    assert admin.post(f"/admin/resets/{reset_id}/confirm", data={"csrf_token": token}).status_code == 403
    second = app.test_client()
    factories.sign_in(second, make_person(Role.ADMINISTRATOR, now=clock.now), clock.now)
    page = second.submit(second.page("/admin/accounts"), action="/resets/")
    assert "is reset" in page.text


def test_a_desk_is_named_and_people_for_it(admin, team, clock):
    page = admin.page("/admin/desks/name")
    page = admin.submit(page, name="Desk South", founders=[team.supervisor.id])
    assert page.errors == ["Choose at least two supervisors"]
    page = admin.submit(page, name="Desk South", founders=[known.person.id for known in team.supervisors])
    assert page.h1 == "Desk South"
    page = admin.submit(page, account=team.reviewer.id)
    assert "until a member of the desk lets them in" in page.text
    page = admin.submit(admin.page(f"{page.path}/people/{team.reviewer.id}/remove"), {})
    assert "off the desk" in page.text


def test_other_roles_have_no_business_here(app, team, clock):
    for known in (team.supervisors[0], team.reviewers[0], team.auditor):
        client = app.test_client()
        factories.sign_in(client, known, clock.now)
        for path in ("/admin/", "/admin/accounts", "/admin/accounts/invite", "/admin/desks", "/admin/desks/name"):
            client.page(path, status=403)


def test_an_administrator_under_another_name_reads_no_tip(admin, app, team, clock):
    """He invites himself as a supervisor, joins, and names himself for the desk."""
    page = admin.submit(
        admin.page("/admin/accounts/invite"), name="honest", display_name="Honest", roles=["supervisor"]
    )
    (code,) = CODE.findall(page.main)
    himself = app.test_client()
    page = himself.submit(himself.page("/staff/join"), name="honest", code=code)
    page = himself.submit(page, password=PASSWORD, again=PASSWORD)
    secret = page.main.partition("Secret:")[2].split("One-time")[0].replace(" ", "")[:32]
    himself.submit(page, code=pyotp.TOTP(secret).at(clock.now))
    (me,) = (one for one in write(accounts.list_accounts) if one.name == "honest")
    admin.submit(admin.page(f"/admin/desks/{team.desk_id}"), account=me.id)
    ref = factories.make_tip(clock.now, exhibit_ref=factories.make_exhibit(team, clock.now)).ref
    assert ref not in himself.page("/staff/").html
    himself.page(f"/staff/tips/{ref}", status=404)
    himself.page(f"/staff/desks/{team.desk_id}/people/{me.id}", status=404)


def test_a_new_password_made_by_an_administrator_reads_no_tip(admin, app, team, clock):
    """He makes a code for a reviewer's new password and uses it himself."""
    ref = factories.make_tip(clock.now, exhibit_ref=factories.make_exhibit(team, clock.now)).ref
    page = admin.submit(admin.page(f"/admin/accounts/{team.reviewer.id}/code"), {})
    (code,) = CODE.findall(page.main)
    himself = app.test_client()
    name = write(lambda: accounts.read_account(team.reviewer.id)).name
    page = himself.submit(himself.page("/staff/join"), name=name, code=code)
    page = himself.submit(page, password=PASSWORD, again=PASSWORD)
    secret = page.main.partition("Secret:")[2].split("One-time")[0].replace(" ", "")[:32]
    himself.submit(page, code=pyotp.TOTP(secret).at(clock.now))
    himself.page(f"/staff/tips/{ref}", status=404)
    person = accounts.person_for(team.reviewer.id, team.reviewer.seed, clock.now)
    with pytest.raises(NotFound):  # nor does the old key open anything any more
        desks.open_desk_key(person, team.desk_id, 1, "content")


def test_a_reset_second_factor_reads_no_tip_without_the_password(admin, app, team, clock, monkeypatch):
    """Two administrators reset a reviewer's second factor; neither knows the password."""
    monkeypatch.setattr("tipline.web.trying.REFUSAL_SECONDS", 0)
    second = app.test_client()
    factories.sign_in(second, make_person(Role.ADMINISTRATOR, now=clock.now), clock.now)
    admin.submit(admin.page(f"/admin/accounts/{team.reviewer.id}/reset"), {})
    second.submit(second.page("/admin/accounts"), action="/resets/")
    name = write(lambda: accounts.read_account(team.reviewer.id)).name
    himself = app.test_client()
    for code in ("", "000000"):
        page = himself.submit(himself.page("/staff/sign-in"), name=name, password="a guess of some length", code=code)
        assert page.errors
    assert himself.page("/staff/join/factor").h1 == "Sign in"
