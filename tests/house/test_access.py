"""Who may use which route: one table, every role tried on every route, and no GET that changes anything."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import MetaData, Table, inspect, select

from tests import factories
from tests.house.access_table import ANYONE, SIGNED_IN, TABLE
from tipline.extensions import db
from tipline.roles import Role
from tipline.web import guard

MAY_CHANGE_ON_GET = {"log_head", "log_entry", "log_arrival", "account_session", "alembic_version"}
NOBODY = "nobody"
WHO = [NOBODY, "reviewer", "supervisor", "administrator", "auditor"]


@pytest.fixture
def client(app):
    """A browser that does not look at pages: here only who may see them counts."""
    return FlaskClient(app, app.response_class)


@pytest.fixture
def world(app, now):
    """An open desk with an exhibit, an opened tip with a file, an authority: something behind every route."""
    team = factories.make_team(now)
    ref = factories.make_exhibit(team, now)
    sent = factories.make_tip(now, exhibit_ref=ref, files=[("a.jpg", factories.picture())])
    factories.open_tip(team, sent.ref, now)
    authority = factories.make_authority(team, now)
    known = {
        "reviewer": team.reviewers[0],
        "supervisor": team.supervisors[0],
        "administrator": team.administrator,
        "auditor": team.auditor,
    }
    values = {
        "lang_code": "en",
        "desk_id": team.desk_id,
        "account_id": team.reviewers[1].person.id,
        "authority_id": authority.authority_id,
        "key_id": authority.key_id,
    }
    return {"known": known, "values": values, "exhibit": ref, "tip": sent.ref}


def routes(app):
    return [
        (rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def address(rule, world):
    """An address of this route that leads to something where there is something."""
    values = {}
    for name in rule.arguments:
        if name == "ref":
            values[name] = world["tip"] if "/tips/" in rule.rule else world["exhibit"]
        else:
            values[name] = world["values"].get(name, "missing")
    built = rule.build({name: _typed(rule, name, value) for name, value in values.items()}, append_unknown=False)
    return built[1]


def _typed(rule, name, value):
    converter = rule._converters.get(name)
    return 1 if type(converter).__name__ == "IntegerConverter" else value


def test_every_route_has_a_line_in_the_table_and_the_table_no_other(app):
    marks = {}
    for endpoint in {rule.endpoint for rule in app.url_map.iter_rules()}:
        access = guard.access_of(app, endpoint)
        assert access is not None, f"{endpoint} does not say who may use it"
        marks[endpoint] = ANYONE if access.roles is None else (access.roles or SIGNED_IN)
    assert marks == TABLE


@pytest.mark.parametrize("who", WHO)
def test_every_route_answers_this_role_as_the_table_says(app, client, world, now, who):
    wrong = []
    for rule, method in routes(app):
        if who != NOBODY:
            factories.sign_in(client, world["known"][who], now)
        else:
            client.delete_cookie("tipline-desk")
        answer = client.open(address(rule, world), method=method)
        audience = TABLE[rule.endpoint]
        seen = answer.status_code
        to_sign_in = seen in {302, 303} and "/staff/sign-in" in answer.headers.get("Location", "")
        if seen >= 500 and seen != 503:
            wrong.append((rule.rule, method, seen, "broke"))
        elif audience == ANYONE:
            if to_sign_in and not rule.rule.startswith("/staff/join"):  # joining without a code begins at sign-in
                wrong.append((rule.rule, method, seen, "is for anyone"))
        elif who == NOBODY:
            if not to_sign_in:
                wrong.append((rule.rule, method, seen, "let a stranger in"))
        elif audience == SIGNED_IN or Role(who) in audience:
            if to_sign_in:
                wrong.append((rule.rule, method, seen, "sent its own people away"))
        elif seen != 403:
            wrong.append((rule.rule, method, seen, f"let {who} in"))
    assert not wrong


def dump():
    """Every row of every table that a GET must leave alone."""
    db.session.rollback()
    names = set(inspect(db.engine).get_table_names()) - MAY_CHANGE_ON_GET
    metadata = MetaData()
    rows = {}
    with db.engine.connect() as connection:
        for name in sorted(names):
            table = Table(name, metadata, autoload_with=db.engine)
            rows[name] = sorted(repr(row) for row in connection.execute(select(table)))
    return rows


@pytest.mark.parametrize("who", WHO)
def test_a_get_changes_nothing_but_the_log(app, client, world, now, who):
    if who != NOBODY:
        factories.sign_in(client, world["known"][who], now)
    before = dump()
    for rule, method in routes(app):
        if method == "GET":
            client.get(address(rule, world))
    after = dump()
    assert [name for name in before if before[name] != after[name]] == []


def test_refused_acts_of_signed_in_people_are_logged_before_the_error_page(app, client, world, now):
    from tipline.models.log import LogEntry

    factories.sign_in(client, world["known"]["administrator"], now)
    assert client.get(f"/staff/tips/{world['tip']}").status_code == 403
    db.session.rollback()
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "act.refused")).one()
    assert entry.outcome == "denied"
    assert entry.actor_id == world["known"]["administrator"].person.id


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_a_post_from_another_site_is_refused(client, world, headers):
    answer = client.post(f"/en/exhibits/{world['exhibit']}/tip", data={"narrative": "x"}, headers=headers)
    assert answer.status_code == 403


def test_a_view_that_does_not_say_who_may_use_it_is_not_found(app):
    app.add_url_rule("/forgotten", "forgotten", lambda: "hello")
    assert app.test_client().get("/forgotten").status_code == 404
