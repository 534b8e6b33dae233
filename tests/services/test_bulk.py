"""One act on many tips: each checked by itself, all logged, and undone for half an hour by who did it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import Clock
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.tip import Tip, TipRecord
from tipline.services import access, bulk, labels, presence, records, retention, tips
from tipline.services.queue import Filter, page


@pytest.fixture
def team(sqlite: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def refs(team: Team, now: dt.datetime) -> list[str]:
    """Three tips of the desk."""
    return [factories.make_tip(now).ref for _ in range(3)]


def statuses(refs: list[str]) -> list[str]:
    found = {row.ref: row.status for row in db.session.execute(select(Tip.ref, Tip.status))}
    return [found[ref] for ref in refs]


def close(team: Team, refs: list[str], now: dt.datetime) -> bulk.Outcome:
    made: bulk.Outcome = write(
        lambda: bulk.dispose(team.reviewer, team.desk_id, refs, "duplicate", "MARKER-ONE-REASON", now)
    )
    return made


def test_closing_many_seals_the_one_reason_to_each_and_logs_each(team: Team, refs: list[str], now: dt.datetime) -> None:
    outcome = close(team, refs, now)
    assert (set(outcome.done), outcome.left_out) == (set(refs), ())
    assert statuses(refs) == ["closed"] * 3
    entries = db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.disposed")).all()
    assert len({entry.subject_ids for entry in entries}) == 3
    assert not any(b"MARKER" in blob for blob in db.session.scalars(select(TipRecord.ciphertext)))
    for ref in refs:
        opened = write(lambda ref=ref: access.open_tip(team.reviewer, ref, "assigned_work", "", now))
        [reason] = records.read_records(opened, "reason:disposed")
        assert reason.value["text"] == "MARKER-ONE-REASON"


def test_closing_many_shows_none_of_them_so_they_stay_unread(team: Team, refs: list[str], now: dt.datetime) -> None:
    close(team, refs, now)
    assert all(line.unread for line in page(team.reviewer, Filter(team.desk_id, status="closed")).lines)
    assert not db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.opened")).all()


def test_what_cannot_be_changed_is_left_out_and_named(team: Team, refs: list[str], now: dt.datetime) -> None:
    colleague = team.reviewers[1].person
    taken, open_elsewhere, free = refs
    write(lambda: tips.assign_tip(colleague, taken, colleague.id, now))
    other_id = access.see_tip(colleague, open_elsewhere).id
    write(lambda: presence.enter(colleague, other_id, now))
    outcome = close(team, [*refs, "NOT-THERE"], now)
    assert outcome.done == (free,)
    assert dict(outcome.left_out) == {
        taken: "not-allowed",
        open_elsewhere: "open-elsewhere",
        "NOT-THERE": "not-found",
    }
    assert statuses(refs) == ["assigned", "received", "closed"]


def test_another_desks_tips_cannot_be_reached_by_many_either(team: Team, refs: list[str], now: dt.datetime) -> None:
    stranger = factories.make_team(now)
    with pytest.raises(errors.NotFound):
        write(lambda: bulk.dispose(stranger.reviewer, team.desk_id, refs, "spam", "why", now))
    outcome = write(lambda: bulk.dispose(stranger.reviewer, stranger.desk_id, refs, "spam", "why", now))
    assert outcome.done == ()
    assert statuses(refs) == ["received"] * 3


def test_closing_many_is_undone_by_who_did_it_once_and_within_half_an_hour(
    team: Team, refs: list[str], clock: Clock
) -> None:
    outcome = close(team, refs, clock.now)
    assert outcome.act_id is not None
    with pytest.raises(errors.NotFound):
        write(lambda: bulk.undo(team.supervisor, outcome.act_id, clock.now))
    late = close(team, [factories.make_tip(clock.now).ref], clock.now)
    later = clock.advance(minutes=29)
    undone = write(lambda: bulk.undo(team.reviewer, outcome.act_id, later))
    assert set(undone.done) == set(refs)
    assert "closed" not in statuses(refs)
    with pytest.raises(errors.WrongState):
        write(lambda: bulk.undo(team.reviewer, outcome.act_id, later))
    with pytest.raises(errors.WrongState):
        write(lambda: bulk.undo(team.reviewer, late.act_id, clock.advance(minutes=1)))
    assert write(lambda: bulk.erase_old(clock.advance(days=1))) == 2


def test_undoing_leaves_alone_what_somebody_changed_since(team: Team, refs: list[str], now: dt.datetime) -> None:
    outcome = close(team, refs, now)
    reached = access.reach_tip(team.supervisor, refs[0])
    write(lambda: tips.reopen_tip(reached, now))
    undone = write(lambda: bulk.undo(team.reviewer, outcome.act_id, now))
    assert (undone.done, undone.left_out) == (tuple(sorted(refs[1:])), ((refs[0], "wrong-state"),))


def test_given_tips_go_back_to_whoever_had_them(team: Team, refs: list[str], now: dt.datetime) -> None:
    colleague = team.reviewers[1].person
    write(lambda: tips.assign_tip(team.reviewer, refs[0], team.reviewer.id, now))
    outcome = write(lambda: bulk.assign(team.reviewer, team.desk_id, refs, colleague.id, now))
    assert set(outcome.done) == set(refs)
    write(lambda: bulk.undo(team.reviewer, outcome.act_id, now))
    owners = {row.ref: row.assignee_id for row in db.session.execute(select(Tip.ref, Tip.assignee_id))}
    assert [owners[ref] for ref in refs] == [team.reviewer.id, None, None]
    assert statuses(refs) == ["assigned", "screened", "screened"]


def test_a_label_is_put_on_many_and_taken_off_again(team: Team, refs: list[str], now: dt.datetime) -> None:
    label_id = write(lambda: labels.make(team.reviewer, team.desk_id, "Ask the lab", "work", now))
    outcome = write(lambda: bulk.label(team.reviewer, team.desk_id, refs, label_id, now))
    ids = [access.see_tip(team.reviewer, ref).id for ref in refs]
    assert set(labels.on_tips(ids).values()) == {(label_id,)}
    write(lambda: bulk.undo(team.reviewer, outcome.act_id, now))
    assert labels.on_tips(ids) == {}


@pytest.mark.parametrize(
    ("chosen", "disposition", "reason", "refusal"),
    [
        ([], "spam", "why", errors.BadInput),
        (["A"] * 1 + [f"R{n}" for n in range(bulk.MOST)], "spam", "why", errors.BadInput),
        (["A"], "nothing-like-it", "why", errors.BadInput),
        (["A"], "spam", "  ", errors.ReasonNeeded),
        (["A"], "spam", "x" * (tips.REASON_LIMIT + 1), errors.BadInput),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(
    team: Team, now: dt.datetime, chosen: list[str], disposition: str, reason: str, refusal: type[errors.Refused]
) -> None:
    with pytest.raises(refusal):
        write(lambda: bulk.dispose(team.reviewer, team.desk_id, chosen, disposition, reason, now))


def test_erasing_a_tip_takes_its_marks_with_it(team: Team, refs: list[str], clock: Clock) -> None:
    greece = write(lambda: labels.for_country(team.reviewer, team.desk_id, "GR"))
    write(lambda: bulk.label(team.reviewer, team.desk_id, refs, greece, clock.now))
    tip = access.see_tip(team.reviewer, refs[0])
    write(lambda: presence.enter(team.reviewer, tip.id, clock.now))
    write(lambda: db.session.execute(update(Tip).where(Tip.id == tip.id).values(review_due_at=clock.now)))
    write(lambda: retention.erase_due_tip(tip.id, clock.advance(hours=1)))
    assert labels.on_tips([tip.id]) == {}
    assert presence.holder_of(tip.id, clock.now) is None
