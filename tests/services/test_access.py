"""The only way to a tip: who gets through, who sees nothing, and what the log keeps of it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.tip import Consultation, Tip, TipKey, TipRecord
from tipline.roles import Role
from tipline.services import access, records, tips

REASON = ("assigned_work", "")


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk whose appeal is published."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip with an identity at that desk."""
    sent = factories.make_tip(now, identity={"name": "MARKER-NAME", "email": "someone@post.example"}, place="Volos")
    return str(sent.ref)


def entries(event: str) -> list[LogEntry]:
    """Log entries of one event."""
    return list(db.session.scalars(select(LogEntry).where(LogEntry.event == event).order_by(LogEntry.seq)))


def test_a_tip_opens_with_a_reason_and_each_look_is_one_entry(team: Team, ref: str, now: dt.datetime) -> None:
    with pytest.raises(errors.ReasonNeeded):
        access.access_tip(team.reviewer, ref, now=now)
    opened = write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    answers = write(lambda: access.read_answers(opened, now))
    assert answers.narrative == factories.NARRATIVE
    [entry] = entries("tip.opened")
    assert entry.operation == "consult"
    assert entry.subject_ids == opened.tip.id
    assert entry.actor_id == team.reviewer.id
    assert entry.justification == "assigned_work"


def test_a_reason_is_asked_for_once_per_assignment(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    write(lambda: access.open_tip(team.reviewer, ref, "other", "Said again", now))
    assert access.access_tip(team.reviewer, ref, now=now).reason_code == "assigned_work"
    assert len(db.session.scalars(select(Consultation)).all()) == 1
    other = team.reviewers[1].person
    write(lambda: tips.assign_tip(team.supervisor, ref, other.id, now))
    with pytest.raises(errors.ReasonNeeded):
        access.access_tip(team.reviewer, ref, now=now)


def test_whoever_keeps_a_tip_is_not_asked_again(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    write(lambda: tips.assign_tip(team.reviewer, ref, team.reviewer.id, now))
    assert access.access_tip(team.reviewer, ref, now=now).tip.assignee_id == team.reviewer.id


@pytest.mark.parametrize(
    ("code", "text", "field"),
    [("curious", "", "reason_code"), ("other", " ", "reason_text"), ("other", "x" * 201, "reason_text")],
)
def test_a_reason_that_is_none_opens_nothing(
    team: Team, ref: str, now: dt.datetime, code: str, text: str, field: str
) -> None:
    with pytest.raises(errors.BadInput) as refused:
        access.open_tip(team.reviewer, ref, code, text, now)
    assert refused.value.field == field


def test_the_words_of_a_reason_are_sealed(team: Team, ref: str, now: dt.datetime) -> None:
    opened = write(lambda: access.open_tip(team.reviewer, ref, "other", "MARKER-REASON", now))
    stored = b"".join(db.session.scalars(select(TipRecord.ciphertext)))
    assert b"MARKER-REASON" not in stored
    [reason] = records.read_records(opened, "reason:opened")
    assert reason.value == {"text": "MARKER-REASON"}
    assert "MARKER-REASON" not in repr(reason)


def test_another_desk_and_a_missing_tip_look_the_same(team: Team, ref: str, now: dt.datetime) -> None:
    stranger = factories.make_team(now).reviewer
    for person, wanted in ((stranger, ref), (team.reviewer, "0000-0000")):
        with pytest.raises(errors.NotFound):
            access.see_tip(person, wanted)
        with pytest.raises(errors.NotFound):
            access.open_tip(person, wanted, *REASON, now)
        with pytest.raises(errors.NotFound):
            access.access_tip(person, wanted, now=now)


def test_a_reviewer_without_a_grant_sees_no_such_tip(team: Team, ref: str, now: dt.datetime) -> None:
    newcomer = factories.make_person(Role.REVIEWER, now=now).person
    with pytest.raises(errors.NotFound):
        access.open_tip(newcomer, ref, *REASON, now)


def test_administrators_and_auditors_are_refused(team: Team, ref: str, now: dt.datetime) -> None:
    for known in (team.administrator, team.auditor):
        with pytest.raises(errors.NotAllowed):
            access.see_tip(known.person, ref)
        with pytest.raises(errors.NotAllowed):
            access.open_tip(known.person, ref, *REASON, now)


def test_somebody_elses_seed_opens_nothing(team: Team, ref: str, now: dt.datetime) -> None:
    pretender = dataclasses.replace(team.reviewer, seed=team.reviewers[1].person.seed)
    with pytest.raises(errors.CannotOpen):
        access.open_tip(pretender, ref, *REASON, now)


def test_a_tip_whose_key_is_gone_is_gone(team: Team, ref: str, now: dt.datetime) -> None:
    opened = write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    key = db.session.get(TipKey, (opened.tip.id, "content"))
    write(lambda: db.session.delete(key))
    with pytest.raises(errors.NotFound):
        access.access_tip(team.reviewer, ref, now=now)


def test_only_supervisors_open_a_restricted_tip(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    opened = write(lambda: access.open_tip(team.supervisor, ref, "supervision", "", now))
    write(lambda: tips.restrict_tip(opened, "Its accuracy is contested", now))
    with pytest.raises(errors.NotAllowed):
        access.access_tip(team.reviewer, ref, now=now)
    assert access.access_tip(team.supervisor, ref, now=now).tip.restricted


def test_a_text_that_tells_who_wrote_it_opens_to_supervisors_only(team: Team, ref: str, now: dt.datetime) -> None:
    opened = write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    write(lambda: tips.mark_identifies_sender(opened, True, now))
    again = access.access_tip(team.reviewer, ref, now=now)
    hidden = write(lambda: access.read_answers(again, now))
    assert (hidden.narrative, hidden.place, hidden.links) == ("", "", ())
    assert not again.may_see_original
    chief = write(lambda: access.open_tip(team.supervisor, ref, "supervision", "", now))
    assert write(lambda: access.read_answers(chief, now)).narrative == factories.NARRATIVE
    with pytest.raises(errors.NotAllowed):
        tips.mark_identifies_sender(again, False, now)


def test_the_identity_opens_to_a_supervisor_with_a_reason(team: Team, ref: str, now: dt.datetime) -> None:
    write(lambda: access.open_tip(team.supervisor, ref, "supervision", "", now))
    identity = write(lambda: access.open_identity(team.supervisor, ref, "urgent_risk", "", now))
    assert identity.name == "MARKER-NAME"
    assert "MARKER-NAME" not in repr(identity)
    [entry] = entries("identity.opened")
    assert (entry.justification, entry.field_group) == ("urgent_risk", "identity")
    write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    with pytest.raises(errors.NotAllowed):
        access.open_identity(team.reviewer, ref, "urgent_risk", "", now)


def test_a_tip_without_an_identity_says_so(team: Team, now: dt.datetime) -> None:
    sent = factories.make_tip(now)
    write(lambda: access.open_tip(team.supervisor, sent.ref, "supervision", "", now))
    with pytest.raises(errors.NotFound):
        access.open_identity(team.supervisor, sent.ref, "urgent_risk", "", now)


def test_no_key_and_no_text_stands_in_a_repr(team: Team, ref: str, now: dt.datetime) -> None:
    opened = write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))
    shown = repr(opened) + repr(write(lambda: access.read_answers(opened, now)))
    assert repr(opened.content_key) not in shown
    assert "MARKER" not in shown
    assert repr(team.reviewer.seed) not in shown


def test_if_the_log_cannot_be_written_nothing_is_opened(
    team: Team, ref: str, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = write(lambda: access.open_tip(team.reviewer, ref, *REASON, now))

    def broken(*_args: object, **_values: object) -> None:
        raise errors.LogBroken

    monkeypatch.setattr(access.log, "record", broken)
    with pytest.raises(errors.LogBroken):
        access.read_answers(opened, now)
    assert db.session.scalars(select(Tip.status)).one() == "received"
