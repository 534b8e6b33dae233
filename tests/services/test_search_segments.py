"""Sealed segments open for who holds the desk's key, move to its next epoch, and cannot be slipped in."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import Team
from tipline.extensions import db
from tipline.models.search import SearchSegment, SearchSegmentKey
from tipline.services import search_builds, search_segments

IMAGE = b"an image of folded words"
OLD, NEW, FOREIGN = (bytes([number]) * 32 for number in (1, 2, 3))


@pytest.fixture
def team(database: None, now: dt.datetime) -> Team:
    """A desk with a tip."""
    team = factories.make_team(now)
    factories.make_exhibit(team, now)
    return team


def write(team: Team, seed: bytes, tip_id: str) -> str | None:
    """Seal a segment of one tip in the first epoch."""
    sealed: str | None = factories.write(lambda: search_segments.write(team.desk_id, 1, seed, [tip_id], IMAGE))
    return sealed


def read(team: Team, seeds: dict[int, bytes]) -> list[bytes]:
    """The images that these seeds open."""
    return [image for _id, image in search_segments.read(team.desk_id, seeds)]


def test_a_segment_goes_with_the_desk_to_its_next_epoch(team: Team, now: dt.datetime) -> None:
    write(team, OLD, factories.make_tip(now).tip_id)
    assert read(team, {1: OLD}) == [IMAGE]
    seeds = search_builds.DeskSeeds(team.desk_id, 2, {1: OLD, 2: NEW})
    assert search_builds.has_segments_to_renew(seeds)
    factories.write(lambda: search_builds.renew_segments(seeds))
    assert read(team, {2: NEW}) == [IMAGE]
    assert read(team, {1: OLD}) == []
    factories.write(lambda: search_builds.renew_segments(search_builds.DeskSeeds(team.desk_id, 3, {3: FOREIGN})))
    assert db.session.scalars(select(SearchSegment.id)).all() == []


def test_what_was_not_made_with_the_desks_key_is_passed_over(team: Team, now: dt.datetime) -> None:
    mine = write(team, OLD, factories.make_tip(now).tip_id)
    slipped_in = write(team, FOREIGN, factories.make_tip(now).tip_id)
    assert read(team, {1: OLD}) == [IMAGE]
    moved = select(SearchSegmentKey.wrapped).where(SearchSegmentKey.segment_id == mine).scalar_subquery()
    there = SearchSegmentKey.segment_id == slipped_in
    factories.write(lambda: db.session.execute(update(SearchSegmentKey).where(there).values(wrapped=moved)))
    assert read(team, {1: OLD}) == [IMAGE]


def test_no_segment_is_sealed_with_a_tip_that_was_erased_or_moved_meanwhile(team: Team, now: dt.datetime) -> None:
    tip_id = factories.make_tip(now).tip_id
    assert write(team, OLD, "0" * 32) is None
    assert write(team, OLD, tip_id) is not None
    factories.write(lambda: search_segments.drop_holding(tip_id))
    assert read(team, {1: OLD}) == []
