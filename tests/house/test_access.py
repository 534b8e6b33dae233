"""Who may use which route: one table, every role tried on every route, and no GET that changes anything."""

import re
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from sqlalchemy import MetaData, Table, event, inspect, select

from tests import disclosure, factories
from tests.factories import write
from tests.house.access_table import ANYONE, DESK, EVERY_GET_WRITES, GET_WRITES, SIGNED_IN, SUPERVISOR, TABLE
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, excerpts, labels, searching
from tipline.services.wishes import TipWish
from tipline.web import guard

WRITES = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
WITHOUT_TOKENS = re.compile(r'name="csrf_token"[^>]*value="[^"]*"')
NO_ID, NO_REF = "0" * 32, "AAAA-0000"
OF_NO_DESK = {"staff.authority_key", "staff.refuse_authority_key"}  # authorities are everybody's
NOBODY = "nobody"
WHO = [NOBODY, "reviewer", "supervisor", "administrator", "auditor"]


@pytest.fixture
def client(app):
    """A browser that does not look at pages: here only who may see them counts."""
    return FlaskClient(app, app.response_class)


class World(NamedTuple):
    """People by their role, and something of one desk behind every route; ``refs`` by the part of the address."""

    team: factories.Team
    known: dict[str, factories.Known]
    values: dict[str, str]
    refs: dict[str, str]


@pytest.fixture
def world(app, now):
    """An open desk with an exhibit, an opened tip with a file, a referral, a label and an authority."""
    team = factories.make_team(now)
    authority = factories.make_authority(team, now)
    exhibit = factories.make_exhibit(team, now)
    tip = disclosure.ready_tip(team, now, exhibit_ref=exhibit, files=[("a.jpg", factories.picture())])
    write(lambda: access.open_tip(team.supervisor, tip.ref, "supervision", "", now))
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
        "attachment_id": disclosure.files_of(team, tip.ref, now)[0],
        "label_id": write(lambda: labels.make(team.reviewer, team.desk_id, "Ask the lab", "work", now)),
    }
    refs = {"/tips/": tip.ref, "/referrals/": disclosure.draft(team, authority, TipWish(tip.ref), now), "": exhibit}
    return World(team, known, values, refs)


