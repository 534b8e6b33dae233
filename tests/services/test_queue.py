"""The queue: order, pages by key, filters, bounded reading, and excerpts that are logged."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.account import AccountSession
from tipline.models.log import LogEntry
from tipline.models.tip import Tip
from tipline.services import access, excerpts, labels, lanes, queue, queue_reading, sessions, tips
from tipline.services.queue import Filter


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def fill(team: Team, number: int, now: dt.datetime, **values: object) -> None:
    """Rows of tips, without content, spread over hours and languages."""
    rows = [
        {
            "id": f"{one:032x}",
            "ref": f"{one:04d}-T{one % 7}",
            "desk_id": team.desk_id,
            "ui_language": "en",
            "tip_language": 369 if one % 4 else 362,
            "received_at": now.replace(minute=0) - dt.timedelta(hours=one // 3),
            "status": "received",
            "lane": "urgent" if one % 10 == 0 else "normal",
            "urgent": one % 10 == 0,
            "answers_size": 4096,
            "notice_version": "1",
            "profile": "national",
            "review_due_at": now,
            **values,
        }
        for one in range(1, number + 1)
    ]
    write(lambda: db.session.execute(insert(Tip.__table__), rows))


def expected(team: Team) -> list[str]:
    """References in the queue's order, sorted here."""
    rows = db.session.execute(select(Tip.ref, Tip.urgent, Tip.received_at, Tip.id)).all()
    return [row.ref for row in sorted(rows, key=lambda row: (row.urgent, row.received_at, row.id), reverse=True)]


def refs(page: queue.Page) -> list[str]:
    """The references of a page."""
    return [line.tip.ref for line in page.lines]


def test_urgent_tips_come_first_then_the_newest_hour(team: Team, now: dt.datetime) -> None:
    fill(team, 100, now)
    everything = Filter(team.desk_id)
    seen: list[str] = []
    page = queue.page(team.reviewer, everything)
    assert page.newer is None
    while True:
        seen += refs(page)
        if page.older is None:
            break
        page = queue.page(team.reviewer, everything, after=page.older)
    assert seen == expected(team)
    assert len(refs(page)) == 20


def test_going_back_shows_the_page_one_came_from(team: Team, now: dt.datetime) -> None:
    fill(team, 130, now)
    everything = Filter(team.desk_id)
    first = queue.page(team.reviewer, everything)
    second = queue.page(team.reviewer, everything, after=first.older)
    third = queue.page(team.reviewer, everything, after=second.older)
    assert refs(queue.page(team.reviewer, everything, before=third.newer)) == refs(second)
    back = queue.page(team.reviewer, everything, before=second.newer)
    assert (refs(back), back.newer) == (refs(first), None)


def test_a_reference_that_is_gone_leads_to_the_first_page(team: Team, now: dt.datetime) -> None:
    fill(team, 50, now)
    assert refs(queue.page(team.reviewer, Filter(team.desk_id), after="GONE")) == expected(team)[:40]


def test_neighbours_lie_within_the_filter(team: Team, now: dt.datetime) -> None:
    fill(team, 60, now)
    wanted = Filter(team.desk_id, language=362)
    found = refs(queue.page(team.reviewer, wanted))
    assert queue.neighbours(team.reviewer, wanted, found[3]) == (found[2], found[4])
    assert queue.neighbours(team.reviewer, wanted, found[0]) == (None, found[1])
    assert queue.neighbours(team.reviewer, wanted, "GONE") == (None, None)


def test_every_filter_finds_what_it_says(team: Team, now: dt.datetime) -> None:
    fill(team, 60, now)
    one, two = expected(team)[:2]
    write(lambda: tips.assign_tip(team.reviewer, one, team.reviewer.id, now))
    base = Filter(team.desk_id)
    assert refs(queue.page(team.reviewer, replace(base, assignee=queue.ME))) == [one]
    assert refs(queue.page(team.reviewer, replace(base, assignee=team.reviewer.id))) == [one]
    assert one not in refs(queue.page(team.reviewer, replace(base, assignee=queue.NOBODY)))
    assert refs(queue.page(team.reviewer, replace(base, status="assigned"))) == [one]
    assert refs(queue.page(team.reviewer, replace(base, status="assigned", assignee=queue.ME))) == [one]
    assert refs(queue.page(team.reviewer, replace(base, lane="urgent")))[0] == one
    assert len(queue.page(team.reviewer, replace(base, language=362)).lines) == 15
    assert refs(queue.page(team.reviewer, replace(base, exhibit_id="0" * 32))) == []
    write(lambda: db.session.execute(update(Tip).where(Tip.ref == two).values(status="closed", closed=True)))
    assert two not in refs(queue.page(team.reviewer, base))
    assert refs(queue.page(team.reviewer, replace(base, status="closed"))) == [two]


