"""The gallery, an object's page and its pictures, as a visitor sees them."""

from __future__ import annotations

import re

import pytest

from tests import factories
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.services import appeals, exhibits, gallery, publishing


def _pictures(page) -> list[str]:
    return re.findall(r"/pictures/[0-9a-f]{64}\.\w+", page.html)


def _cards(page) -> list[str]:
    titles = [e for e in page.tree.iter() if "tl-exhibit__title" in (e.get("class") or "")]
    return [title.find("a").get("href") for title in titles]


def _close(team, ref, now) -> None:
    """Tips about this object are no longer needed, because it is sold everywhere."""
    administrator = team.administrator.person

    def close() -> None:
        exhibits.record_outcome(ref, "eliminated_too_common", administrator, now)
        exhibits.close_exhibit(exhibits.exhibit(ref).id, administrator.actor, now)

    factories.write(close)


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


def test_a_withdrawn_object_keeps_a_friendly_page_that_says_nothing_of_it(client, team, ref, now):
    administrator = team.administrator.person
    factories.write(lambda: exhibits.withdraw_exhibit(ref, administrator, now))
    gone = client.page(f"/en/exhibits/{ref}", status=410)
    assert gone.h1 == "This object is no longer shown"
    assert "Thank you to everyone" in gone.main
    assert gone.links["Write to us without choosing an object"] == "/en/tip"
    assert "bag" not in gone.html
    factories.write(lambda: exhibits.publish_exhibit(ref, administrator, now))
    slug = appeals.exhibit_page(ref, "en").appeal_slug
    factories.write(lambda: publishing.withdraw(slug, administrator, now))
    assert client.page(f"/en/exhibits/{ref}", status=410).main == gone.main


def test_an_object_that_was_never_shown_is_not_there(client, team, ref, now):
    administrator = team.administrator.person
    slug = appeals.exhibit_page(ref, "en").appeal_slug
    words = exhibits.ExhibitWords("Secret lamp", "Whose?", "A lamp.", "A lamp.")
    draft = factories.write(lambda: exhibits.make_exhibit(slug, words, administrator, now))
    pages = [client.page(f"/en/exhibits/{known}", status=404) for known in (draft, "NEVER-WAS1")]
    assert pages[0].h1 == "This object is not shown here"
    assert pages[0].main == pages[1].main
    assert pages[0].links["Write to us without choosing an object"] == "/en/tip"


def test_what_is_no_longer_needed_moves_behind_a_filter_and_keeps_its_page_with_thanks(client, team, ref, now):
    assert "No longer needed" not in client.page("/en/").text
    _close(team, ref, now)
    assert "Woven bag" not in client.page("/en/").links
    for show in ("closed", "all"):
        assert client.page(f"/en/?show={show}").links["Woven bag"] == f"/en/exhibits/{ref}"
    assert client.page("/en/").links["No longer needed"] == "/en/?show=closed"
    page = client.page(f"/en/exhibits/{ref}")
    assert "We no longer need tips about this object" in page.main
    assert "Tell us what you know" not in page.links
    assert page.links["Write to us without choosing an object"] == "/en/tip"
    assert "eliminated" not in page.html.lower() + client.page("/en/?show=all").html.lower()
    assert client.page(f"/en/exhibits/{ref}/tip").form("narrative")  # whoever knows something is still let in


def test_a_long_gallery_is_turned_page_by_page(client, team, ref, now, monkeypatch):
    monkeypatch.setattr(gallery, "PAGE", 2)
    refs = [ref, *(factories.make_exhibit(team, now) for _ in range(4))]
    seen, page = [], client.page("/en/")
    assert "Previous page" not in page.links
    while True:
        seen += [href.rpartition("/")[2] for href in _cards(page)]
        if "Next page" not in page.links:
            break
        page = client.page(page.links["Next page"])
    assert seen == refs
    for _ in range(2):
        page = client.page(page.links["Previous page"])
    assert page.path == "/en/"
    assert [href.rpartition("/")[2] for href in _cards(page)] == refs[:2]
    assert client.page("/en/?after=NEVER&show=nonsense").main == page.main


def test_pictures_take_their_place_before_they_come(client, team, ref, now):
    factories.make_exhibit(team, now, title="Red cup")
    page = client.page("/en/")
    first, second = [e for e in page.tree.iter("img") if "/pictures/" in (e.get("src") or "")]
    assert (first.get("width"), first.get("height")) == ("640", "480")
    assert (first.get("fetchpriority"), first.get("loading")) == ("high", None)
    assert (second.get("fetchpriority"), second.get("loading")) == (None, "lazy")
    sources = [e.get("srcset") or "" for e in page.tree.iter("source")]
    assert len(sources) == 2
    assert all(source.count(".webp ") == 3 and "w," in source for source in sources)


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
