"""What one page reads is read once, and never kept for the next."""

from __future__ import annotations

import datetime as dt

import pytest

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.desk import DeskMember
from tipline.services import desk_keys, desks, reading


@pytest.fixture
def team(sqlite: Database, now: dt.datetime) -> Team:
    """A desk with its keys."""
    return factories.make_team(now)


def test_a_page_asks_once_and_the_next_page_asks_anew() -> None:
    asked = iter(range(10))
    with reading.of_one_page():
        assert [reading.once("what", lambda: next(asked)) for _ in range(3)] == [0, 0, 0]
        with reading.of_one_page():  # a part of a page, like the page of an act that was refused
            assert reading.once("what", lambda: next(asked)) == 0
    assert [reading.once("what", lambda: next(asked)) for _ in range(2)] == [1, 2]


def test_whoever_was_taken_off_a_desk_opens_nothing_with_what_an_earlier_page_had_read(team: Team) -> None:
    def key() -> bytes:
        return desk_keys.open_desk_key(team.reviewer, team.desk_id, 1, "content")

    with reading.of_one_page():
        assert key() == key()
        assert len(desks.desks_of(team.reviewer)) == 1

    def take_off() -> None:
        db.session.get_one(DeskMember, (team.desk_id, team.reviewer.id)).standing = "left"

    write(take_off)
    with reading.of_one_page():
        assert desks.desks_of(team.reviewer) == ()
        with pytest.raises(errors.NotFound):
            key()
