"""Searching at the desk: what is found, by whom, what the log keeps, and what an erasure takes out of the index."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, func, select, update

from tests import factories
from tests.factories import Team
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.models.account import AccountSession
from tipline.models.desk import Grant
from tipline.models.log import LogEntry
from tipline.models.search import KeptSearch, SearchSegment, SearchSegmentKey, SearchSegmentTip
from tipline.models.tip import Tip
from tipline.services import erasing, folding, search_builds, search_index
from tipline.staff import search_keeper
from tipline.staff.search import KEEPER

GREEK = "Το καλάθι πουλήθηκε στη Θεσσαλονίκη, κοντά στους μεγάλους δρόμους."
BOTTLE = "The blue bottle stood in a hotel in Łódź, room 17."


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    return factories.make_team(now)


@pytest.fixture
def exhibit(team: Team, now: dt.datetime) -> str:
    """A published exhibit of that desk."""
    return factories.make_exhibit(team, now)


@pytest.fixture
def reviewer(client: PageClient, team: Team, exhibit: str, now: dt.datetime) -> Iterator[PageClient]:
    """A reviewer's browser that has said why it searches."""
    yield from _searcher(client, team.reviewers[0], now)


def _searcher(client: PageClient, known: factories.Known, now: dt.datetime) -> Iterator[PageClient]:
    factories.sign_in(client, known, now)
    client.submit(client.page("/staff/search"), reason_code="assigned_work")
    yield client
    client.application.extensions[KEEPER].close()


def look_for(browser: PageClient, typed: str) -> Page:
    """The first page of what is found."""
    return browser.submit(browser.page("/staff/search"), words=typed)


def refs(page: Page) -> list[str]:
    """The references on a page of results, in order."""
    return [link for link in page.links if len(link) == 9 and "-" in link]


def entries(event: str) -> list[LogEntry]:
    """The log's entries of one kind, the oldest first."""
    return list(db.session.scalars(select(LogEntry).where(LogEntry.event == event).order_by(LogEntry.seq)))


def test_words_are_found_whatever_their_accents_and_marked(reviewer: PageClient, now: dt.datetime) -> None:
    greek = factories.make_tip(now, narrative=GREEK, tip_language=375).ref
    polish = factories.make_tip(now, narrative=BOTTLE, product="Żywiec", links=("https://www.shop.example/x",)).ref
    for typed in ("ΘΕΣΣΑΛΟΝΙΚΗ", "θεσσαλονικ*", "δρομους μεγαλους", '"στους μεγάλους"'):
        assert refs(look_for(reviewer, typed)) == [greek], typed
    for typed in ("lodz", '"blue bottle" zywiec', "bot* -καλάθι", "shop.example"):
        assert refs(look_for(reviewer, typed)) == [polish], typed
    for typed in ('"μεγάλους στους"', '"bottle blue"', "lodz -hotel", "łódź θεσσαλονίκη"):
        assert "No tip has all of these words" in look_for(reviewer, typed).main, typed
    page = look_for(reviewer, "lodz shop")
    assert "<mark>Łódź</mark>" in page.html
    assert "hxxps://www[.]<mark>shop</mark>[.]example" in page.html
    assert "shop" not in page.path
    assert "lodz" not in page.path


# What was written, what finds it, and what it is marked as.
FOUND = (
    ("Ο παλιός δρόμος", "ΠΑΛΙΟΣ δρομοσ", "δρόμος"),
    ("Синий ёжик стоит", "СИНИИ ежик", "ёжик"),
    ("Torba z Łęczycy", "leczycy", "Łęczycy"),
    ("Il-barża tal-għasel", '"tal ghasel" barza', "tal-għasel"),
    ("İnce ılık şişe", "ince ilik sise", "ılık"),
    ("Große weich\u00adtasche", "GROSSE weichtasche", "Große"),
    ("Blå sjøgrønn veske", "bla sjogronn*", "sjøgrønn"),
    ("Geantă din țară", "geanta tara", "țară"),
    ("Geantă din ţară veche", '"tara veche"', "ţară veche"),
)


def test_every_language_is_found_by_its_plain_letters(reviewer: PageClient, now: dt.datetime) -> None:
    sent = {written: factories.make_tip(now, narrative=written).ref for written, _typed, _mark in FOUND}
    for written, typed, mark in FOUND:
        page = look_for(reviewer, typed)
        assert sent[written] in refs(page), typed
        assert f"<mark>{mark}</mark>" in page.html, typed
    assert len(refs(look_for(reviewer, "tara"))) == 2


