"""Updates and figures keep their order."""

from __future__ import annotations

import datetime as dt

from tests import factories
from tests.conftest import Clock
from tipline.extensions import Database
from tipline.services import figures, updates


def test_pages_of_updates_follow_one_another_without_a_gap(database: Database, clock: Clock) -> None:
    team = factories.make_team(clock.now)
    slugs = [factories.publish_update(team, clock.now, title=f"Update {number}") for number in range(13)]
    clock.advance(hours=1)
    newest = factories.publish_update(team, clock.now, title="Newest")
    first = updates.page("en")
    assert first.updates[0].slug == newest
    assert first.older is not None
    second = updates.page("en", first.older)
    assert second.older is None
    read = [update.slug for update in (*first.updates, *second.updates)]
    assert sorted(read) == sorted([*slugs, newest])


def test_the_newest_figures_are_shown(sqlite: Database, clock: Clock) -> None:
    team = factories.make_team(clock.now)
    assert figures.shown() is None
    for number in (5, 3):
        factories.enter_figures(team, clock.now, None, number)
        clock.advance(minutes=1)
    assert figures.shown() == figures.Figures(None, 3, None, None, dt.date(2026, 3, 2))
    assert [(entry.counts.exhibits_recognised, entry.shown) for entry in figures.history()] == [(3, True), (5, False)]


def test_a_long_update_begins_with_whole_words(sqlite: Database, now: dt.datetime) -> None:
    slug = factories.publish_update(factories.make_team(now), now, body="<p>object</p>" * 80)
    opening = updates.update(slug, "en").opening
    assert opening.endswith("object …")
    assert len(opening) <= updates.LONGEST_OPENING + 2
