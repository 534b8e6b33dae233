"""Somebody who can write the whole database is noticed before anything is opened for him or sealed to him."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pyotp
import pytest
from sqlalchemy import delete, func, select, update

from tests.factories import make_authority, make_exhibit, make_person, make_team, make_tip, write
from tipline.crypto import grants, opening, rosters, sealing
from tipline.crypto.keys import Purpose, new_key
from tipline.crypto.passwords import FORMER_LOCK_VERSION
from tipline.errors import CannotOpen, DeskClosed, KeysMismatch, NotFound, ReferralRefused
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskDeed, DeskEpoch, DeskMember, Grant
from tipline.models.referral import AuthorityKey, AuthorityKeyConfirmation
from tipline.models.tip import MailboxMessage, Tip, TipKey, TipRecord
from tipline.roles import Role
from tipline.services import (
    access,
    accounts,
    authorities,
    confirmed_keys,
    desks,
    epochs,
    labels,
    messages,
    passwords,
    seal_targets,
    transfers,
    tries,
)
from tipline.services import rosters as service


class World:
    """A desk with a tip, its people's sessions, and a stranger with keys of his own who can write every table."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.team = make_team(now)
        make_exhibit(self.team, now)
        self.sent = make_tip(now)
        self.desk_id = self.team.desk_id
        for known in (*self.team.supervisors, *self.team.reviewers):
            self.look(known.person)  # everybody has seen the desk as it is
        self.seeds: dict[Any, bytes] = {kind: opening.new_seed() for kind in ("content", "identity")}

    def look(self, person: Any) -> None:
        write(lambda: access.open_tip(person, self.sent.ref, "assigned_work", "", self.now))

    def is_noticed(self, why: str, *people: Any) -> None:
        """Every session finds it, opens nothing, seals nothing, and lets nobody else send any more."""
        for person in people or (self.team.reviewer, self.team.supervisor):
            with pytest.raises(KeysMismatch) as noticed:
                self.look(person)
            assert noticed.value.why == why
        write(lambda: service.stop_intake(noticed.value, self.team.reviewer, self.now))
        with pytest.raises(DeskClosed):
            seal_targets.current(self.desk_id)
        with pytest.raises(DeskClosed):
            make_tip(self.now)

    def chain(self) -> list[rosters.Deed]:
        rows = db.session.scalars(select(DeskDeed).where(DeskDeed.desk_id == self.desk_id).order_by(DeskDeed.number))
        return [rosters.Deed(row.content, row.signer, row.signature) for row in rows]

    def put(self, number: int, deed: rosters.Deed) -> None:
        write(lambda: db.session.merge(DeskDeed(desk_id=self.desk_id, number=number, made_at=self.now, **vars(deed))))

    def swap_published(self, state: str = "current") -> None:
        """His own public keys in the place of the desk's."""
        values = {
            "content_public": opening.public_key(self.seeds["content"]),
            "identity_public": opening.public_key(self.seeds["identity"]),
        }
        write(lambda: db.session.execute(update(DeskEpoch).where(DeskEpoch.state == state).values(**values)))

    def give(self, person: Any, seed: bytes, epoch: int = 1) -> None:
        """A grant that he made, in the place of the real one."""
        sealed = grants.grant_desk_key(
            seed,
            opening.public_key(person.seed),
            desk=self.desk_id,
            epoch=epoch,
            kind="content",
            holder=person.id,
        )
        where = (Grant.account_id == person.id, Grant.kind == "content", Grant.epoch == epoch)
        write(lambda: db.session.execute(delete(Grant).where(*where)))
        row = Grant(id=new_id(), desk_id=self.desk_id, epoch=epoch, kind="content", account_id=person.id)
        row.sealed, row.made_by, row.made_at = sealed, self.team.supervisor.id, self.now
        write(lambda: db.session.add(row))


@pytest.fixture
def world(sqlite, now) -> World:
    return World(now)


def test_a_desk_key_that_was_swapped_is_noticed(world):
    world.swap_published()
    world.is_noticed("published")


def test_a_desk_key_that_was_swapped_with_all_grants_is_noticed(world):
    world.swap_published()
    for known in (*world.team.supervisors, *world.team.reviewers):
        world.give(known.person, world.seeds["content"])
    world.is_noticed("published")


def test_a_grant_that_nobody_of_the_desk_signed_is_noticed(world):
    world.give(world.team.reviewer, desks.open_desk_key(world.team.supervisor, world.desk_id, 1, "content"))
    world.is_noticed("grant", world.team.reviewer)