def test_a_lane_is_found_whole_with_what_is_urgent_in_it_and_what_is_not(team: Team, now: dt.datetime) -> None:
    fill(team, 6, now)
    one, two, *rest = expected(team)
    for ref, urgent in ((one, True), (two, False)):
        moved = update(Tip).where(Tip.ref == ref).values(lane="quarantine", urgent=urgent)
        write(lambda moved=moved: db.session.execute(moved))
    settled = update(Tip).where(Tip.ref.in_(rest)).values(lane="normal", urgent=False)
    write(lambda: db.session.execute(settled))
    long = queue_reading.Age("week", since=now - dt.timedelta(days=7000))
    for age in (None, long):
        base = Filter(team.desk_id, age=age)
        assert refs(queue.page(team.reviewer, replace(base, lane="quarantine"))) == [one, two]
        assert sorted(refs(queue.page(team.reviewer, replace(base, lane="normal")))) == sorted(rest)
        assert refs(queue.page(team.reviewer, replace(base, lane="urgent"))) == []


def test_another_desks_queue_is_empty(team: Team, now: dt.datetime) -> None:
    fill(team, 3, now)
    stranger = factories.make_team(now).reviewer
    assert queue.page(stranger, Filter(team.desk_id)).lines == ()


def test_a_filter_reads_a_bounded_number_of_rows_and_goes_on(
    team: Team, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_reading, "WINDOW", 50)
    monkeypatch.setattr(queue_reading, "NARROW", 10)
    fill(team, 120, now)
    last = expected(team)[-1]
    write(lambda: db.session.execute(update(Tip).where(Tip.ref == last).values(unproven=True)))
    wanted = Filter(team.desk_id, unproven=True)
    page = queue.page(team.reviewer, wanted)
    assert (page.lines, page.further) == ((), expected(team)[49])
    page = queue.page(team.reviewer, wanted, after=page.further)
    assert (page.lines, page.further) == ((), expected(team)[99])
    page = queue.page(team.reviewer, wanted, after=page.further)
    assert (refs(page), page.further) == ([last], None)


def test_counting_stops_at_a_thousand(team: Team, now: dt.datetime) -> None:
    fill(team, 1000, now)
    assert queue.count(team.reviewer, Filter(team.desk_id)) == queue.Count(1000, False)
    factories.make_tip(now)
    assert queue.count(team.reviewer, Filter(team.desk_id)) == queue.Count(1000, True)
    assert queue.count(team.reviewer, Filter(team.desk_id, language=362)) == queue.Count(250, False)


def test_a_page_asks_the_same_few_questions_however_many_tips_there_are(team: Team, now: dt.datetime) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    queue.page(team.reviewer, Filter(team.desk_id))
    few = len(asked)
    fill(team, 500, now)
    asked.clear()
    queue.page(team.reviewer, Filter(team.desk_id))
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) <= few + 4


@pytest.fixture
def reader(team: Team, now: dt.datetime) -> access.Person:
    """The reviewer, signed in."""
    person = team.reviewer
    write(lambda: sessions.start_session(person.id, person.seed, now))
    session_id = db.session.scalars(select(AccountSession.id).where(AccountSession.account_id == person.id)).one()
    return replace(person, session_id=session_id)


def test_excerpts_need_a_reason_once_and_log_each_tip_shown(
    team: Team, reader: access.Person, now: dt.datetime
) -> None:
    sent = [factories.make_tip(now).ref for _ in range(3)]
    shown = [line.tip for line in queue.page(reader, Filter(team.desk_id)).lines]
    with pytest.raises(errors.ReasonNeeded):
        excerpts.excerpts(reader, shown, now)
    write(lambda: excerpts.switch_on(reader, team.desk_id, "other", "MARKER-WHY", now))
    assert excerpts.are_on(reader)
    sealed = db.session.scalars(select(AccountSession.excerpts_reason_sealed)).one()
    assert sealed is not None
    assert b"MARKER-WHY" not in sealed
    found = write(lambda: excerpts.excerpts(reader, shown, now))
    assert set(found) == set(sent)
    assert all(text.startswith("I bought the same bag") for text in found.values())
    [entry] = db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.listed"))
    assert set(entry.subject_ids.split(",")) == {tip.id for tip in shown}
    assert entry.justification == "other"
    write(lambda: excerpts.switch_off(reader))
    assert not excerpts.are_on(reader)


