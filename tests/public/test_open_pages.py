"""Pages that are the same for everybody may be kept by anybody; what is one person's is kept by nobody."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests import tipsters
from tests.conftest import make_app
from tipline.extensions import db
from tipline.models.appeal import Exhibit, ExhibitText
from tipline.models.edition import PUBLISHED
from tipline.services import editions
from tipline.web import open_pages

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "postgres-roles.sql"
OPEN = "public, max-age=60"
PERSONAL = re.compile(r"/(?:tip|receipt|mailbox)\b|/leave$")
ASKED_EACH_TIME = {"front.root", "health"}
NOT_ON_PAGES = {"desk", "desk_epoch", "edition", "hold", "mailbox_message", "referral_tip", "tip", "tombstone"}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def visitor(app):
    """A browser that does not look at pages: here their bytes count."""
    return FlaskClient(app, app.response_class)


def _change(statement) -> None:
    db.in_writing(lambda: db.session.execute(statement))
    db.session.rollback()


def _retitle(title: str) -> None:
    _change(update(ExhibitText).values(title=title))


def _addresses(app):
    """Every address of the public door that can be got, with something behind it where there is something."""
    values = {"lang_code": "en", "ref": "curtain1"}
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            known = {name: values.get(name, "missing") for name in rule.arguments}
            yield rule, rule.build(known, append_unknown=False)[1]


def test_every_public_page_is_either_the_same_for_everybody_or_one_persons(app, client, desk):
    tipsters.write(client, desk)
    with client.session_transaction() as session:
        secrets = [value for value in session.values() if isinstance(value, str)]
    assert secrets
    for rule, address in _addresses(app):
        answer = client.get(address)
        kept = answer.headers["Cache-Control"]
        if answer.status_code >= 400 or PERSONAL.search(rule.rule):
            assert kept in {"no-cache", "no-store"}, address
        elif rule.endpoint in ASKED_EACH_TIME or answer.status_code in {302, 303}:
            assert kept == "no-cache", address
        else:
            assert kept == OPEN or "immutable" in kept, f"{address}: {kept}"
            assert answer.headers["ETag"], address
            assert "Cookie" not in answer.headers.get("Vary", ""), address
            assert not any(value in answer.text for value in secrets), address
            assert "Set-Cookie" not in answer.headers, address


@pytest.mark.parametrize("path", ["/en/", "/en/exhibits/curtain1", "/en/help"])
def test_a_page_that_has_not_changed_is_not_sent_again(visitor, desk, path):
    plain, packed = visitor.get(path), visitor.get(path, headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for answer, headers in ((plain, {}), (packed, GZIP)):
        assert not answer.headers["ETag"].startswith("W/")
        assert answer.headers["Vary"] == "Accept-Encoding"
        again = visitor.get(path, headers={**headers, "If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
        assert (again.headers["Cache-Control"], again.headers["Vary"]) == (OPEN, "Accept-Encoding")
        head = visitor.head(path, headers=headers)
        assert (head.data, head.headers["Content-Length"]) == (b"", str(len(answer.data)))
    other = visitor.get(path, headers={**GZIP, "If-None-Match": plain.headers["ETag"]})
    assert other.status_code == 200
    assert "Content-Encoding" not in visitor.get(path, headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_a_page_with_a_form_is_never_packed(client, desk):
    page = client.get("/en/exhibits/curtain1/tip", headers=GZIP)
    assert b"csrf_token" in page.data
    assert "Content-Encoding" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"


def test_what_another_process_publishes_or_withdraws_shows_at_the_next_request(settings, client, desk):
    other = make_app(settings, "public").test_client()
    for visitor in (client, other):
        assert "Blue jug" not in visitor.page("/en/").main
    _retitle("Blue jug")  # in neither of the two applications
    for visitor in (client, other):
        assert "Blue jug" in visitor.page("/en/exhibits/curtain1").main
    _change(update(Exhibit).values(state="withdrawn"))
    for visitor in (client, other):
        assert visitor.get("/en/exhibits/curtain1").status_code in {404, 410}
        assert "curtain1" not in visitor.page("/en/").html


def test_a_change_that_is_taken_back_starts_no_edition(desk):
    before = editions.current()
    db.session.rollback()
    db.begin_writing()
    db.session.execute(update(ExhibitText).values(title="Blue jug"))
    assert editions.current() > before
    db.session.rollback()
    assert editions.current() == before


def test_a_page_is_made_once_for_an_edition_and_anew_after_a_minute(client, desk, clock, monkeypatch):
    made = []
    monkeypatch.setattr(open_pages, "make", lambda *given, real=open_pages.make: made.append(1) or real(*given))
    for expected, minutes in ((1, 0), (1, 0), (2, 1)):
        clock.advance(minutes=minutes)
        client.get("/en/help")
        assert len(made) == expected
    client.get(f"/en/help?{'x' * 400}")
    client.get(f"/en/help?{'x' * 400}")
    assert len(made) == 4  # strangers choose the address: what is long is not kept


def test_no_more_is_kept_than_there_is_room_for(client, desk, monkeypatch):
    size = len(client.get("/en/help").data) * 2
    monkeypatch.setattr(open_pages, "MOST_BYTES", 3 * size)
    for number in range(8):
        client.get(f"/en/help?{number}")
    kept = client.application.extensions["tipline_open_pages"]
    assert 0 < sum(page.size for page in kept._pages.values()) <= 3 * size


def test_small_pages_under_many_addresses_do_not_add_up(client, desk, monkeypatch):
    monkeypatch.setattr(open_pages, "MOST_BYTES", 64 * 1024)
    for number in range(100):
        client.get(f"/robots.txt?{number}")
    kept = client.application.extensions["tipline_open_pages"]
    assert 0 < len(kept._pages) <= 32


def test_everything_that_the_public_role_only_reads_starts_a_new_edition():
    wording = r"^GRANT SELECT\s*(?:\([^)]*\))?\s*ON ([a-z_, \n]+) TO tipline_public;"
    granted = re.findall(wording, ROLES.read_text(), re.MULTILINE)
    read = {name.strip() for names in granted for name in names.split(",")}
    assert read - NOT_ON_PAGES == PUBLISHED


@pytest.mark.parametrize("name", ["tipline.css", "tipline.js", "vendor/govuk-frontend.min.js", "mark.svg"])
def test_a_static_file_is_packed_and_kept_for_ever_under_the_address_of_its_bytes(app, visitor, name):
    with app.test_request_context("/en/"):
        address = app.jinja_env.globals["asset"](name)
    packed, plain = visitor.get(address, headers=GZIP), visitor.get(address)
    assert gzip.decompress(packed.data) == plain.data == Path("tipline/static", name).read_bytes()
    assert len(packed.data) < len(plain.data)
    for answer in (packed, plain):
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Accept-Encoding"
    again = visitor.get(address, headers={**GZIP, "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for stale in (f"/static/000000000000/{name}", f"/static/{name}"):
        answer = visitor.get(stale)
        assert (answer.data, answer.headers["Cache-Control"]) == (plain.data, "no-cache")


@pytest.mark.parametrize("path", ["nothing.css", "../config.py", "%2e%2e/config.py", "000000000000/", "vendor", ""])
def test_what_is_no_static_file_is_not_found(client, path):
    assert client.get(f"/static/{path}").status_code == 404