def test_a_member_who_was_planted_is_noticed(world, now):
    stranger = make_person(Role.REVIEWER, Role.SUPERVISOR, now=now).person
    seed = desks.open_desk_key(world.team.supervisor, world.desk_id, 1, "content")  # as of a member who helps him
    row = DeskMember(desk_id=world.desk_id, account_id=stranger.id, standing="member", since=now)
    write(lambda: db.session.add(row))
    world.give(stranger, seed)
    with pytest.raises(KeysMismatch):  # new keys are not sealed to him
        epochs.renew(world.team.supervisor, world.desk_id, now)
    db.session.rollback()
    world.is_noticed("holder", stranger)


def test_a_roster_that_somebody_wrote_himself_into_is_noticed(world, now):
    stranger = make_person(Role.SUPERVISOR, now=now).person
    deeds = world.chain()
    roster = rosters.verify(world.desk_id, deeds).roster
    account = db.session.get_one(Account, stranger.id)
    people = {**roster.people, stranger.id: service.holder_of(account, "content", "identity")}
    mine = rosters.Roster(world.desk_id, deeds[-1].digest, roster.epochs, people)
    signed = rosters.sign_roster(mine, stranger.id, stranger.seed)
    for signer in (stranger.id, world.team.supervisor.id):
        world.put(len(deeds) + 1, rosters.Deed(signed.content, signer, signed.signature))
        world.is_noticed("chain")


def test_an_epoch_that_was_forged_is_noticed(world, now):
    deeds = world.chain()
    roster = rosters.verify(world.desk_id, deeds).roster
    forged = {**roster.epochs, 2: service.epoch_keys(world.seeds)}
    reviewer = world.team.reviewer  # even with the help of one who holds no identity key
    mine = rosters.Roster(world.desk_id, deeds[-1].digest, forged, roster.people)
    world.put(len(deeds) + 1, rosters.sign_roster(mine, reviewer.id, reviewer.seed))
    world.is_noticed("chain")


def test_another_founding_is_noticed_and_so_is_a_chain_that_was_cut_back(world, now):
    stranger = make_person(Role.SUPERVISOR, now=now).person
    deeds = world.chain()
    newest = len(deeds)
    write(lambda: db.session.execute(delete(DeskDeed).where(DeskDeed.number == newest)))
    world.is_noticed("memory")
    write(lambda: db.session.execute(delete(DeskDeed)))
    world.is_noticed("memory")
    account = db.session.get_one(Account, stranger.id)
    people = {stranger.id: service.holder_of(account, "content", "identity")}
    mine = rosters.Roster(world.desk_id, "", {1: service.epoch_keys(world.seeds)}, people)
    world.put(1, rosters.sign_roster(mine, stranger.id, stranger.seed))
    world.swap_published()
    world.is_noticed("memory")


def test_a_memory_that_was_exchanged_or_spoilt_is_noticed(world):
    first, second = world.team.supervisors
    other = db.session.scalar(select(Account.desk_memory).where(Account.id == second.person.id))
    for memory in (other, b"rubbish", None):
        write(
            lambda kept=memory: db.session.execute(
                update(Account).where(Account.id == first.person.id).values(desk_memory=kept)
            )
        )
        world.is_noticed("memory", first.person)


def test_an_authoritys_key_that_nobody_of_the_desk_confirmed_is_noticed(world, now):
    recipient = make_authority(world.team, now)
    confirmed_keys.check_signed(world.team.reviewer, world.desk_id, recipient.key_id)
    write(lambda: db.session.execute(update(AuthorityKey).values(recipient="age1" + "q" * 58)))
    db.session.expire_all()
    with pytest.raises(KeysMismatch) as noticed:
        confirmed_keys.check_signed(world.team.reviewer, world.desk_id, recipient.key_id)
    assert noticed.value.why == "authority-key"


def test_a_confirmation_ends_with_its_supervisor_and_cannot_be_written_back(world, now):
    """Nor can a reviewer sign one, who writes it into the database with his own real key."""
    recipient = make_authority(world.team, now)
    first, second = (known.person for known in world.team.supervisors)
    word = db.session.scalars(select(AuthorityKeyConfirmation)).one()
    key, kept, said = db.session.get_one(AuthorityKey, recipient.key_id), word.signature, word.channel

    def write_back(signer: Any, signature: bytes) -> None:
        values = {"confirmed_by": signer.id, "signature": signature}
        write(lambda: db.session.execute(update(AuthorityKeyConfirmation).values(**values)))
        db.session.expire_all()
        with pytest.raises(KeysMismatch) as noticed:
            confirmed_keys.check_signed(second, world.desk_id, recipient.key_id)
        assert noticed.value.why == "authority-key"

    reviewer = world.team.reviewer
    write_back(reviewer, rosters.sign_statement(reviewer.seed, *confirmed_keys.said(key, world.desk_id, said)))
    write(lambda: db.session.execute(update(AuthorityKeyConfirmation).values(confirmed_by=first.id, signature=kept)))
    write(lambda: desks.remove_member(second, world.desk_id, first.id, now))
    with pytest.raises(ReferralRefused, match="key-unconfirmed"):
        authorities.usable(recipient.authority_id, now, world.desk_id)
    write_back(first, kept)


