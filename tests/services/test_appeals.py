"""Appeals and exhibits: what administrators do, and what the public then sees."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from sqlalchemy import select

from tests.factories import Team, make_team
from tests.services.test_pictures import make_jpeg
from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import Database
from tipline.models.log import LogEntry
from tipline.services import appeals, desks, exhibits, pictures, publishing
from tipline.services.exhibits import ExhibitWords
from tipline.services.gallery import read_gallery
from tipline.services.publishing import AppealWords

ENGLISH = AppealWords("Do you recognise this object?", "<p>Look at these <strong>objects</strong>.</p>")
CUP = ExhibitWords("Red cup", "Do you recognise this cup?", "A red cup of enamel.", "A red cup on a table")
GREEK = ExhibitWords("Κόκκινη κούπα", "Την αναγνωρίζετε;", "Μια κόκκινη κούπα.", "Κόκκινη κούπα σε τραπέζι")


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def slug(team: Team, now: dt.datetime) -> str:
    return publishing.make_appeal(team.desk_id, ENGLISH, team.administrator.person, now)


@pytest.fixture
def ref(slug: str, team: Team, now: dt.datetime) -> str:
    """A complete exhibit that nobody has published."""
    ref = exhibits.make_exhibit(slug, CUP, team.administrator.person, now)
    exhibits.change_picture(ref, pictures.render(make_jpeg((300, 200))), team.administrator.person, now)
    return ref


@pytest.fixture
def published(slug: str, ref: str, team: Team, now: dt.datetime) -> str:
    exhibits.publish_exhibit(ref, team.administrator.person, now)
    publishing.publish(slug, team.administrator.person, now)
    return ref


def events(database: Database) -> list[str]:
    return list(
        database.session.scalars(select(LogEntry.event).where(LogEntry.chain == "admin").order_by(LogEntry.seq))
    )


def test_the_public_sees_a_published_appeal(published: str, slug: str) -> None:
    [appeal] = read_gallery("en").appeals
    assert (appeal.slug, appeal.title) == (slug, "Do you recognise this object?")
    assert appeal.introduction == ENGLISH.introduction
    [card] = appeal.exhibits
    assert (card.ref, card.title, card.pictures.of("small").media_type) == (published, "Red cup", "image/jpeg")
    page = appeals.exhibit_page(published, "en")
    assert page.description == "<p>A red cup of enamel.</p>"
    assert [picture.size for picture in page.pictures.webp] == ["small", "medium", "large"]


def test_a_draft_is_not_public(ref: str, slug: str, team: Team, now: dt.datetime) -> None:
    with pytest.raises(NotFound):
        appeals.exhibit_page(ref, "en")
    assert read_gallery("en").appeals == ()
    exhibits.publish_exhibit(ref, team.administrator.person, now)
    with pytest.raises(NotFound):  # its appeal is a draft still
        appeals.exhibit_page(ref, "en")


def test_words_in_the_language_of_the_page_or_else_in_english(
    published: str, slug: str, team: Team, now: dt.datetime
) -> None:
    assert appeals.exhibit_page(published, "el").language == "en"
    exhibits.change_exhibit_text(published, "el", GREEK, team.administrator.person, now)
    page = appeals.exhibit_page(published, "el")
    assert (page.title, page.language, page.appeal_language) == ("Κόκκινη κούπα", "el", "en")
    assert read_gallery("fr").appeals[0].exhibits[0].title == "Red cup"


def test_withdrawing_takes_everything_away(published: str, slug: str, team: Team, now: dt.datetime) -> None:
    shown = appeals.exhibit_page(published, "en").pictures.of("large")
    assert hashlib.sha256(pictures.read_published(shown.filename)).hexdigest() == shown.digest
    publishing.withdraw(slug, team.administrator.person, now)
    with pytest.raises(NotFound):
        appeals.exhibit_page(published, "en")
    with pytest.raises(NotFound):
        pictures.read_published(shown.filename)
    assert pictures.read(shown.filename)  # the administrators still see it


def test_a_withdrawn_exhibit_is_gone_and_can_come_back(published: str, team: Team, now: dt.datetime) -> None:
    exhibits.withdraw_exhibit(published, team.administrator.person, now)
    with pytest.raises(NotFound):
        appeals.exhibit_page(published, "en")
    exhibits.publish_exhibit(published, team.administrator.person, now)
    assert appeals.exhibit_page(published, "en").title == "Red cup"


def test_an_appeal_without_a_published_exhibit_stays_a_draft(slug: str, ref: str, team: Team, now: dt.datetime) -> None:
    with pytest.raises(BadInput, match="exhibit"):
        publishing.publish(slug, team.administrator.person, now)
    assert publishing.appeal(slug).missing == ("exhibit",)


def test_an_exhibit_without_a_picture_stays_a_draft(slug: str, team: Team, now: dt.datetime) -> None:
    bare = exhibits.make_exhibit(slug, CUP, team.administrator.person, now)
    with pytest.raises(BadInput, match="picture"):
        exhibits.publish_exhibit(bare, team.administrator.person, now)


def test_no_appeal_is_published_before_its_desk_is_open(team: Team, now: dt.datetime) -> None:
    founders = [team.supervisor.id, team.supervisors[1].person.id]
    closed = desks.name_desk(team.administrator.person, "Desk South", founders, now)
    slug = publishing.make_appeal(closed, ENGLISH, team.administrator.person, now)
    ref = exhibits.make_exhibit(slug, CUP, team.administrator.person, now)
    exhibits.change_picture(ref, pictures.render(make_jpeg((300, 200))), team.administrator.person, now)
    exhibits.publish_exhibit(ref, team.administrator.person, now)
    assert publishing.appeal(slug).missing == ("desk",)
    desks.found_desk(team.supervisor, closed, now)  # keys, but one member, and codes that nobody confirmed
    with pytest.raises(BadInput, match="desk"):
        publishing.publish(slug, team.administrator.person, now)


def test_publishing_twice_is_refused(published: str, slug: str, team: Team, now: dt.datetime) -> None:
    with pytest.raises(WrongState):
        publishing.publish(slug, team.administrator.person, now)
    with pytest.raises(WrongState):
        exhibits.publish_exhibit(published, team.administrator.person, now)


def test_exhibits_change_places(slug: str, team: Team, now: dt.datetime) -> None:
    refs = [exhibits.make_exhibit(slug, CUP, team.administrator.person, now) for _ in range(3)]
    exhibits.move_exhibit(refs[2], "up", team.administrator.person, now)
    exhibits.move_exhibit(refs[0], "up", team.administrator.person, now)  # it is the first: nothing happens
    assert [line.ref for line in exhibits.exhibits(slug)] == [refs[0], refs[2], refs[1]]
    exhibits.move_exhibit(refs[0], "down", team.administrator.person, now)
    assert [line.ref for line in exhibits.exhibits(slug)] == [refs[2], refs[0], refs[1]]
    with pytest.raises(BadInput):
        exhibits.move_exhibit(refs[0], "sideways", team.administrator.person, now)


def test_a_new_picture_replaces_the_old_one(published: str, team: Team, now: dt.datetime) -> None:
    before = appeals.exhibit_page(published, "en").pictures.of("small").filename
    replaced = exhibits.change_picture(
        published, pictures.render(make_jpeg((800, 700))), team.administrator.person, now
    )
    pictures.discard(replaced)
    assert before in replaced
    for look in (pictures.read, pictures.read_published):
        with pytest.raises(NotFound):
            look(before)
    assert appeals.exhibit_page(published, "en").pictures.of("small").filename != before


def test_a_picture_that_another_exhibit_shows_stays(published: str, slug: str, team: Team, now: dt.datetime) -> None:
    twin = exhibits.make_exhibit(slug, CUP, team.administrator.person, now)
    exhibits.change_picture(twin, pictures.render(make_jpeg((300, 200))), team.administrator.person, now)
    replaced = exhibits.change_picture(twin, pictures.render(make_jpeg((800, 700))), team.administrator.person, now)
    pictures.discard(replaced)
    assert pictures.read(appeals.exhibit_page(published, "en").pictures.of("small").filename)


@pytest.mark.parametrize(
    "words",
    [
        AppealWords("", "Text"),
        AppealWords("x" * 201, "Text"),
        AppealWords("Title", "<script>alert(1)</script>"),
        AppealWords("Title", "x" * 5001),
    ],
)
def test_words_that_do_not_fit_are_refused(team: Team, now: dt.datetime, words: AppealWords) -> None:
    with pytest.raises(BadInput):
        publishing.make_appeal(team.desk_id, words, team.administrator.person, now)


def test_a_language_that_pages_cannot_have_is_refused(slug: str, team: Team, now: dt.datetime) -> None:
    for tag in ("und", "xx", ""):
        with pytest.raises(BadInput):
            publishing.change_appeal_text(slug, tag, ENGLISH, team.administrator.person, now)


def test_two_appeals_of_one_title_have_two_addresses(slug: str, team: Team, now: dt.datetime) -> None:
    other = publishing.make_appeal(team.desk_id, ENGLISH, team.administrator.person, now)
    assert other != slug
    assert [line.slug for line in publishing.appeals()] == [slug, other]


def test_every_act_is_logged(published: str, slug: str, team: Team, now: dt.datetime, database: Database) -> None:
    exhibits.withdraw_exhibit(published, team.administrator.person, now)
    publishing.withdraw(slug, team.administrator.person, now)
    assert [event for event in events(database) if event.startswith(("appeal", "exhibit"))] == [
        "appeal.made",
        "exhibit.made",
        "exhibit.changed",
        "exhibit.published",
        "appeal.published",
        "exhibit.withdrawn",
        "appeal.withdrawn",
    ]


@pytest.mark.parametrize("name", ["", "x.jpg", "../../etc/passwd", "a" * 64 + ".svg", "A" * 64 + ".jpg", "a" * 64])
def test_a_name_that_is_no_picture_finds_nothing(database: Database, name: str) -> None:
    for look in (appeals.public_picture, pictures.read):
        with pytest.raises(NotFound):
            look(name)
