"""The index is made, kept up and searched on both databases, step by step as the desk's pages do it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import delete

from tests import factories
from tests.factories import Team, write
from tipline.errors import Refused
from tipline.extensions import db
from tipline.models.desk import Grant
from tipline.services import accounts, erasing, search_builds, search_words, searching, sessions
from tipline.services.search_index import DeskIndex
from tipline.services.searching import Narrowing


@dataclasses.dataclass
class Desk:
    """A reviewer with a reason for searching, and the index of the desk."""

    team: Team
    person: accounts.Person
    index: DeskIndex
    now: dt.datetime

    def refs(self, typed: str, **narrowed: object) -> list[str]:
        """What is found by these words, after looking what has come."""
        seeds = search_builds.seeds_of(self.person, self.team.desk_id)
        if not self.index.is_started:
            search_builds.start(self.index, seeds, self.now)
        search_builds.refresh(self.index, self.now)
        while search_builds.step(self.index, seeds):
            pass
        asked, narrowing = search_words.read(typed), Narrowing(**narrowed)  # type: ignore[arg-type]
        found = write(lambda: searching.search(self.person, self.index, seeds, asked, narrowing, self.now))
        return [hit.tip.ref for hit in found.hits]


@pytest.fixture
def desk(database: None, now: dt.datetime) -> Desk:
    team = factories.make_team(now)
    factories.make_exhibit(team, now)
    session = factories.start_session(team.reviewers[0], now)
    person = accounts.person_for(team.reviewer.id, team.reviewer.seed, now, sessions.id_of(session.token))
    write(lambda: searching.switch_on(person, team.desk_id, "assigned_work", "", now))
    return Desk(team, person, DeskIndex(team.desk_id), now)


def test_what_comes_is_found_what_is_erased_is_not_and_filters_narrow(desk: Desk, now: dt.datetime) -> None:
    first = factories.make_tip(now, narrative="Το ΚΑΛΆΘΙ", tip_language=375)
    assert desk.refs("καλαθι") == [first.ref]
    second = factories.make_tip(now, narrative="Another καλάθι", files=[("a.jpg", factories.picture())])
    factories.add_to_tip(first.tip_id, now, narrative="Sold in Ħamrun")
    assert sorted(desk.refs("καλαθι")) == sorted([first.ref, second.ref])
    assert desk.refs("hamrun καλ*") == [first.ref]
    assert desk.refs("καλαθι", has_files=True, assignee="nobody") == [second.ref]
    assert desk.refs("καλαθι", language=375, unproven=False, status="open") == [first.ref]
    assert desk.refs("καλαθι", label_id="0" * 32) == desk.refs("καλαθι", lane="urgent") == []
    write(lambda: erasing.erase_tip(first.tip_id))
    assert desk.refs("καλαθι") == [second.ref]
    assert desk.index.records_of(first.tip_id) == -1


def test_who_holds_no_grant_any_more_is_refused_with_the_index_in_hand(desk: Desk, now: dt.datetime) -> None:
    factories.make_tip(now)
    seeds = search_builds.seeds_of(desk.person, desk.team.desk_id)
    assert len(desk.refs("volos")) == 1
    write(lambda: db.run(delete(Grant).where(Grant.account_id == desk.person.id)))
    asked = search_words.read("volos")
    with pytest.raises(Refused):
        write(lambda: searching.search(desk.person, desk.index, seeds, asked, Narrowing(), now))
