"""Whose a tip is, its lane and marks, its statements and notes, and how it ends."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.tip import Statement, Tip, TipRecord
from tipline.services import access, dossier, holds, lanes, notes, retention, statements, tips
from tipline.services.access import OpenTip


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip with a picture."""
    return str(factories.make_tip(now, files=[("bag.jpg", factories.picture())]).ref)


def opened_by(team: Team, ref: str, now: dt.datetime, *, chief: bool = False) -> OpenTip:
    """The tip, opened by a reviewer or a supervisor."""
    person = team.supervisor if chief else team.reviewer
    opened: OpenTip = write(lambda: access.open_tip(person, ref, "supervision" if chief else "assigned_work", "", now))
    return opened


def tip_of(ref: str) -> Tip:
    """The row as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Tip).where(Tip.ref == ref)).one()


def test_taking_a_tip_assigns_it_without_a_look(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: tips.assign_tip(team.reviewer, ref, team.reviewer.id, now))
    assert (tip_of(ref).status, tip_of(ref).assignee_id) == ("assigned", team.reviewer.id)
    assert not db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.opened")).all()
    write(lambda: tips.give_back_tip(team.reviewer, ref, now))
    assert (tip_of(ref).status, tip_of(ref).assignee_id) == ("screened", None)


def test_a_reviewer_takes_nobody_elses_tip(team: Team, ref: str, now: dt.datetime) -> None:
    other = team.reviewers[1].person
    write(lambda: tips.assign_tip(team.reviewer, ref, team.reviewer.id, now))
    with pytest.raises(errors.NotAllowed):
        tips.assign_tip(other, ref, other.id, now)
    with pytest.raises(errors.NotAllowed):
        tips.give_back_tip(other, ref, now)
    write(lambda: tips.assign_tip(team.supervisor, ref, other.id, now))
    assert tip_of(ref).assignee_id == other.id


def test_a_tip_is_given_to_members_of_its_desk_only(team: Team, ref: str, now: dt.datetime) -> None:
    stranger = factories.make_person(now=now).person
    for somebody in (stranger.id, team.administrator.person.id, "nobody"):
        with pytest.raises(errors.BadInput):
            tips.assign_tip(team.reviewer, ref, somebody, now)


def test_a_lane_sets_the_urgency_and_quarantine_is_a_supervisors_to_end(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: lanes.set_lane(opened_by(team, ref, now), "safeguarding", now))
    assert tip_of(ref).urgent
    write(lambda: lanes.set_lane(opened_by(team, ref, now), "quarantine", now))
    assert not tip_of(ref).urgent
    for person, refusal in ((False, errors.NotAllowed), (True, errors.BadInput)):  # its picture is shut with it
        with pytest.raises(refusal):
            lanes.set_lane(opened_by(team, ref, now, chief=person), "normal", now)
    without = str(factories.make_tip(now).ref)
    write(lambda: lanes.set_lane(opened_by(team, without, now), "quarantine", now))
    write(lambda: lanes.set_lane(opened_by(team, without, now, chief=True), "normal", now))
    with pytest.raises(errors.BadInput):
        lanes.set_lane(opened_by(team, without, now), "fast", now)


def test_closing_needs_a_reason_which_is_sealed(team: Team, ref: str, now: dt.datetime) -> None:
    opened = opened_by(team, ref, now)
    with pytest.raises(errors.ReasonNeeded):
        tips.dispose_tip(opened, "duplicate", " ", now)
    with pytest.raises(errors.BadInput):
        tips.dispose_tip(opened, "unfounded", "No", now)
    with pytest.raises(errors.BadInput):
        tips.dispose_tip(opened, "actionable_referred", "It was sent", now)
    write(lambda: tips.dispose_tip(opened, "eliminated_too_common", "MARKER-WHY sold in forty countries", now))
    tip = tip_of(ref)
    assert (tip.status, tip.disposition, tip.closed) == ("closed", "eliminated_too_common", True)
    assert b"MARKER-WHY" not in b"".join(db.session.scalars(select(TipRecord.ciphertext)))
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.disposed")).one()
    assert entry.justification == "eliminated_too_common"
    write(lambda: tips.reopen_tip(opened_by(team, ref, now), now))
    assert (tip_of(ref).status, tip_of(ref).disposition) == ("screened", None)


def test_somebody_elses_tip_is_not_closed_by_a_reviewer(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: tips.assign_tip(team.supervisor, ref, team.reviewers[1].person.id, now))
    with pytest.raises(errors.NotAllowed):
        tips.dispose_tip(opened_by(team, ref, now), "spam", "An advertisement", now)


def test_a_restricted_tip_is_kept_and_not_worked_on(team: Team, ref: str, now: dt.datetime) -> None:
    with pytest.raises(errors.NotAllowed):
        tips.restrict_tip(opened_by(team, ref, now), "Contested", now)
    write(lambda: tips.restrict_tip(opened_by(team, ref, now, chief=True), "Contested", now))
    chief = opened_by(team, ref, now, chief=True)
    for act in (
        lambda: lanes.set_lane(chief, "urgent", now),
        lambda: tips.mark_identifies_sender(chief, True, now),
        lambda: notes.sanitise_tip(chief, "Text", now),
        lambda: statements.write_statement(chief, "fact", "Text", now.date(), None, now),
        lambda: tips.assign_tip(team.supervisor, ref, team.supervisor.id, now),
        lambda: tips.dispose_tip(chief, "spam", "Reason", now),
    ):
        with pytest.raises(errors.WrongState):
            act()
    assert retention.due_tips(now + dt.timedelta(days=9999)) == []
    write(lambda: tips.lift_restriction(chief, now))
    assert tip_of(ref).status == "received"


def test_what_goes_out_grows_the_revision_and_what_stays_does_not(team: Team, ref: str, now: dt.datetime) -> None:
    opened = opened_by(team, ref, now)
    before = tip_of(ref).revision
    write(lambda: notes.write_note(opened, "For colleagues", now))
    assert tip_of(ref).revision == before
    write(lambda: notes.sanitise_tip(opened, "A bag sold in Volos", now))
    write(lambda: statements.write_statement(opened, "fact", "Sold since 2019", now.date(), None, now))
    assert tip_of(ref).revision == before + 2


def test_statements_are_dated_marked_and_can_be_taken_back(team: Team, ref: str, now: dt.datetime) -> None:
    opened = opened_by(team, ref, now)
    tomorrow = now.date() + dt.timedelta(days=1)
    for basis, text, as_of, verified, refusal in (
        ("rumour", "Text", now.date(), None, errors.BadInput),
        ("fact", " ", now.date(), None, errors.ReasonNeeded),
        ("fact", "x" * 2001, now.date(), None, errors.BadInput),
        ("fact", "Text", tomorrow, None, errors.BadInput),
        ("fact", "Text", now.date(), tomorrow, errors.BadInput),
    ):
        with pytest.raises(refusal):
            statements.write_statement(opened, basis, text, as_of, verified, now)
    one = write(lambda: statements.write_statement(opened, "assessment", "Same weave", now.date(), now.date(), now))
    [shown] = statements.statements(opened)
    assert (shown.text, shown.basis, shown.writer) == ("Same weave", "assessment", team.reviewer.display_name)
    other = write(lambda: access.open_tip(team.reviewers[1].person, ref, "second_opinion", "", now))
    with pytest.raises(errors.NotAllowed):
        statements.withdraw_statement(other, one, now)
    write(lambda: statements.withdraw_statement(opened, one, now))
    assert db.session.scalars(select(Statement.withdrawn_at)).one() == now
    with pytest.raises(errors.WrongState):
        statements.withdraw_statement(opened, one, now)


def test_the_sanitised_narrative_keeps_its_versions(team: Team, ref: str, now: dt.datetime) -> None:
    opened = opened_by(team, ref, now)
    assert notes.sanitised(opened) is None
    for text in ("First", "Second"):
        write(lambda text=text: notes.sanitise_tip(opened, text, now))
    latest = notes.sanitised(opened)
    assert latest is not None
    assert (latest.version, latest.value["text"]) == (2, "Second")


def test_a_hold_is_a_supervisors_and_stops_the_clock(team: Team, ref: str, now: dt.datetime) -> None:
    review = now.date() + dt.timedelta(days=30)
    with pytest.raises(errors.NotAllowed):
        holds.place_hold(opened_by(team, ref, now), "judicial", "A court asks", review, now)
    chief = opened_by(team, ref, now, chief=True)
    with pytest.raises(errors.BadInput):
        holds.place_hold(chief, "judicial", "A court asks", now.date(), now)
    hold_id = write(lambda: holds.place_hold(chief, "judicial", "A court asks", review, now))
    assert retention.due_tips(now + dt.timedelta(days=9999)) == []
    [(hold, reason)] = write(lambda: dossier.read(chief, now)).holds
    assert (hold.id, reason) == (hold_id, "A court asks")
    with pytest.raises(errors.NotFound):
        holds.lift_hold(chief, "0" * 32, now)
    write(lambda: holds.lift_hold(chief, hold_id, now))
    assert len(retention.due_tips(now + dt.timedelta(days=9999))) == 1


def test_a_dossier_holds_everything_and_shows_nothing_in_its_repr(team: Team, ref: str, now: dt.datetime) -> None:
    opened = opened_by(team, ref, now)
    write(lambda: notes.write_note(opened, "MARKER-NOTE", now))
    write(lambda: statements.write_statement(opened, "fact", "MARKER-FACT", now.date(), None, now))
    found = write(lambda: dossier.read(access.access_tip(team.reviewer, ref, now=now), now))
    assert found.exhibit == "Woven bag" or found.exhibit is None
    assert [note.value["text"] for note in found.notes] == ["MARKER-NOTE"]
    assert [file.name for file in found.files] == ["bag.jpg"]
    assert {happening.name for happening in found.happenings} >= {"tip.opened", "note.written", "statement.written"}
    assert "MARKER" not in repr(found)
    assert "bag.jpg" not in repr(found)
    assert not found.may_be_referred