def test_who_was_taken_off_by_a_supervisor_cannot_be_written_back(world, now):
    leaver = world.team.reviewer
    rows = db.session.scalars(select(Grant).where(Grant.account_id == leaver.id)).all()
    kept = [{column.key: getattr(row, column.key) for column in Grant.__table__.columns} for row in rows]
    write(lambda: desks.remove_member(world.team.supervisor, world.desk_id, leaver.id, now))

    def write_back() -> None:
        db.session.execute(update(DeskMember).where(DeskMember.account_id == leaver.id).values(standing="member"))
        db.session.execute(update(Desk).values(renew_for="left", renew_asked_by=None))
        db.session.add_all(Grant(**row) for row in kept)

    write(write_back)
    with pytest.raises(KeysMismatch):
        epochs.renew(world.team.supervisors[1].person, world.desk_id, now)
    db.session.rollback()
    world.is_noticed("holder", leaver)


def test_what_a_colleague_gave_goes_on_opening_after_they_have_new_keys(world, now):
    """They were let in again under another key; what they signed with the one before is no less theirs."""
    first, second = (known.person for known in world.team.supervisors)
    seed = opening.new_seed()
    write(lambda: accounts.set_keys(db.session.get_one(Account, first.id), seed, b"locked"))
    words = " ".join(accounts.read_account(first.id).key_words)
    write(lambda: desks.grant_member(second, world.desk_id, first.id, words, now))
    for person in (world.team.reviewer, second, dataclasses.replace(first, seed=seed)):
        world.look(person)


def test_a_desk_key_that_was_swapped_gets_no_label_and_no_name_of_a_view(world, now):
    world.swap_published()
    with pytest.raises(KeysMismatch):
        write(lambda: labels.make(world.team.reviewer, world.desk_id, "Shop in Volos", "plain", now))
    assert db.session.scalar(select(func.count()).where(TipKey.purpose == "words")) == 0


def test_nothing_is_written_to_a_sender_whose_mailbox_was_given_another_key(world, now):
    """Whoever can write a row can seal a key of his own to a desk, and wait for what the desk writes."""
    place = {"tip_id": world.sent.tip_id, "purpose": "mailbox"}
    before = db.session.get_one(TipKey, place).sealed

    def seal(key: bytes) -> None:
        target = seal_targets.current(world.desk_id)
        label = target.label(Purpose.TIP_MAILBOX, world.sent.tip_id)
        db.session.get_one(TipKey, place).sealed = sealing.seal(key, target.content_public, label)

    def say() -> None:
        opened = access.open_tip(world.team.reviewer, world.sent.ref, "assigned_work", "", now)
        messages.send_message(opened, "Which shop was it?", "en", now)

    write(lambda: seal(new_key()))
    with pytest.raises(KeysMismatch) as noticed:
        write(say)
    assert noticed.value.why == "mailbox"
    db.session.rollback()
    assert not db.session.scalars(select(MailboxMessage)).all()
    write(lambda: setattr(db.session.get_one(TipKey, place), "sealed", before))
    write(say)
    assert db.session.scalars(select(MailboxMessage)).one()


def swap(table: Any, column: str, one: Any, other: Any) -> None:
    """Exchange one column of two rows."""
    first, second = db.session.get_one(table, one), db.session.get_one(table, other)
    kept, given = getattr(first, column), getattr(second, column)
    setattr(first, column, given)
    setattr(second, column, kept)


