"""Updates, their feed, the figures of the campaign, and what other sites show when a page is passed on."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as ET

from tests import factories
from tests.conftest import make_app
from tipline.services import announcing, figures

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def meta(page):
    """What the page's head tells other sites."""
    tags = page.tree.findall("head/meta")
    return {tag.get("property") or tag.get("name"): tag.get("content") for tag in tags}


def feed(client, path="/en/updates.atom"):
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/atom+xml")
    return answer, ET.fromstring(answer.data)  # noqa: S314 - our own


def test_before_the_first_update_the_page_says_what_will_come(client):
    page = client.page("/en/updates")
    assert page.h1 == "Updates"
    assert "No updates yet" in page.main
    _, empty = feed(client)
    assert empty.findall(f"{ATOM}entry") == []


def test_an_update_is_listed_and_read_without_a_cookie(client, team, now):
    factories.publish_update(team, now, body="<p>We <em>thank</em> you.</p><script>x</script>")
    listed = client.page("/en/updates")
    shown = client.page(listed.links["An object has been recognised"])
    assert shown.h1 == "An object has been recognised"
    assert "<p>We <em>thank</em> you.</p>" in shown.html
    assert "2 March 2026" in shown.main
    for page in (listed, shown):
        assert "Set-Cookie" not in page.response.headers
        assert page.response.headers["ETag"]


def test_what_is_not_translated_is_marked_as_english(client, team, now):
    slug = factories.publish_update(team, now)
    page = client.page(f"/fr/updates/{slug}")
    assert page.tree.find(".//h1").get("lang") == "en"
    words = announcing.UpdateWords("Un objet a été reconnu", "Merci.")
    factories.write(lambda: announcing.change_text(slug, "fr", words, team.administrator.person, now))
    page = client.page(f"/fr/updates/{slug}")
    assert (page.h1, page.tree.find(".//h1").get("lang")) == ("Un objet a été reconnu", None)


def test_a_withdrawn_update_is_gone_from_page_list_and_feed(client, team, now):
    slug = factories.publish_update(team, now)
    assert len(feed(client)[1].findall(f"{ATOM}entry")) == 1
    factories.write(lambda: announcing.withdraw(slug, team.administrator.person, now))
    gone, never = (client.page(f"/en/updates/{name}", status=404) for name in (slug, "never-was"))
    assert gone.main == never.main
    assert gone.h1 == "This update is not shown here"
    assert "No updates yet" in client.page("/en/updates").main
    assert feed(client)[1].findall(f"{ATOM}entry") == []


def test_a_draft_is_nowhere(client, team, now):
    words = announcing.UpdateWords("Not yet", "Not yet.")
    slug = factories.write(lambda: announcing.write(words, team.administrator.person, now))
    assert client.get(f"/en/updates/{slug}").status_code == 404
    assert "Not yet" not in client.page("/en/updates").text


def test_older_updates_come_a_page_at_a_time_each_once(client, team, clock):
    titles = [f"Update {number:02}" for number in range(14)]
    for title in titles:
        factories.publish_update(team, clock.now, title=title)
        clock.advance(hours=7)
    first = client.page("/en/updates")
    second = client.page(first.links["Older updates"])
    seen = [name for page in (first, second) for name in page.links if name.startswith("Update ")]
    assert seen == titles[::-1]
    assert "Older updates" not in second.links
    assert second.links["Newest updates"] == "/en/updates"
    assert client.page("/en/updates?before=never-was").main == first.main


