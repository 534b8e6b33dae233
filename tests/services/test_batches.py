"""Batches: what comes and goes together, some hours after somebody decided it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team, make_team
from tipline import jobs
from tipline.errors import BadInput, WrongState
from tipline.extensions import Database
from tipline.models.log import LogEntry
from tipline.services import appeals, batch_lists, batches, exhibits, gallery, log_check, publishing
from tipline.services.batches import Plan


@pytest.fixture
def team(sqlite: Database, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def slug(team: Team, now: dt.datetime) -> str:
    """An appeal that nobody has published, with six complete exhibits."""
    admin = team.administrator.person

    def make() -> str:
        made = publishing.make_appeal(team.desk_id, publishing.AppealWords("Who knows these?", "Look."), admin, now)
        for number in range(6):
            words = exhibits.ExhibitWords(f"Object {number}", "Where?", "A thing.", "A thing.")
            ref = exhibits.make_exhibit(made, words, admin, now)
            exhibits.change_picture(ref, factories.rendered(), admin, now)
        return made

    return str(factories.write(make))


def plan(team: Team, now: dt.datetime, act: str, *ids: str, **more: object) -> str:
    """A batch for the next common moment; of all that can be chosen, unless ids are given."""
    wish = Plan(act, ids or tuple(one.id for one in batches.candidates(act)), batches.next_slot(now))
    return str(factories.write(lambda: batches.plan(replace(wish, **more), team.administrator.person, now)))  # type: ignore[arg-type]


def run_jobs(now: dt.datetime) -> int:
    results = jobs.run_due(now)
    assert [result for result in results if result.failure] == []
    return next(result.done for result in results if result.name == "carry out batches")


def events(database: Database, actor: str | None = None) -> list[str]:
    statement = select(LogEntry.event).where(LogEntry.chain == "admin").order_by(LogEntry.seq)
    return list(database.session.scalars(statement if actor is None else statement.where(LogEntry.actor_id == actor)))


def shown() -> list[str]:
    return [one.title for appeal in gallery.read_gallery("en").appeals for one in appeal.exhibits]


def test_the_common_moment_is_some_hours_away(now: dt.datetime) -> None:
    day = now.replace(hour=0, minute=0)
    for hour, due in ((3, dt.timedelta(hours=10)), (4, dt.timedelta(hours=10)), (5, dt.timedelta(hours=34))):
        assert batches.next_slot(day + dt.timedelta(hours=hour)) == day + due


def test_a_batch_waits_for_its_moment_and_then_happens_once(
    team: Team, slug: str, clock: Clock, sqlite: Database
) -> None:
    batch_id = plan(team, clock.now, batches.PUBLISH)
    assert run_jobs(clock.now) == 0
    assert shown() == []
    clock.advance(days=1)
    assert run_jobs(clock.now) == 1
    assert len(shown()) == 6
    done = batch_lists.batch(batch_id)
    assert (done.state, {item.outcome for item in done.items}) == ("done", {"done"})
    before = events(sqlite)
    assert (run_jobs(clock.now), events(sqlite)) == (0, before)
    assert before.count("exhibit.published") == 6
    by_planner = events(sqlite, team.administrator.person.id)
    assert {"batch.planned", "exhibit.published", "appeal.published"} <= set(by_planner)
    assert log_check.verify().sound


def test_places_within_a_batch_are_given_by_chance(
    team: Team, slug: str, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches.secrets.SystemRandom, "shuffle", lambda _self, places: places.reverse())
    kept, *moved = (line.id for line in exhibits.exhibits(slug))
    appeal = publishing.appeal(slug).id
    plan(team, now, batches.PUBLISH, *moved, appeal)
    run_jobs(now + dt.timedelta(days=2))
    assert shown() == ["Object 5", "Object 4", "Object 3", "Object 2", "Object 1"]
    assert exhibits.exhibits(slug)[0].id == kept


def test_withdrawing_and_closing_go_by_batches_too(team: Team, slug: str, clock: Clock) -> None:
    plan(team, clock.now, batches.PUBLISH)
    run_jobs(clock.advance(days=2))
    first, second, *_ = exhibits.exhibits(slug)
    assert batches.candidates(batches.CLOSE) == []
    factories.write(
        lambda: exhibits.record_outcome(first.ref, "identified_country", team.administrator.person, clock.now)
    )
    assert appeals.exhibit_page(first.ref, "en").needed
    assert [one.id for one in batches.candidates(batches.CLOSE)] == [first.id]
    plan(team, clock.now, batches.CLOSE)
    plan(team, clock.now, batches.WITHDRAW, second.id)
    assert appeals.exhibit_page(first.ref, "en").needed
    assert run_jobs(clock.advance(days=2)) == 2
    assert not appeals.exhibit_page(first.ref, "en").needed
    assert first.title not in shown()
    with pytest.raises(appeals.Withdrawn):
        appeals.exhibit_page(second.ref, "en")
    factories.write(lambda: exhibits.reopen_exhibit(first.ref, team.administrator.person, clock.now))
    assert first.title in shown()


def test_a_batch_can_be_changed_and_cancelled_until_its_moment(team: Team, slug: str, clock: Clock) -> None:
    admin = team.administrator.person
    first, second, *_ = (line.id for line in exhibits.exhibits(slug))
    batch_id = plan(team, clock.now, batches.PUBLISH, first)
    later = clock.now.replace(minute=0) + dt.timedelta(days=9)
    factories.write(lambda: batches.change(batch_id, Plan(batches.PUBLISH, (second,), later), admin, clock.now))
    changed = batch_lists.batch(batch_id)
    assert ([item.id for item in changed.items], changed.due_at) == ([second], later)
    factories.write(lambda: batches.cancel(batch_id, admin, clock.now))
    assert run_jobs(later) == 0
    for act in (
        lambda: batches.cancel(batch_id, admin, later),
        lambda: batches.change(batch_id, Plan(batches.PUBLISH, (first,), None, "case"), admin, later),
    ):
        with pytest.raises(WrongState):
            factories.write(act)


def test_an_emergency_does_not_wait_and_says_why(team: Team, slug: str, now: dt.datetime, sqlite: Database) -> None:
    with pytest.raises(BadInput, match="reason"):
        plan(team, now, batches.PUBLISH, due_at=None)
    plan(team, now, batches.PUBLISH, due_at=None, reason="danger")
    assert len(shown()) == 6
    reasons = select(LogEntry.justification).where(LogEntry.event == "exhibit.published")
    assert set(sqlite.session.scalars(reasons)) == {"danger"}


def test_what_has_become_impossible_is_left_out_and_noted(team: Team, slug: str, clock: Clock) -> None:
    first, *_ = exhibits.exhibits(slug)
    plan(team, clock.now, batches.PUBLISH, due_at=None, reason="start")
    batch_id = plan(team, clock.now, batches.WITHDRAW, first.id)
    factories.write(lambda: exhibits.withdraw_exhibit(first.ref, team.administrator.person, clock.now, "mistake"))
    run_jobs(clock.advance(days=2))
    [item] = batch_lists.batch(batch_id).items
    assert item.outcome == "already"


def test_what_was_withdrawn_at_once_is_not_brought_back_by_a_batch_that_waits(
    team: Team, slug: str, clock: Clock
) -> None:
    first, *_ = exhibits.exhibits(slug)
    batch_id = plan(team, clock.now, batches.PUBLISH)
    admin = team.administrator.person
    factories.write(lambda: exhibits.publish_exhibit(first.ref, admin, clock.now, "start"))
    factories.write(lambda: exhibits.withdraw_exhibit(first.ref, admin, clock.now, "danger"))
    run_jobs(clock.advance(days=2))
    assert len(shown()) == 5
    assert first.title not in shown()
    outcomes = {item.ref: item.outcome for item in batch_lists.batch(batch_id).items}
    assert outcomes.pop(first.ref) == "withdrawn"
    assert set(outcomes.values()) == {"done"}


def test_a_plan_that_cannot_be_kept_is_refused(team: Team, slug: str, now: dt.datetime) -> None:
    appeal = publishing.appeal(slug).id
    first, second, *_ = (line.id for line in exhibits.exhibits(slug))
    plan(team, now, batches.PUBLISH, first)
    for field, wish in (
        ("items: empty", Plan(batches.PUBLISH, (), batches.next_slot(now))),
        ("items: gone", Plan(batches.PUBLISH, (first,), batches.next_slot(now))),  # another batch has it
        ("items: gone", Plan(batches.WITHDRAW, (second,), batches.next_slot(now))),
        ("items: exhibit", Plan(batches.PUBLISH, (appeal,), batches.next_slot(now))),
        ("moment: soon", Plan(batches.PUBLISH, (second,), now + dt.timedelta(hours=5))),
        ("moment: late", Plan(batches.PUBLISH, (second,), now + dt.timedelta(days=400))),
        ("act: unknown", Plan("burn", (second,), batches.next_slot(now))),
    ):
        with pytest.raises(BadInput, match=field):
            factories.write(lambda wish=wish: batches.plan(wish, team.administrator.person, now))