def test_excerpts_leave_out_what_not_everybody_may_read(team: Team, reader: access.Person, now: dt.datetime) -> None:
    quarantined, telling, plain = (factories.make_tip(now).ref for _ in range(3))
    opened = write(lambda: access.open_tip(reader, quarantined, "assigned_work", "", now))
    write(lambda: lanes.set_lane(opened, "quarantine", now))
    opened = write(lambda: access.open_tip(reader, telling, "assigned_work", "", now))
    write(lambda: tips.mark_identifies_sender(opened, True, now))
    write(lambda: excerpts.switch_on(reader, team.desk_id, "assigned_work", "", now))
    shown = [line.tip for line in queue.page(reader, Filter(team.desk_id)).lines]
    assert set(write(lambda: excerpts.excerpts(reader, shown, now))) == {plain}


def test_excerpts_are_for_ones_own_desks(team: Team, reader: access.Person, now: dt.datetime) -> None:
    other = factories.make_team(now)
    with pytest.raises(errors.NotFound):
        excerpts.switch_on(reader, other.desk_id, "assigned_work", "", now)


def test_marks_that_people_and_senders_set_can_be_asked_for_together(
    team: Team, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(team, 60, now)
    first, second, third = expected(team)[3:6]
    greece = write(lambda: labels.for_country(team.reviewer, team.desk_id, "GR"))
    for ref in (first, second):
        write(lambda ref=ref: labels.put_on(team.reviewer, ref, greece, now))
    write(lambda: db.session.execute(update(Tip).where(Tip.ref.in_([second, third])).values(attachment_count=1)))
    write(lambda: db.session.execute(update(Tip).where(Tip.ref == third).values(unproven=True)))
    asked = Filter(team.desk_id, label_id=greece)

    def found(wanted: Filter) -> list[str]:
        return refs(queue.page(team.reviewer, wanted))

    assert found(asked) == [first, second]
    assert found(replace(asked, has_files=True)) == [second]
    assert found(Filter(team.desk_id, has_files=True)) == [second, third]
    assert found(Filter(team.desk_id, has_files=True, unproven=True)) == [third]
    assert queue.count(team.reviewer, replace(asked, has_files=True)) == queue.Count(1, False)
    monkeypatch.setattr(queue_reading, "FEW", 1)  # so many that the queue's own order is the better start
    assert found(replace(asked, has_files=True)) == [second]
    assert found(asked) == [first, second]


def test_an_age_reads_both_halves_of_the_queue_from_its_own_hour(team: Team, now: dt.datetime) -> None:
    fill(team, 300, now)
    hours = {row.ref: row for row in db.session.execute(select(Tip.ref, Tip.received_at, Tip.urgent))}
    day = Filter(team.desk_id, age=queue.age("day", now))
    fresh = [ref for ref in expected(team) if now - hours[ref].received_at <= dt.timedelta(hours=24, minutes=24)]
    first = queue.page(team.reviewer, day)
    second = queue.page(team.reviewer, day, after=first.older)
    assert refs(first) + refs(second) == fresh
    assert refs(queue.page(team.reviewer, day, before=second.newer)) == refs(first)
    assert queue.count(team.reviewer, day) == queue.Count(len(fresh), False)
    turn = next(at for at, ref in enumerate(fresh) if not hours[ref].urgent)
    assert queue.neighbours(team.reviewer, day, fresh[turn]) == (fresh[turn - 1], fresh[turn + 1])
    old = Filter(team.desk_id, age=queue.age("older-week", now))
    assert refs(queue.page(team.reviewer, old)) == []
    assert queue.age("anything", now) is None


def test_what_somebody_has_opened_is_read_and_only_by_them(team: Team, now: dt.datetime) -> None:
    ref = factories.make_tip(now).ref
    write(lambda: access.open_tip(team.reviewer, ref, "assigned_work", "", now))
    [mine] = queue.page(team.reviewer, Filter(team.desk_id)).lines
    [theirs] = queue.page(team.supervisor, Filter(team.desk_id)).lines
    assert (mine.unread, theirs.unread) == (False, True)


@pytest.mark.parametrize(
    ("index", "asked"),
    [
        ("queue_status", {"status": "assessed"}),
        ("queue_assignee", {"assignee": queue.NOBODY}),
        ("queue_language", {"language": 362, "has_files": True}),
        ("queue_exhibit", {"exhibit_id": "0" * 32, "language": 362}),
        ("queue_lane", {"lane": "quarantine"}),
        ("queue", {"status": "closed", "has_files": True}),
    ],
)
def test_every_filter_starts_in_the_index_that_finds_the_fewest(
    sqlite: Database, index: str, asked: dict[str, object]
) -> None:
    plans: list[str] = []

    def explain(connection: Any, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if " tip" in statement and not statement.startswith("EXPLAIN"):
            plans.extend(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))

    event.listen(db.engine, "before_cursor_execute", explain)
    queue_reading.search(Filter("0" * 32, **asked), "0" * 32, None, 41, forwards=True)  # type: ignore[arg-type]
    event.remove(db.engine, "before_cursor_execute", explain)
    assert any(f"ix_tip_{index} (" in plan for plan in plans), plans