def test_the_feed_is_what_the_standard_asks_for(client, team, clock):
    slug = factories.publish_update(team, clock.now, title="Two &\x0bthree < four", body="Thank\x00you.")
    answer, root = feed(client, "/fr/updates.atom")
    assert "Set-Cookie" not in answer.headers
    assert client.get("/fr/updates.atom", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert root.get(LANG) == "fr"
    [entry] = root.findall(f"{ATOM}entry")
    assert entry.get(LANG) == "en"
    for element in (root, entry):
        assert element.findtext(f"{ATOM}id").startswith("urn:uuid:")
        assert dt.datetime.fromisoformat(element.findtext(f"{ATOM}updated")) == clock.now
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "tipline"
    assert entry.findtext(f"{ATOM}title") == "Two & three < four"
    assert entry.findtext(f"{ATOM}content") == "<p>Thank you.</p>"  # no sign that XML cannot hold
    assert {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")} == {
        "self": "/fr/updates.atom",
        "alternate": "/fr/updates",
    }
    assert entry.find(f"{ATOM}link").get("href") == f"/fr/updates/{slug}"


def test_an_entry_keeps_its_id_when_its_words_change(client, team, clock):
    slug = factories.publish_update(team, clock.now)
    before = feed(client)[1].find(f"{ATOM}entry")
    clock.advance(days=2)
    words = announcing.UpdateWords("Another title", "Thank you again.")
    factories.write(lambda: announcing.change_text(slug, "en", words, team.administrator.person, clock.now))
    after = feed(client)[1].find(f"{ATOM}entry")
    assert after.findtext(f"{ATOM}id") == before.findtext(f"{ATOM}id")
    assert after.findtext(f"{ATOM}published") == before.findtext(f"{ATOM}published")
    assert dt.datetime.fromisoformat(after.findtext(f"{ATOM}updated")) == clock.now
    assert "Last changed on 4 March 2026." in client.page(f"/en/updates/{slug}").main
    assert feed(client, "/fr/updates.atom")[1].findtext(f"{ATOM}entry/{ATOM}id") != after.findtext(f"{ATOM}id")


def test_every_public_page_names_the_feed(client):
    link = client.page("/el/privacy").tree.find("head/link[@rel='alternate']")
    assert (link.get("type"), link.get("href")) == ("application/atom+xml", "/el/updates.atom")


def test_figures_stand_on_the_gallery_and_the_updates(client, team, now):
    factories.make_exhibit(team, now)
    assert "figures" not in client.page("/en/").main
    factories.enter_figures(team, now, 1240, None, 0, 1)
    for page in (client.page("/en/"), client.page("/en/updates")):
        assert "Tips received1,240" in page.main  # the label comes first in the text, the number on the eye
        assert "Countries involved0" in page.main
        assert "Objects recognised" not in page.main
        assert "As of 2 March 2026." in page.main


def test_figures_that_were_taken_back_give_way_to_those_before(client, team, clock):
    factories.enter_figures(team, clock.now, 10)
    clock.advance(hours=1)
    factories.enter_figures(team, clock.now, 99_999)
    wrong = next(entry for entry in figures.history() if entry.shown)
    factories.write(lambda: figures.withdraw(wrong.id, team.administrator.person, clock.now))
    assert "Tips received10" in client.page("/en/updates").main


def test_a_page_that_is_passed_on_shows_the_object_and_our_mark(settings, app, team, now):
    ref = factories.make_exhibit(team, now)
    known = make_app(settings, "public", public_address="https://tips.example.org").test_client()
    told = meta(known.page(f"/el/exhibits/{ref}"))
    assert told["og:title"] == "Woven bag"
    assert told["og:description"] == "Where was this bag sold?"
    assert told["og:locale"] == "el_GR"
    assert told["twitter:card"] == "summary_large_image"
    assert told["og:url"] == f"https://tips.example.org/el/exhibits/{ref}"
    card = known.get(told["og:image"].removeprefix("https://tips.example.org"))
    assert (card.status_code, card.mimetype) == (200, "image/jpeg")
    for path in ("/en/", "/en/updates"):
        of_no_object = meta(known.page(path))["og:image"]
        assert "/pictures/" not in of_no_object
        assert known.get(of_no_object.removeprefix("https://tips.example.org")).mimetype == "image/jpeg"


def test_an_address_that_somebody_made_up_does_not_travel_on(client, team, now):
    ref = factories.make_exhibit(team, now)
    for path in ("/en/", f"/en/exhibits/{ref}", "/en/updates", "/en/updates.atom"):
        answer = client.get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 200
        assert b"evil.example" not in answer.data
        assert b"og:image" not in answer.data