@pytest.mark.parametrize("what", ["keys", "texts", "purposes", "desks"])
def test_a_ciphertext_that_was_moved_opens_nowhere(world, now, what):
    """To another tip, with its key or without; to another purpose of the same tip; to another desk with members."""
    one, other = world.sent, make_tip(now, narrative="Another text.", identity={"name": "Eleni"})
    theirs = make_team(now)
    readers = [(world.team.supervisor, one.ref), (world.team.supervisor, other.ref)]

    def move() -> None:
        if what == "keys":
            swap(TipKey, "sealed", (one.tip_id, "content"), (other.tip_id, "content"))
        elif what == "texts":
            swap(TipRecord, "ciphertext", _answers_of(one.tip_id), _answers_of(other.tip_id))
        elif what == "purposes":
            swap(TipKey, "sealed", (other.tip_id, "content"), (other.tip_id, "identity"))
            readers[:] = readers[1:]
        else:
            for row in db.session.scalars(select(TipKey)):
                row.desk_id = theirs.desk_id
            db.session.execute(update(Tip).values(desk_id=theirs.desk_id))
            readers[:] = [(theirs.supervisor, tip.ref) for tip in (one, other)]

    write(move)
    for person, ref in readers:
        with pytest.raises(CannotOpen):
            write(lambda who=person, of=ref: _read(who, of, now))
        db.session.rollback()


def _answers_of(tip_id: str) -> str:
    return str(
        db.session.scalars(select(TipRecord.id).where(TipRecord.tip_id == tip_id, TipRecord.part == "answers")).one()
    )


def _read(person: Any, ref: str, now: dt.datetime) -> None:
    access.read_answers(access.open_tip(person, ref, "assigned_work", "", now), now)


def test_intake_goes_on_only_when_a_supervisor_finds_everything_as_it_was_signed(world, now):
    row = db.session.execute(select(DeskEpoch.content_public, DeskEpoch.identity_public)).one()
    world.swap_published()
    world.is_noticed("published")
    with pytest.raises(KeysMismatch):
        epochs.resume_intake(world.team.supervisor, world.desk_id, now)
    write(lambda: db.session.execute(update(DeskEpoch).values(**row._mapping)))
    write(lambda: epochs.resume_intake(world.team.supervisor, world.desk_id, now))
    assert make_tip(now).ref


def test_an_account_from_before_there_were_memories_gets_one_at_its_next_sign_in_and_never_again(world, now):
    """Whoever empties the memory of an account that had one is noticed: he cannot make a lock of the former kind."""
    known = world.team.reviewers[0]
    forget = update(Account).where(Account.id == known.person.id).values(desk_memory=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tipline.crypto.passwords.LOCK_VERSION", FORMER_LOCK_VERSION)
        lock = passwords.lock(known.person.seed, known.password, known.person.id, accounts.COST)
    write(lambda: db.session.execute(forget.values(locked_seed=lock)))
    sign_in_at_the_door(known, now)
    world.look(known.person)
    assert not passwords.is_former(db.session.get_one(Account, known.person.id).locked_seed)
    write(lambda: db.session.execute(forget))
    sign_in_at_the_door(known, now + dt.timedelta(minutes=2))
    world.is_noticed("memory", known.person)


def sign_in_at_the_door(known: Any, now: dt.datetime) -> None:
    """As the sign-in page does it."""
    attempt = write(lambda: tries.start_try(known.person.name, None, now))
    seed = tries.unlock(attempt, known.password)
    relocked = tries.lock_anew(attempt, seed, known.password)
    write(
        lambda: tries.finish_try(attempt, seed, pyotp.TOTP(known.totp_secret).at(now), "device", now, relocked=relocked)
    )


def test_the_public_part_seals_only_to_pinned_keys(world, settings, monkeypatch):
    pin = service.fingerprint_of(world.desk_id)
    with monkeypatch.context() as patch:
        patch.setattr("tipline.config._current", settings.__class__(**{**vars(settings), "desk_pins": {pin}}))
        assert seal_targets.current(world.desk_id).epoch == 1
        world.swap_published()
        with pytest.raises(DeskClosed):
            make_tip(world.now)


def test_a_tip_goes_to_another_desk_with_everything_and_leaves_the_first(world, now):
    other = make_team(now)
    tip = make_tip(now, identity={"name": "Eleni"})
    chief = world.team.supervisor
    opened = write(lambda: access.open_tip(chief, tip.ref, "assigned_work", "", now))
    write(lambda: transfers.move_tip(opened, other.desk_id, "Their country.", now))
    with pytest.raises(NotFound):
        access.see_tip(chief, tip.ref)
    theirs = other.supervisor
    opened = write(lambda: access.open_tip(theirs, tip.ref, "assigned_work", "", now))
    assert "MARKER-NARRATIVE" in write(lambda: access.read_answers(opened, now)).narrative
    found = write(lambda: access.open_identity(theirs, tip.ref, "assigned_work", "", now))
    assert found.name == "Eleni"
    for desk_id in (world.desk_id, other.desk_id):
        assert [one.ref for one in transfers.list_transfers(desk_id)] == [tip.ref]
