"""New keys of a desk: who makes them, who gets them, and that everything comes over to them, whatever happens."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from tests.factories import Team, add_to_tip, make_exhibit, make_team, make_tip, write
from tipline import config
from tipline.crypto import grants, opening, sealing
from tipline.crypto.keys import Label, Purpose
from tipline.errors import CannotOpen, NeedsSecondPerson, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountSession
from tipline.models.approval import Approval
from tipline.models.base import Base
from tipline.models.desk import DeskEpoch, Grant, RecoveryCode
from tipline.models.tip import Tip, TipKey
from tipline.roles import Role
from tipline.services import (
    access,
    accounts,
    approvals,
    compromises,
    desks,
    epochs,
    invitations,
    recovery,
    resealing,
    seal_targets,
    standing,
)

MARKER = "MARKER-NARRATIVE"


@pytest.fixture
def team(database, now) -> Team:
    """A desk with two supervisors and two reviewers, and an exhibit to write about."""
    made = make_team(now)
    make_exhibit(made, now)
    return made


def second_supervisor(team: Team):
    return team.supervisors[1].person


def renew(team: Team, now: dt.datetime):
    """New keys after somebody was taken off."""
    return write(lambda: epochs.renew(team.supervisor, team.desk_id, now))


def take_off(team: Team, person, now: dt.datetime) -> None:
    write(lambda: desks.remove_member(team.administrator.person, team.desk_id, person.id, now))


def bring_over(team: Team, person, now: dt.datetime) -> None:
    while write(lambda: resealing.reseal_batch(person, team.desk_id, now, most=3)):
        pass
    write(lambda: resealing.reseal_batch(person, team.desk_id, now))


def narrative(person, ref: str, now: dt.datetime) -> str:
    return write(lambda: access.read_answers(access.open_tip(person, ref, "assigned_work", "", now), now).narrative)


def epoch_states(desk_id: str) -> dict[int, str]:
    db.session.expire_all()
    rows = db.session.execute(select(DeskEpoch.epoch, DeskEpoch.state).where(DeskEpoch.desk_id == desk_id))
    return dict(rows.all())


def agree(act: str, person, now: dt.datetime) -> None:
    """The second person's word for what waits."""
    row = db.session.scalars(select(Approval).where(Approval.act == act, Approval.state == "waiting")).one()
    write(lambda: approvals.approve(row.id, row.digest, person, now))


def test_who_was_taken_off_opens_nothing_that_came_later_with_all_he_kept(team, now):
    leaver = team.reviewers[1].person
    old_rows = db.session.execute(select(Grant.sealed).where(Grant.account_id == leaver.id)).scalars().all()
    old_seed = desks.open_desk_key(leaver, team.desk_id, 1, "content")
    before = make_tip(now)
    take_off(team, leaver, now)
    renew(team, now)
    after = make_tip(now)
    row = db.session.get_one(TipKey, (after.tip_id, "content"))
    for epoch in (1, 2):  # his old key, and his account key on everything that is sealed now
        label = Label(Purpose.TIP_CONTENT, team.desk_id, epoch, after.tip_id)
        for seed in (old_seed, leaver.seed):
            with pytest.raises(CannotOpen):
                opening.open_sealed(row.sealed, seed, label)
    for sealed in [*old_rows, *db.session.scalars(select(Grant.sealed).where(Grant.epoch == 2))]:
        with pytest.raises(CannotOpen):
            grants.open_grant(sealed, leaver.seed, desk=team.desk_id, epoch=2, kind="content", holder=leaver.id)
    for ref in (before.ref, after.ref):  # and with a session that was not ended
        with pytest.raises(NotFound):
            access.see_tip(leaver, ref)
    bring_over(team, team.supervisor, now)
    for person in (team.reviewer, team.supervisor, second_supervisor(team)):
        for tip in (before, after):
            assert MARKER in narrative(person, tip.ref, now)