def test_what_strangers_wrote_stays_text_around_and_in_the_marks(reviewer: PageClient, now: dt.datetime) -> None:
    written = '<script>alert(1)</script> <mark>bag</mark> &lt;b&gt; \u202ebag "><img src=x onerror=alert(2)>'
    factories.make_tip(now, narrative=written, product="</span><script>bag</script>", links=("https://bag.example/a",))
    page = look_for(reviewer, "<script> <img bag https")
    assert [element.tag for element in page.tree.iter() if element.get("onerror") or element.get("src") == "x"] == []
    assert "alert" not in "".join("".join(one.itertext()) for one in page.tree.iter("script"))
    assert "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;" in page.html
    assert "&lt;mark&gt;<mark>bag</mark>&lt;/mark&gt;" in page.html
    assert "[U+202E]<mark>bag</mark>" in page.html
    assert "<mark>hxxps</mark>://<mark>bag</mark>[.]example/a" in page.html
    assert "<script>" in reviewer.page("/staff/search").main, "the words of this session, as they were typed"


def test_filters_combine_and_each_narrows(reviewer: PageClient, team: Team, now: dt.datetime) -> None:
    from tipline.services import labels

    sent = [
        factories.make_tip(now, narrative=f"bottle {n}", tip_language=369 if n else 375, files=files).ref
        for n, files in enumerate([[("a.jpg", factories.picture())], [("b.jpg", factories.picture())], [], []])
    ]
    for ref in sent[:3]:
        factories.open_tip(team, ref, now)
    label_id = factories.write(lambda: labels.make(team.reviewer, team.desk_id, "Ask", "plain", now))
    factories.write(lambda: labels.put_on(team.reviewer, sent[1], label_id, now))
    factories.write(lambda: db.run(update(Tip).where(Tip.ref == sent[3]).values(unproven=True)))
    path = look_for(reviewer, "bottle").path
    for narrowed, left in (
        ("assignee=me", sent[:3]),
        ("assignee=me&files=yes", sent[:2]),
        ("assignee=me&files=yes&language=369", sent[1:2]),
        ("files=yes&language=375", sent[:1]),
        (f"label={label_id}", sent[1:2]),
        (f"label={label_id}&assignee=nobody", []),
        ("assignee=nobody&unproven=yes", sent[3:]),
        ("status=open&unproven=yes&lane=urgent", []),
    ):
        page = reviewer.page(f"{path}&{narrowed}")
        assert sorted(refs(page)) == sorted(left), narrowed
        assert "Clear the filter" in page.main


def test_whoever_loses_the_desks_key_finds_nothing_at_once(reviewer: PageClient, team: Team, now: dt.datetime) -> None:
    factories.make_tip(now)
    path = look_for(reviewer, "volos").path
    assert "Volos" in reviewer.page(path).main
    mine = Grant.account_id == team.reviewer.id
    factories.write(lambda: db.run(delete(Grant).where(mine)))
    assert "Volos" not in reviewer.page(path).main
    assert "Volos" not in reviewer.page("/staff/search").main