def routes(app):
    return [
        (rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def address(rule, world):
    """An address of this route that leads to something where there is something."""
    values = {}
    for name in rule.arguments:
        if name == "ref":
            values[name] = next(ref for part, ref in world.refs.items() if part in rule.rule)
        else:
            values[name] = world.values.get(name, "missing")
    built = rule.build({name: _typed(rule, name, value) for name, value in values.items()}, append_unknown=False)
    return built[1]


def _typed(rule, name, value):
    converter = rule._converters.get(name)
    return 1 if type(converter).__name__ == "IntegerConverter" else value


def test_every_route_has_a_line_in_the_table_and_the_table_no_other(app):
    marks = {}
    for endpoint in {rule.endpoint for rule in app.url_map.iter_rules()}:
        marked = guard.access_of(app, endpoint)
        assert marked is not None, f"{endpoint} does not say who may use it"
        marks[endpoint] = ANYONE if marked.roles is None else (marked.roles or SIGNED_IN)
    assert marks == TABLE


@pytest.mark.parametrize("who", WHO)
def test_every_route_answers_this_role_as_the_table_says(app, client, world, now, who):
    wrong = []
    for rule, method in routes(app):
        if who != NOBODY:
            factories.sign_in(client, world.known[who], now)
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


def answers(client, rule, world):
    """How a route answers a GET and a POST with a token: status, where it leads, and its words, without any reference."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/account").get_data(as_text=True))[1]
    told = []
    for method in sorted(rule.methods & {"GET", "POST"}):
        answer = client.open(address(rule, world), method=method, data={"csrf_token": token, "size": "small"})
        text = WITHOUT_TOKENS.sub("", answer.get_data(as_text=True)) if method == "GET" else ""
        seen = f"{answer.status_code} {answer.headers.get('Location', '')} {text}"
        for known in {*world.values.values(), *world.refs.values()} - {"en"}:
            seen = seen.replace(known, "")
        told.append(f"{method} {seen}")
    return told


@pytest.mark.parametrize("who", ["reviewer", "supervisor"])
def test_people_of_another_desk_are_told_the_same_as_if_there_were_nothing(app, client, world, now, who):
    other = factories.make_team(now)
    factories.sign_in(client, other.reviewers[0] if who == "reviewer" else other.supervisors[0], now)
    nothing = world._replace(
        values={name: value if name == "lang_code" else NO_ID for name, value in world.values.items()},
        refs=dict.fromkeys(world.refs, NO_REF),
    )
    different = []
    for rule in app.url_map.iter_rules():
        mine = TABLE[rule.endpoint] is DESK or (TABLE[rule.endpoint] is SUPERVISOR and who == "supervisor")
        if mine and rule.arguments & (world.values.keys() | {"ref"}) and rule.endpoint not in OF_NO_DESK:
            here, nowhere = answers(client, rule, world), answers(client, rule, nothing)
            if here != nowhere:
                different.append((rule.rule, [one[:99] for one in here], [one[:99] for one in nowhere]))
    assert different == []


def dump(left_out):
    """Every row of every table but these."""
    db.session.rollback()
    metadata = MetaData()
    rows = {}
    with db.engine.connect() as connection:
        for name in sorted(set(inspect(db.engine).get_table_names()) - set(left_out)):
            table = Table(name, metadata, autoload_with=db.engine)
            rows[name] = sorted(repr(row) for row in connection.execute(select(table)))
    return rows


@pytest.fixture
def written(app):
    """The tables that something was written to and committed, since this set was last emptied."""
    started, kept = set(), set()

    def note(_connection, _cursor, statement, *_more):
        found = WRITES.match(statement)
        if found:
            started.add(found[1])

    def keep(_connection):
        kept.update(started)
        started.clear()

    heard = {"before_cursor_execute": note, "commit": keep, "rollback": lambda _connection: started.clear()}
    for name, listener in heard.items():
        event.listen(db.engine, name, listener)
    yield kept
    for name, listener in heard.items():
        event.remove(db.engine, name, listener)


@pytest.mark.parametrize("who", WHO)
def test_a_get_writes_only_what_the_table_names(app, client, world, now, written, who):
    if who != NOBODY:
        factories.sign_in(client, world.known[who], now)
    if who in {"reviewer", "supervisor"}:  # with excerpts on the queue logs what it shows, and so does a search
        desk = world.team.desk_id
        write(lambda: excerpts.switch_on(world.known[who].person, desk, "supervision", "", now))
        write(lambda: searching.switch_on(world.known[who].person, desk, "supervision", "", now))
    left_out = {*EVERY_GET_WRITES, *(table for tables in GET_WRITES.values() for table in tables), "alembic_version"}
    before = dump(left_out)
    wrong = []
    for rule, method in routes(app):
        if method == "GET":
            written.clear()
            client.get(address(rule, world))
            more = written - EVERY_GET_WRITES.keys() - GET_WRITES.get(rule.endpoint, {}).keys()
            wrong += [(rule.endpoint, table) for table in sorted(more)]
    assert wrong == []
    assert dump(left_out) == before


def test_refused_acts_of_signed_in_people_are_logged_before_the_error_page(app, client, world, now):
    from tipline.models.log import LogEntry

    factories.sign_in(client, world.known["administrator"], now)
    assert client.get(f"/staff/tips/{world.refs['/tips/']}").status_code == 403
    db.session.rollback()
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "act.refused")).one()
    assert entry.outcome == "denied"
    assert entry.actor_id == world.known["administrator"].person.id


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
    answer = client.post(f"/en/exhibits/{world.refs['']}/tip", data={"narrative": "x"}, headers=headers)
    assert answer.status_code == 403


def test_a_view_that_does_not_say_who_may_use_it_is_not_found(app):
    app.add_url_rule("/forgotten", "forgotten", lambda: "hello")
    assert app.test_client().get("/forgotten").status_code == 404