def test_everything_comes_over_and_then_the_old_keys_are_gone(team, now):
    sent = make_tip(now, identity={"name": "Eleni"})
    add_to_tip(sent.tip_id, now)
    take_off(team, team.reviewers[1].person, now)
    renew(team, now)
    assert resealing.count_left(team.desk_id) == resealing.Left(3, 1)
    bring_over(team, team.reviewer, now)  # a reviewer brings the content over, and leaves what is not theirs
    assert resealing.count_left(team.desk_id) == resealing.Left(0, 1)
    assert epoch_states(team.desk_id) == {1: "closing", 2: "current"}
    bring_over(team, team.supervisor, now)
    assert epoch_states(team.desk_id) == {1: "closed", 2: "current"}
    for table in (Grant, RecoveryCode):
        assert db.session.scalar(select(func.count()).select_from(table).where(table.epoch == 1)) == 0
    assert MARKER in narrative(team.supervisor, sent.ref, now)
    found = write(lambda: access.open_identity(team.supervisor, sent.ref, "assigned_work", "", now))
    assert found.name == "Eleni"


def test_a_tip_that_is_sent_while_keys_go_over_is_sealed_to_the_new_ones(team, now):
    make_tip(now)
    take_off(team, team.reviewers[1].person, now)
    renew(team, now)
    write(lambda: resealing.reseal_batch(team.supervisor, team.desk_id, now, most=1))
    sent = make_tip(now)
    assert set(db.session.scalars(select(TipKey.epoch).where(TipKey.tip_id == sent.tip_id))) == {2}
    bring_over(team, team.supervisor, now)
    assert resealing.count_left(team.desk_id).total == 0


def test_new_keys_need_a_second_person(team, now):
    first, second = team.supervisor, second_supervisor(team)
    with pytest.raises(NeedsSecondPerson):
        epochs.renew(first, team.desk_id, now)
    write(lambda: epochs.propose(first, team.desk_id, now))
    with pytest.raises(NeedsSecondPerson):
        agree("epoch", first, now)
    with pytest.raises(NotFound):
        epochs.propose(team.reviewer, team.desk_id, now)
    agree("epoch", second, now)
    write(lambda: epochs.renew(first, team.desk_id, now))
    with pytest.raises(NeedsSecondPerson):  # one word, one time
        epochs.renew(first, team.desk_id, now)


def test_who_takes_a_colleague_off_does_not_make_the_keys_alone(team, now):
    write(lambda: desks.remove_member(team.supervisor, team.desk_id, team.reviewer.id, now))
    with pytest.raises(NeedsSecondPerson):
        epochs.renew(team.supervisor, team.desk_id, now)
    write(lambda: epochs.renew(second_supervisor(team), team.desk_id, now))


def test_losing_the_role_or_the_account_makes_new_keys_due(team, now):
    admin, second = team.administrator.person, second_supervisor(team)
    write(lambda: standing.change_account(admin, second.id, "Second", {Role.REVIEWER}, now))
    due = epochs.read_due(team.supervisor, team.desk_id)
    assert (due.why, due.may_renew) == ("role", True)
    renew(team, now)
    assert epochs.read_due(team.supervisor, team.desk_id) is None
    demoted = accounts.person_for(second.id, second.seed, now)
    assert desks.open_desk_key(demoted, team.desk_id, 2, "content")
    assert not db.session.scalars(select(Grant).where(Grant.kind == "identity", Grant.account_id == second.id)).all()


def test_the_new_codes_open_the_old_epoch_too_as_long_as_it_closes(team, now):
    sent = make_tip(now)
    take_off(team, team.reviewers[1].person, now)
    codes = renew(team, now)
    anew, seed = team.supervisor, opening.new_seed()

    def forget_password() -> None:
        account = db.session.get_one(Account, anew.id)
        totp, locked = account.totp_sealed, account.locked_seed
        accounts.set_keys(account, seed, locked)
        account.totp_sealed = totp

    write(forget_password)
    anew = dataclasses.replace(anew, seed=seed)
    with pytest.raises(NeedsSecondPerson):
        recovery.use_code(anew, team.desk_id, "content", codes.content, now)
    write(lambda: recovery.ask_to_use(anew, team.desk_id, "content", now))
    agree("recovery", team.administrator.person, now)
    write(lambda: recovery.use_code(anew, team.desk_id, "content", codes.content, now))
    assert MARKER in narrative(anew, sent.ref, now)


