"""The 4x4 grade: X4 unless somebody says otherwise, and no A or 1 without a supervisor."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.tip import Tip, TipRecord
from tipline.services import access, assessments, tips
from tipline.services.access import OpenTip
from tipline.services.assessments import INFORMATION_CODES, SOURCE_CODES


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip."""
    return str(factories.make_tip(now).ref)


def reviewers(team: Team, ref: str, now: dt.datetime) -> OpenTip:
    """The tip as the reviewer has it open now."""
    opened: OpenTip = write(lambda: access.open_tip(team.reviewer, ref, "assigned_work", "", now))
    return opened


def supervisors(team: Team, ref: str, now: dt.datetime) -> OpenTip:
    """The tip as the supervisor has it open now."""
    opened: OpenTip = write(lambda: access.open_tip(team.supervisor, ref, "supervision", "", now))
    return opened


def row(ref: str) -> Tip:
    """The tip's row as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Tip).where(Tip.ref == ref)).one()


def test_a_new_tip_is_x4_and_ungraded(team: Team, ref: str, now: dt.datetime) -> None:
    assert (row(ref).source_code, row(ref).information_code, row(ref).graded) == ("X", "4", False)


def test_a_grade_takes_the_tip_and_assesses_it(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "X", "2", "MARKER-WHY works there", now))
    tip = row(ref)
    assert (tip.status, tip.assignee_id, tip.graded) == ("assessed", team.reviewer.id, True)
    assert tip.source_code + tip.information_code == "X2"
    assert b"MARKER-WHY" not in b"".join(db.session.scalars(select(TipRecord.ciphertext)))
    [grade] = assessments.grades(reviewers(team, ref, now))
    assert (grade.state, grade.reason) == ("holds", "MARKER-WHY works there")
    assert "MARKER" not in repr(grade)


@pytest.mark.parametrize(("source", "information"), list(product(SOURCE_CODES, INFORMATION_CODES)))
def test_only_a_and_1_need_a_supervisor(source: str, information: str) -> None:
    assert assessments.needs_supervisor(source, information) is (source == "A" or information == "1")


def test_a_reviewers_a_waits_and_another_person_lets_it_hold(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "A", "2", "Known officer", now))
    tip = row(ref)
    assert (tip.grade_pending, tip.graded, tip.status) == ("A2", False, "assigned")
    [waiting] = assessments.grades(reviewers(team, ref, now))
    with pytest.raises(errors.NotAllowed):
        assessments.agree_to_grade(reviewers(team, ref, now), waiting.id, now)
    write(lambda: assessments.agree_to_grade(supervisors(team, ref, now), waiting.id, now))
    tip = row(ref)
    assert (tip.grade_pending, tip.graded, tip.status) == (None, True, "assessed")
    assert tip.source_code + tip.information_code == "A2"
    with pytest.raises(errors.WrongState):
        assessments.agree_to_grade(supervisors(team, ref, now), waiting.id, now)


def test_a_refused_grade_leaves_the_one_before(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "B", "3", "Corroborated", now))
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "B", "1", "Certain now", now))
    assert row(ref).grade_pending == "B1"
    waiting = next(grade for grade in assessments.grades(reviewers(team, ref, now)) if grade.state == "waits")
    with pytest.raises(errors.ReasonNeeded):
        assessments.refuse_grade(supervisors(team, ref, now), waiting.id, "", now)
    write(lambda: assessments.refuse_grade(supervisors(team, ref, now), waiting.id, "It is not", now))
    tip = row(ref)
    assert (tip.source_code + tip.information_code, tip.grade_pending) == ("B3", None)


def test_a_grade_that_was_edited_cannot_be_agreed_to_and_the_edit_waits_anew(
    team: Team, ref: str, now: dt.datetime
) -> None:
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "A", "2", "Known officer", now))
    [first] = assessments.grades(reviewers(team, ref, now))
    later = now + dt.timedelta(minutes=1)
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "A", "1", "And corroborated", later))
    with pytest.raises(errors.WrongState):
        assessments.agree_to_grade(supervisors(team, ref, now), first.id, later)
    db.session.rollback()
    edited = assessments.grades(reviewers(team, ref, now))[0]
    write(lambda: assessments.agree_to_grade(supervisors(team, ref, now), edited.id, later))
    assert (row(ref).source_code, row(ref).information_code) == ("A", "1")
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "B", "1", "Not so sure", later))
    assert (row(ref).source_code, row(ref).grade_pending) == ("A", "B1")


def test_nobody_agrees_to_their_own_grade(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: assessments.assess_tip(reviewers(team, ref, now), "A", "2", "Known officer", now))
    [waiting] = assessments.grades(reviewers(team, ref, now))
    opened = reviewers(team, ref, now)
    promoted = access.OpenTip(
        opened.tip,
        type(team.reviewer)(**{**vars(team.reviewer), "roles": team.supervisor.roles}),
        opened.reason_code,
        opened.content_key,
    )
    with pytest.raises(errors.NeedsSecondPerson):
        assessments.agree_to_grade(promoted, waiting.id, now)


def test_a_supervisors_own_a_holds_at_once(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: assessments.assess_tip(supervisors(team, ref, now), "A", "1", "Seen by our own people", now))
    assert (row(ref).source_code, row(ref).grade_pending) == ("A", None)


def test_grades_follow_each_other_and_all_are_kept(team: Team, ref: str, now: dt.datetime) -> None:
    for number, information in enumerate(("4", "3", "2")):
        later = now + dt.timedelta(minutes=number)
        write(lambda i=information, at=later: assessments.assess_tip(reviewers(team, ref, now), "X", i, "Because", at))
    states = [grade.state for grade in assessments.grades(reviewers(team, ref, now))]
    assert states == ["holds", "superseded", "superseded"]


@pytest.mark.parametrize(
    ("source", "information", "reason", "refusal"),
    [
        ("D", "1", "Because", errors.BadInput),
        ("A", "5", "Because", errors.BadInput),
        ("X", "4", "  ", errors.ReasonNeeded),
        ("X", "4", "x" * 1001, errors.BadInput),
    ],
)
def test_what_is_no_grade_is_refused(
    team: Team, ref: str, now: dt.datetime, source: str, information: str, reason: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        assessments.assess_tip(reviewers(team, ref, now), source, information, reason, now)
    assert not row(ref).graded


def test_somebody_elses_and_closed_tips_are_not_graded(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: tips.assign_tip(team.supervisor, ref, team.reviewers[1].person.id, now))
    with pytest.raises(errors.NotAllowed):
        assessments.assess_tip(reviewers(team, ref, now), "X", "4", "Because", now)
    write(lambda: tips.dispose_tip(supervisors(team, ref, now), "spam", "An advertisement", now))
    with pytest.raises(errors.WrongState):
        assessments.assess_tip(supervisors(team, ref, now), "X", "4", "Because", now)
