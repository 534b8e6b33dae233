"""Posters: one object on one sheet."""

from __future__ import annotations

from tests import factories
from tests.conftest import make_app
from tipline.extensions import db
from tipline.services import exhibits, posters


def test_a_poster_leads_to_its_object_in_its_language(settings, team, ref):
    client = make_app(settings, "public", public_address="https://tips.example.org").test_client()
    page = client.page(f"/el/exhibits/{ref}/poster")
    assert f"tips.example.org/el/exhibits/{ref}" in page.main
    assert str(posters.draw_code(f"https://tips.example.org/el/exhibits/{ref}")) in page.html
    assert "Where was this bag sold?" in page.main
    assert "112" in page.main
    assert "Set-Cookie" not in page.response.headers
    assert page.response.headers["Cache-Control"].startswith("public")


def test_the_code_needs_no_style_and_stays_sharp_at_every_size():
    drawn = str(posters.draw_code("https://tips.example.org/el/exhibits/ABCD-1234"))
    assert "viewBox" in drawn
    for attribute in ("style=", "class=", " width=", " height="):
        assert attribute not in drawn.partition(">")[0], attribute


def test_the_objects_page_leads_to_its_poster(client, ref):
    assert client.page(f"/en/exhibits/{ref}").links["Print a poster"] == f"/en/exhibits/{ref}/poster"


def test_without_an_address_of_its_own_the_visitors_one_is_printed(client, ref):
    assert f"localhost/en/exhibits/{ref}" in client.page(f"/en/exhibits/{ref}/poster").main
    other = client.page(f"/en/exhibits/{ref}/poster", headers={"Host": "tips.example.org"})
    assert f"tips.example.org/en/exhibits/{ref}" in other.main
    assert "localhost" not in other.html
    assert other.response.headers["Cache-Control"] == "no-store"  # no cache passes a made-up address on


def test_there_is_no_poster_of_what_is_not_shown(client, team, ref, now):
    factories.write(lambda: exhibits.withdraw_exhibit(ref, team.administrator.person, now))
    for name, status in ((ref, 410), ("NEVER-WAS1", 404)):
        page = client.page(f"/en/exhibits/{name}/poster", status=status)
        assert page.h1 == "There is no poster for this object"
    db.session.rollback()