def test_a_password_that_somebody_may_know_ends_the_key_and_the_epoch(team, now):
    """A new password alone would not do: an old copy of the database opens with the old one."""
    victim = team.reviewers[1].person
    sealed = db.session.scalars(select(Grant.sealed).where(Grant.account_id == victim.id)).all()
    with pytest.raises(NotAllowed):
        compromises.report(team.supervisor, victim.id, now)
    write(lambda: compromises.report(team.administrator.person, victim.id, now))
    assert db.session.scalars(select(AccountSession).where(AccountSession.account_id == victim.id)).all() == []
    with pytest.raises(NotFound):
        desks.open_desk_key(victim, team.desk_id, 1, "content")
    with pytest.raises(WrongState):
        compromises.report(team.administrator.person, victim.id, now)
    assert epochs.read_due(team.supervisor, team.desk_id).why == "password"
    renew(team, now)
    label = {"desk": team.desk_id, "epoch": 2, "kind": "content", "holder": victim.id}
    for blob in [*sealed, *db.session.scalars(select(Grant.sealed).where(Grant.epoch == 2))]:
        with pytest.raises(CannotOpen):
            grants.open_grant(blob, victim.seed, **label)
    invited = write(lambda: invitations.invite_again(team.administrator.person, victim.id, now))
    assert invited.code  # and back through a new password, and a member who lets them in


def test_one_says_of_oneself_that_the_password_may_be_known(team, now):
    write(lambda: compromises.report(second_supervisor(team), second_supervisor(team).id, now))
    assert epochs.read_due(team.supervisor, team.desk_id).may_renew
    renew(team, now)


def test_what_somebody_changed_in_the_database_stays_behind_with_the_old_keys(team, now):
    """It stops nobody else's keys, and can still be put right: nothing that could open it is gone."""
    sent, spoilt = make_tip(now), make_tip(now)
    place = (spoilt.tip_id, "content")
    kept = db.session.get_one(TipKey, place).sealed
    write(lambda: db.session.execute(update(TipKey).where(TipKey.tip_id == spoilt.tip_id).values(sealed=kept[:-1])))
    take_off(team, team.reviewers[1].person, now)
    renew(team, now)
    bring_over(team, team.supervisor, now)
    assert MARKER in narrative(team.reviewer, sent.ref, now)
    assert epoch_states(team.desk_id) == {1: "closing", 2: "current"}
    left = resealing.count_left(team.desk_id).total
    write(
        lambda: db.session.execute(
            update(TipKey).where(TipKey.tip_id == spoilt.tip_id, TipKey.purpose == "content").values(sealed=kept)
        )
    )
    bring_over(team, team.supervisor, now)
    assert resealing.count_left(team.desk_id).total == left - 1
    assert MARKER in narrative(team.reviewer, spoilt.ref, now)


def test_no_send_is_lost_while_new_keys_are_made_and_everything_goes_over(team, now):
    """Somebody sends and sends; whatever was thanked for opens with the new keys."""
    sent: list[str] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            sent.append(make_tip(now).ref)
        db.end()

    with ThreadPoolExecutor(2) as pool:
        senders = [pool.submit(send) for _ in range(2)]
        try:
            for _ in range(3):
                renew_again(team, now)
                bring_over(team, team.supervisor, now)
        finally:
            stop.set()
        for sender in senders:
            sender.result()
    bring_over(team, team.supervisor, now)
    db.session.expire_all()
    assert set(db.session.scalars(select(TipKey.epoch))) == {4}
    assert db.session.scalar(select(func.count()).select_from(Tip)) == len(sent) > 0
    for ref in random.Random(4).sample(sent, min(5, len(sent))):
        assert MARKER in narrative(team.reviewer, ref, now)


