"""The table of statuses has an answer for every pair, and moving a tip follows it."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.tip import Tip, TipEvent
from tipline.services import statuses
from tipline.services.statuses import MOVES, Disposition, Mover, Status


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_every_pair_of_statuses_is_answered(before: Status, after: Status) -> None:
    allowed = after in MOVES[before]
    assert statuses.can_change(before, after) is allowed
    if allowed:
        statuses.check_change(before, after)
        assert MOVES[before][after] in Mover
    else:
        with pytest.raises(errors.WrongState):
            statuses.check_change(before, after)


def test_the_table_is_total_and_has_no_dead_ends() -> None:
    assert set(MOVES) == set(Status)
    assert MOVES[Status.ERASED] == {}
    for status in Status:
        assert status not in MOVES[status]
        if status is not Status.ERASED:
            assert MOVES[status][Status.ERASED] is Mover.CLOCK
    reached, frontier = {Status.RECEIVED}, [Status.RECEIVED]
    while frontier:
        fresh = set(MOVES[frontier.pop()]) - reached
        reached |= fresh
        frontier.extend(fresh)
    assert reached == set(Status)


def test_every_status_and_disposition_fits_its_column() -> None:
    assert max(len(word) for word in (*Status, *Disposition)) <= 40


@pytest.mark.parametrize("status", list(Status))
def test_referred_as_an_end_needs_a_referral_that_was_sent(status: Status) -> None:
    if status in statuses.HANDED_OVER:
        statuses.check_disposition(status, Disposition.ACTIONABLE_REFERRED)
        return
    may_end = statuses.can_change(status, Status.CLOSED)
    with pytest.raises(errors.BadInput if may_end else errors.WrongState):
        statuses.check_disposition(status, Disposition.ACTIONABLE_REFERRED)


def test_a_tip_that_waits_for_a_package_is_not_closed_under_it() -> None:
    for status in statuses.IN_REFERRAL:
        assert not statuses.can_change(status, Status.CLOSED)


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now, reviewers=1)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def tip(team: Team, now: dt.datetime) -> Tip:
    """A tip that has just arrived."""
    sent = factories.make_tip(now)
    return db.session.scalars(select(Tip).where(Tip.ref == sent.ref)).one()


def test_a_move_is_written_to_history_and_log(team: Team, tip: Tip, now: dt.datetime) -> None:
    write(lambda: statuses.move(tip.id, Status.SCREENED, actor=team.reviewer.actor, now=now))
    assert tip.status == "screened"
    event = db.session.scalars(select(TipEvent).where(TipEvent.name == "tip.status")).one()
    assert (event.before, event.after, event.actor_id) == ("received", "screened", team.reviewer.id)
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.status")).one()
    assert (entry.subject_ids, entry.field_group) == (tip.id, "received-screened")


def test_a_move_that_the_table_has_not_changes_nothing(team: Team, tip: Tip, now: dt.datetime) -> None:
    with pytest.raises(errors.WrongState):
        write(lambda: statuses.move(tip.id, Status.REFERRED, actor=team.reviewer.actor, now=now))
    assert db.session.scalars(select(Tip.status)).one() == "received"


def test_only_a_person_ends_a_tip(team: Team, tip: Tip, now: dt.datetime) -> None:
    with pytest.raises(errors.WrongState):
        write(lambda: statuses.move(tip.id, Status.CLOSED, actor=None, now=now))
    write(lambda: statuses.move(tip.id, Status.CLOSED, actor=team.reviewer.actor, now=now))
    assert tip.closed


def test_a_restricted_tip_goes_back_to_where_it_was_and_nowhere_else(team: Team, tip: Tip, now: dt.datetime) -> None:
    actor = team.supervisor.actor
    due = tip.review_due_at
    write(lambda: statuses.move(tip.id, Status.SCREENED, actor=actor, now=now))
    write(lambda: statuses.move(tip.id, Status.RESTRICTED, actor=actor, now=now))
    assert (tip.restricted, tip.status_before) == (True, "screened")
    with pytest.raises(errors.WrongState):
        write(lambda: statuses.move(tip.id, Status.CLOSED, actor=actor, now=now))
    write(lambda: statuses.move(tip.id, Status.SCREENED, actor=actor, now=now))
    assert (tip.restricted, tip.status_before, tip.review_due_at) == (False, None, due)


def test_handing_a_tip_around_gives_it_no_longer_life(team: Team, tip: Tip, now: dt.datetime) -> None:
    due = tip.review_due_at
    later = now + dt.timedelta(days=100)
    for status in (Status.ASSIGNED, Status.SCREENED, Status.ASSIGNED):
        write(lambda to=status: statuses.move(tip.id, to, actor=team.reviewer.actor, now=later))
    assert tip.review_due_at == due
    write(lambda: statuses.move(tip.id, Status.ASSESSED, actor=team.reviewer.actor, now=later))
    assert tip.review_due_at > due


def test_a_tip_that_is_not_there_does_not_move(database: Database, now: dt.datetime) -> None:
    with pytest.raises(errors.NotFound):
        statuses.move("0" * 32, Status.SCREENED, actor=None, now=now)