def test_what_is_written_and_added_later_is_found_at_the_next_search(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    from tipline.services import notes

    assert "No tip has all" in look_for(reviewer, "volos").main
    sent = factories.make_tip(now)
    assert refs(look_for(reviewer, "volos")) == [sent.ref]
    factories.add_to_tip(sent.tip_id, now, narrative="The seller was called Wolfgang")
    opened = factories.open_tip(team, sent.ref, now)
    factories.write(lambda: notes.write_note(opened, "Ask the harbour police", now))
    assert refs(look_for(reviewer, "volos wolfgang police")) == [sent.ref]
    assert refs(look_for(reviewer, "police -volos")) == []


def test_the_filter_narrows_and_pages_follow_each_other(reviewer: PageClient, now: dt.datetime, exhibit: str) -> None:
    early = [factories.make_tip(now - dt.timedelta(days=9), narrative=f"bottle {n}").ref for n in range(21)]
    late = factories.make_tip(now, narrative="bottle", exhibit_ref=exhibit, child_at_risk=True).ref
    reviewer.application.extensions[KEEPER].close()  # the next search begins with all of them there
    page = look_for(reviewer, "bottle")
    assert "22 tips" in page.main
    assert refs(page)[0] == late
    older = reviewer.page(next(address for address in page.links.values() if "after=" in address))
    assert {*refs(page), *refs(older)} == {*early, late}
    assert len(refs(older)) == 2
    for narrowed in ("lane=urgent", "age=day", f"exhibit={_exhibit_id()}"):
        assert refs(reviewer.page(f"{page.path.partition('?')[0]}?{narrowed}")) == [late], narrowed
    assert "fits the filter" in reviewer.page(f"{page.path.partition('?')[0]}?status=closed").main


def _exhibit_id() -> str:
    return str(db.session.scalar(select(Tip.exhibit_id).where(Tip.exhibit_id.is_not(None))))


def test_a_search_needs_a_reason_and_the_log_keeps_hits_but_no_words(
    client: PageClient, team: Team, exhibit: str, now: dt.datetime
) -> None:
    sent = factories.make_tip(now)
    factories.sign_in(client, team.reviewers[0], now)
    asked = client.page("/staff/search")
    assert "Why do you look?" in asked.main
    assert client.submit(asked).errors == ["Choose why you look"]
    client.submit(client.page("/staff/search"), reason_code="supervision")
    assert entries("tips.searched") == []
    look_for(client, "volos")
    look_for(client, "VOLOS")
    first, second = entries("tips.searched")
    assert first.field_group.endswith(".hits.1")
    assert first.field_group == second.field_group
    assert (first.justification, first.subject_ids) == ("supervision", team.desk_id)
    assert "volos" not in f"{first.field_group}{first.subject_ids}"
    assert [entry.subject_ids for entry in entries("tip.listed")] == [sent.tip_id] * 2


def test_others_cannot_see_a_search_and_other_desks_are_not_searched(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    factories.make_tip(now)
    path = look_for(reviewer, "volos").path
    factories.write(lambda: db.run(update(Tip).values(desk_id=_another_desk(team, now))))
    assert "No tip has all" in reviewer.page(path).main
    factories.sign_in(reviewer, team.reviewers[1], now)
    reviewer.submit(reviewer.page("/staff/search"), reason_code="assigned_work")
    reviewer.page(path, status=404)


def _another_desk(team: Team, now: dt.datetime) -> str:
    from tipline.services import desks

    people = [known.person.id for known in team.supervisors]
    return desks.name_desk(team.administrator.person, "Another desk", people, now)


def test_reviewers_find_neither_restricted_tips_nor_words_that_tell_who_wrote_them(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    hidden = factories.make_tip(now, narrative="My wife sells bags", product="Woven bag").ref
    factories.make_tip(now, narrative="My wife again")
    factories.write(lambda: db.run(update(Tip).where(Tip.ref == hidden).values(identifies_sender=True)))
    factories.write(lambda: db.run(update(Tip).where(Tip.ref != hidden).values(restricted=True)))
    assert refs(look_for(reviewer, "wife")) == []
    page = look_for(reviewer, "woven")
    assert refs(page) == [hidden]
    assert "wife" not in page.main
    factories.sign_in(reviewer, team.supervisors[0], now)
    reviewer.submit(reviewer.page("/staff/search"), reason_code="supervision")
    page = look_for(reviewer, "wife")
    assert len(refs(page)) == 2
    assert "<mark>wife</mark> sells bags" in page.html
    assert "Restricted: no excerpt is shown" in page.main


def test_an_erased_tip_is_in_no_segment_and_its_neighbours_are_found_again(
    reviewer: PageClient, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "IMAGE_SIZE", 3)
    sent = [factories.make_tip(now, narrative=f"bottle number{place}") for place in range(7)]
    assert len(refs(look_for(reviewer, "bottle"))) == 7
    assert _stored() == (2, 2, 6)
    first = db.session.scalar(select(SearchSegmentTip.tip_id).limit(1))
    number = next(place for place, tip in enumerate(sent) if tip.tip_id == first)
    factories.write(lambda: erasing.erase_tip(sent[number].tip_id))
    assert _stored() == (1, 1, 3)
    assert refs(look_for(reviewer, f"number{number}")) == []
    assert len(refs(look_for(reviewer, "bottle"))) == 6
    # A second start: the segments alone hold what was read before, and what changed since is read anew.
    reviewer.application.extensions[KEEPER].close()
    assert len(refs(look_for(reviewer, "bottle"))) == 6


def test_an_erased_tip_leaves_the_memory_of_the_server_though_nobody_searches(
    reviewer: PageClient, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "IMAGE_SIZE", 3)
    sent = [factories.make_tip(now, narrative=f"bottle {place}") for place in range(4)]
    look_for(reviewer, "bottle")
    keeper = reviewer.application.extensions[KEEPER]
    [index] = keeper._indexes.values()
    for tip in (sent[0], sent[3]):  # one of them in the sealed segment, the other in what grows, or both in the first
        factories.write(lambda gone=tip.tip_id: erasing.erase_tip(gone))
        keeper.sweep(now)
        assert index.records_of(tip.tip_id) == -1
        assert all(tip.tip_id not in image.entries for image in (index.tail, *index.images()))
    assert len(refs(look_for(reviewer, "bottle"))) == 2


def test_what_was_read_again_is_in_the_segments_of_the_next_start(
    reviewer: PageClient, team: Team, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tipline.services import notes

    monkeypatch.setattr(search_index, "IMAGE_SIZE", 2)
    sent = [factories.make_tip(now, narrative="bottle").ref for _place in range(4)]
    look_for(reviewer, "bottle")
    for ref in sent:
        opened = factories.open_tip(team, ref, now)
        factories.write(lambda to=opened: notes.write_note(to, "Ask the harbour police", now))
    assert len(refs(look_for(reviewer, "bottle police"))) == 4
    assert _stored() == (4, 4, 8)
    reviewer.application.extensions[KEEPER].close()
    monkeypatch.setattr(search_builds, "step", lambda *_: False)  # nothing is read: the segments have all of it
    assert len(refs(look_for(reviewer, "bottle police"))) == 4
    assert _stored() == (2, 2, 4)


def test_segments_with_words_in_an_older_form_are_made_anew(
    reviewer: PageClient, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "IMAGE_SIZE", 2)
    sent = [factories.make_tip(now, narrative="bottle").ref for _place in range(2)]
    look_for(reviewer, "bottle")
    before = db.session.scalars(select(SearchSegment.id)).all()
    reviewer.application.extensions[KEEPER].close()
    monkeypatch.setattr(folding, "FORM", folding.FORM + 1)
    assert sorted(refs(look_for(reviewer, "bottle"))) == sorted(sent)
    after = db.session.scalars(select(SearchSegment.id)).all()
    assert len(after) == 1
    assert set(after).isdisjoint(before)


def _stored() -> tuple[int, ...]:
    tables = (SearchSegment, SearchSegmentKey, SearchSegmentTip)
    return tuple(db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def test_the_index_dies_with_the_last_session_of_the_desk(reviewer: PageClient, now: dt.datetime) -> None:
    factories.make_tip(now)
    look_for(reviewer, "volos")
    keeper = reviewer.application.extensions[KEEPER]
    [index] = keeper._indexes.values()
    keeper.sweep(now)
    assert index.size == 1
    reviewer.submit(reviewer.page("/staff/search"), action="sign-out")
    assert index.size == 0
    assert not index.is_open
    assert db.session.scalar(select(func.count()).select_from(KeptSearch)) == 0


def test_a_search_ends_with_its_session(reviewer: PageClient) -> None:
    look_for(reviewer, "volos")
    assert "volos" in reviewer.page("/staff/search").main
    factories.write(lambda: db.run(delete(AccountSession)))
    assert db.session.scalar(select(func.count()).select_from(KeptSearch)) == 0


def test_what_cannot_be_searched_for_stands_beside_the_field(reviewer: PageClient) -> None:
    assert look_for(reviewer, "b*").errors == ["The beginning of a word needs 2 letters before the star"]
    assert look_for(reviewer, "").errors == ["Enter at least one word that has to be in the tip"]


def test_a_large_desk_is_read_beside_the_requests_and_a_page_tells_how_far_it_is(
    reviewer: PageClient, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = reviewer.application.extensions[KEEPER]
    keeper.close()
    sent = [factories.make_tip(now, narrative=f"bottle {place}").ref for place in range(3)]
    monkeypatch.setattr(search_keeper, "WITHIN_REQUEST", 1)
    blocked = threading.Event()
    step = search_builds.step
    monkeypatch.setattr(search_builds, "step", lambda *given: blocked.wait() and step(*given))
    waiting = reviewer.get("/staff/search/progress")
    assert waiting.headers["Refresh"] == "2"
    assert "It goes on when you leave this page" in waiting.text
    assert "See how far it is" in reviewer.page("/staff/search").main
    blocked.set()
    for thread in threading.enumerate():
        if thread.name == "search":
            thread.join()
    assert reviewer.page("/staff/search/progress").h1.startswith("Search at")
    assert sorted(refs(look_for(reviewer, "bottle"))) == sorted(sent)