def test_whatever_is_sealed_to_a_desk_for_longer_than_a_session_goes_over():
    """A new table with sealed keys and an epoch must be named here or in ``resealing.STORES``."""
    kept = {store.table.name for store in resealing.STORES}
    grants_and_codes = {"desk_grant", "recovery_code"}  # they are the keys, made anew with each epoch
    rebuilt = {"search_segment_key"}  # dropped when the old epoch closes, built anew by the next search
    named = {table.name for table in Base.metadata.tables.values() if {"epoch", "sealed"} <= set(table.c.keys())}
    assert named <= kept | grants_and_codes | rebuilt
    assert {"tip_key", "referral_key"} <= kept


# Forks a worker for each line it reads, so that a kill does not cost a start of Python.
KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from tipline import config
from tipline.extensions import db
from tipline.services import accounts, resealing
url, folder, account, seed, desk = sys.argv[1:6]
config.use(config.from_environment({}, instance=Path(folder), secrets=Path(folder), database_url=url))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in sys.stdin:
    pid = os.fork()
    if pid:
        continue
    db.connect(url)
    now = dt.datetime(2026, 3, 2, 10, 24, tzinfo=dt.UTC)
    person = accounts.person_for(account, bytes.fromhex(seed), now)
    print(os.getpid(), flush=True)
    while True:
        db.in_writing(lambda: resealing.reseal_batch(person, desk, now, most=4))
"""


def test_a_kill_at_any_moment_loses_nothing(team, now, settings: config.Settings, tmp_path: Path):
    sent = make_tip(now)
    count = 1 + _copies(sent.tip_id, 120, team)
    arguments = [settings.database_url, str(tmp_path), team.supervisor.id, team.supervisor.seed.hex(), team.desk_id]
    moments = random.Random(4)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forker:
        assert forker.stdin is not None
        assert forker.stdout is not None
        for kill in range(20):
            if kill % 5 == 0:
                renew_again(team, now)
            forker.stdin.write("\n")
            forker.stdin.flush()
            pid = int(forker.stdout.readline())
            time.sleep(moments.random() * 0.04)
            os.kill(pid, signal.SIGKILL)
        forker.stdin.close()
    bring_over(team, team.supervisor, now)
    db.session.expire_all()
    rows = db.session.scalars(select(TipKey).where(TipKey.purpose == "content")).all()
    assert len(rows) == count
    assert {row.epoch for row in rows} == {5}
    seed = desks.open_desk_key(team.reviewer, team.desk_id, 5, "content")
    labels = {row.tip_id: Label(Purpose.TIP_CONTENT, row.desk_id, row.epoch, row.tip_id) for row in rows}
    assert len({opening.open_sealed(row.sealed, seed, labels[row.tip_id]) for row in rows}) == 1
    assert MARKER in narrative(team.reviewer, sent.ref, now)


def renew_again(team: Team, now: dt.datetime) -> None:
    """New keys once more, as after one departure after the other, with the earlier ones not brought over yet."""
    write(lambda: db.session.execute(text("UPDATE desk SET renew_for = 'left', renew_asked_by = 'somebody'")))
    renew(team, now)


def _copies(tip_id: str, count: int, team: Team) -> int:
    """More keys, sealed as this tip's is under ids of their own: rows enough to be killed over."""
    row = db.session.get_one(TipKey, (tip_id, "content"))
    seed = desks.open_desk_key(team.reviewer, team.desk_id, row.epoch, "content")
    key = opening.open_sealed(row.sealed, seed, Label(Purpose.TIP_CONTENT, row.desk_id, row.epoch, tip_id))
    target = seal_targets.current(team.desk_id)

    def make() -> None:
        for number in range(count):
            name = f"{number:032x}"
            sealed = sealing.seal(key, target.content_public, target.label(Purpose.TIP_CONTENT, name))
            db.session.add(TipKey(tip_id=name, purpose="content", desk_id=team.desk_id, epoch=1, sealed=sealed))

    write(make)
    return count
