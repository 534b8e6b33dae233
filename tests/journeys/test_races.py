"""The same button pressed twice at the same moment: one act, one refusal, nothing half done; on both databases."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from tests import disclosure, factories
from tests.factories import Team, write
from tipline import storage
from tipline.errors import Refused
from tipline.extensions import Database, db
from tipline.models.base import table_of
from tipline.models.log import LogEntry
from tipline.models.referral import Package
from tipline.models.tip import Mailbox, Tip, TipKey
from tipline.roles import Role
from tipline.services import (
    drafts,
    factors,
    intake,
    invitations,
    packing,
    proposals,
    releases,
    retention,
    rights,
    sessions,
    tries,
    withdrawals,
)
from tipline.services.answers import Answers
from tipline.services.wishes import TipWish


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Each act in a thread and a transaction of its own, started together; what each gave, or why it was refused."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        gate.wait(10)
        try:
            results[number] = db.in_writing(act)
        except Refused as refused:
            results[number] = refused
        finally:
            db.end()

    db.end()
    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def refusals(results: list[Any]) -> int:
    return sum(isinstance(result, Refused) for result in results)


def count(table: Any) -> int:
    return int(db.session.execute(select(func.count()).select_from(table_of(table))).scalar_one())


def test_a_tip_that_is_sent_twice_at_once_is_one_tip_with_one_receipt(team: Team, now: dt.datetime) -> None:
    secret = drafts.new_secret()
    write(
        lambda: drafts.start_draft(
            secret, Answers(narrative="Once", tip_language=369), exhibit_id=None, desk_id=team.desk_id, now=now
        )
    )
    results = at_once(*[lambda: intake.send(secret, ui_language="en", notice_version="1", now=now)] * 4)
    assert refusals(results) == 0
    assert len({(sent.ref, sent.receipt) for sent in results}) == 1
    assert (count(Tip), count(Mailbox), count(TipKey)) == (1, 1, 2)


def test_a_hold_that_is_placed_as_the_72_hours_end_leaves_a_withdrawal_to_a_person(
    team: Team, now: dt.datetime
) -> None:
    tip_id = factories.make_tip(now).tip_id
    write(lambda: withdrawals.withdraw(tip_id, now))
    later = now + dt.timedelta(hours=80)
    placed = threading.Event()

    def place() -> None:
        review_on = later.date() + dt.timedelta(days=30)
        retention.place_hold(tip_id, "judicial", review_on, actor=team.supervisor.actor, now=later)
        placed.set()
        time.sleep(0.3)  # long enough for the clock to come and wait for the lock

    def strike() -> None:
        placed.wait(10)
        withdrawals.erase_due_tip(tip_id, later)

    assert refusals(at_once(place, strike)) == 0
    assert (count(Tip), withdrawals.waits_until(tip_id)) == (1, None)
    assert [one.kind for one in rights.open_requests([team.desk_id])] == ["withdrawal"]


def test_a_tip_that_is_sent_and_deleted_at_once_is_either_whole_or_gone(team: Team, now: dt.datetime) -> None:
    for _ in range(3):
        secret = drafts.new_secret()
        answers = Answers(narrative="Once", tip_language=369)
        place = {"exhibit_id": None, "desk_id": team.desk_id}
        started = write(lambda s=secret, a=answers, p=place: drafts.start_draft(s, a, **p, now=now))
        results = at_once(
            lambda s=secret: intake.send(s, ui_language="en", notice_version="1", now=now),
            lambda s=secret: drafts.delete_draft(s, now),
        )
        there = db.session.scalars(select(Tip.id).where(Tip.id == started.tip_id)).first() is not None
        assert there == (refusals(results) == 0)
        assert bool(drafts.sealed_parts(started.tip_id)) == there


@pytest.fixture
def referral(team: Team, now: dt.datetime) -> str:
    """A draft that needs no second look."""
    tip = disclosure.ready_tip(team, now)
    return disclosure.draft(team, factories.make_authority(team, now), TipWish(tip.ref), now)


def test_a_referral_that_is_proposed_and_built_twice_at_once_is_one_package(
    team: Team, referral: str, now: dt.datetime
) -> None:
    person = team.reviewer
    seen = disclosure.digest(person, referral, now)
    assert refusals(at_once(*[lambda: proposals.propose(person, referral, seen, now)] * 2)) == 1

    def build() -> None:
        gathered = proposals.gather(person, referral, now)
        sealed = packing.seal_package(gathered.handover, gathered.recipient, now)
        proposals.keep_package(person, referral, sealed, gathered.recipient, now)

    assert refusals(at_once(build, build)) == 1
    package = db.session.scalars(select(Package)).one()
    assert [name for name, _size, _moment in storage.files().walk()] == [package.stored_name]


def test_a_package_that_is_released_by_two_people_at_once_is_released_once(
    team: Team, referral: str, now: dt.datetime
) -> None:
    disclosure.propose(team, referral, now)
    write(lambda: proposals.hand_over(team.reviewer, referral, now))
    ref = referral.replace("REF-", "PKG-")
    admins = [team.administrator.person, factories.make_person(Role.ADMINISTRATOR, now=now).person]
    digest = disclosure.row_of(ref).sha256
    results = at_once(*[lambda one=one: releases.release(one, ref, digest, now) for one in admins])
    assert refusals(results) == 1
    assert [entry.event for entry in db.session.scalars(select(LogEntry))].count("package.released") == 1


def test_a_package_that_is_released_and_returned_at_once_is_one_of_both(
    team: Team, referral: str, now: dt.datetime
) -> None:
    disclosure.propose(team, referral, now)
    write(lambda: proposals.hand_over(team.reviewer, referral, now))
    ref, admin = referral.replace("REF-", "PKG-"), team.administrator.person
    digest = disclosure.row_of(ref).sha256
    at_once(
        lambda: releases.release(admin, ref, digest, now),
        lambda: releases.return_package(admin, ref, "purpose", now),
    )
    assert disclosure.row_of(ref).state == "returned"  # a released package may still be taken back
    with pytest.raises(Refused):
        releases.download_package(admin, ref, now)


def test_a_one_time_code_that_is_used_twice_at_once_opens_one_session(team: Team, now: dt.datetime) -> None:
    known = team.reviewers[0]
    code = pyotp.TOTP(known.totp_secret).at(now)
    attempt = write(lambda: tries.start_try(known.person.name, None, now))
    results = at_once(*[lambda: tries.finish_try(attempt, known.person.seed, code, "device", now)] * 3)
    assert refusals(results) == 2
    assert len(sessions.list_sessions(known.person, now)) == 1


def test_an_invitation_and_a_reset_are_taken_once(team: Team, now: dt.datetime) -> None:
    admin = team.administrator.person
    invited = write(lambda: invitations.invite(admin, "late", "Late", {Role.REVIEWER}, now))
    second = factories.make_person(Role.ADMINISTRATOR, now=now).person
    third = factories.make_person(Role.ADMINISTRATOR, now=now).person
    assert refusals(at_once(*[lambda: factors.propose_reset(admin, team.reviewer.id, now)] * 2)) == 1
    reset = factors.waiting_resets(second, now)[0]
    both = [lambda one=one: factors.confirm_reset(one, reset.id, now) for one in (second, third)]
    assert refusals(at_once(*both)) == 1
    wrong = at_once(*[lambda: invitations.check_code(invited.name, "0000-0000-0000", now)] * 3)
    assert refusals(wrong) == 3
    assert not isinstance(write(lambda: invitations.check_code(invited.name, invited.code, now)), Refused)
