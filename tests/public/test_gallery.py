"""The gallery, an object's page and its pictures, as a visitor sees them."""

from __future__ import annotations

import re

import pytest

from tests import factories
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.services import appeals, exhibits


@pytest.fixture
def team(app, now):
    return factories.make_team(now)


@pytest.fixture
def ref(team, now):
    return factories.make_exhibit(team, now)


def _pictures(page) -> list[str]:
    return re.findall(r"/pictures/[0-9a-f]{64}\.\w+", page.html)


def test_the_bare_address_leads_to_the_visitors_language(client):
    page = client.page("/", headers={"Accept-Language": "fr-BE,fr;q=0.9"})
    assert page.path == "/fr/"
    assert page.tree.get("lang") == "fr"


def test_an_empty_gallery_says_what_will_appear_and_where_to_turn(client):
    page = client.page("/en/")
    assert page.h1 == "Do you recognise this object?"
    assert "No objects are shown here at the moment" in page.main
    assert page.links["Emergency numbers"] == "/en/emergency"


def test_the_gallery_shows_every_published_object_and_sets_no_cookie(client, ref):
    page = client.page("/en/")
    assert page.h1 == "Do you recognise this object?"
    assert "Where was this bag sold?" in page.main
    assert page.links["Woven bag"] == f"/en/exhibits/{ref}"
    assert page.links["Write to us without choosing an object"] == "/en/tip"
    assert "Set-Cookie" not in page.response.headers
    assert page.response.headers["Cache-Control"] == "no-cache"


def test_several_appeals_each_have_their_heading(client, team, now):
    for title in ("Woven bag", "Red cup"):
        factories.make_exhibit(team, now, title=title)
    page = client.page("/en/")
    assert page.h1 == "Do you recognise one of these objects?"
    assert {"Woven bag", "Red cup"} <= set(page.links)
    assert page.html.count('<h2 class="govuk-heading-l"') == 2


def test_words_that_are_not_translated_are_marked_as_english(client, ref):
    for path in ("/el/", f"/el/exhibits/{ref}"):
        page = client.page(path)
        marked = [
            e for e in page.tree.iter() if e.get("lang") == "en" and "Where was this bag sold?" in "".join(e.itertext())
        ]
        assert marked, path


def test_an_objects_page_says_what_helps_and_leads_to_the_form(client, ref):
    page = client.page(f"/en/exhibits/{ref}")
    assert page.h1 == "Woven bag"
    assert ref in page.main
    for words in ("Where was this bag sold?", "brand, maker or seller", "Do not investigate yourself", "social media"):
        assert words in page.main
    assert page.links["Tell us what you know"] == f"/en/exhibits/{ref}/tip"


def test_the_picture_can_be_enlarged_without_script(client, ref):
    page = client.page(f"/en/exhibits/{ref}")
    opened = page.links["Enlarge the picture"].removeprefix("#")
    layer = next(e for e in page.tree.iter() if e.get("id") == opened)
    assert layer.find(".//img") is not None
    assert page.links["Close the large picture"] == "#picture"


def test_an_object_that_was_withdrawn_and_one_that_never_was_look_the_same(client, team, ref, now):
    factories.write(lambda: exhibits.withdraw_exhibit(ref, team.administrator.person, now))
    gone, never = (client.page(f"/en/exhibits/{known}", status=404) for known in (ref, "NEVER-WAS1"))
    assert gone.h1 == "This object is not shown here"
    assert gone.main == never.main
    assert gone.links["Write to us without choosing an object"] == "/en/tip"


def test_every_picture_of_a_page_is_served_for_ever_as_what_it_is(client, ref):
    addresses = set(_pictures(client.page(f"/en/exhibits/{ref}")))
    assert len(addresses) >= 2
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.mimetype == {"jpg": "image/jpeg", "webp": "image/webp"}[address.rpartition(".")[2]]
        assert answer.data[:2] == b"\xff\xd8" or answer.data[8:12] == b"WEBP"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_pictures_of_objects_that_are_not_published_are_not_there(client, team, ref, now):
    address = _pictures(client.page("/en/"))[0]
    etag = client.get(address).headers["ETag"]
    factories.write(lambda: exhibits.withdraw_exhibit(ref, team.administrator.person, now))
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 404
    with pytest.raises(NotFound):
        appeals.public_picture(address.rpartition("/")[2])


@pytest.mark.parametrize("name", ["x", "../tipline.db", "%2e%2e%2ftipline.db", "0" * 64 + ".svg", "0" * 64 + ".jpg"])
def test_a_made_up_picture_is_not_found(client, name):
    assert client.get(f"/pictures/{name}").status_code == 404


def test_health_says_whether_the_database_is_there(client, monkeypatch):
    from sqlalchemy.exc import OperationalError

    well = client.get("/healthz")
    assert (well.status_code, well.text.strip()) == (200, "ok")
    assert "Set-Cookie" not in well.headers

    def gone():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(db, "ping", gone)
    assert client.get("/healthz").status_code == 503


def test_search_engines_are_kept_off_the_pages_of_a_tip(client):
    text = client.get("/robots.txt").text
    assert "Disallow: /*/tip" in text
    assert "Disallow: /staff/" in text
