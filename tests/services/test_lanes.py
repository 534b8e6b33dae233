"""Lanes and quarantine: what a lane forbids, and the way of a file that is suspected to be illegal."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import Team, write
from tipline import config, errors, storage
from tipline.crypto import age
from tipline.extensions import Database, db
from tipline.models.desk import DeskMember
from tipline.models.log import LogEntry
from tipline.models.tip import Attachment, AttachmentKey, Tip, TipRecord, Tombstone
from tipline.services import (
    access,
    approval_lists,
    approvals,
    assessments,
    lanes,
    proposals,
    quarantine,
    referrals,
    retention,
    reveals,
    safeguarding,
    surrenders,
    taking,
    tips,
    wishes,
)
from tipline.services.access import OpenTip

PICTURE = factories.picture()


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def ref(team: Team, now: dt.datetime) -> str:
    """A tip with two files."""
    files = [("bag.jpg", PICTURE), ("paper.pdf", b"%PDF-1.4\n%%EOF\n")]
    return str(factories.make_tip(now, files=files).ref)


def opened_by(team: Team, ref: str, now: dt.datetime, who: Any = None) -> OpenTip:
    """The tip, opened by the first reviewer or somebody else."""
    person = who or team.reviewer
    opened: OpenTip = write(lambda: access.open_tip(person, ref, "assigned_work", "", now))
    return opened


def file_of(kind: str) -> Attachment:
    """The row of a file as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Attachment).where(Attachment.kind == kind, Attachment.position > 0)).one()


def lane_of(ref: str) -> str:
    """The tip's lane as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Tip.lane).where(Tip.ref == ref)).one()


def shut(team: Team, ref: str, now: dt.datetime) -> str:
    """The id of the picture, put into quarantine by a reviewer."""
    attachment_id = str(file_of("pdf").id)
    write(lambda: quarantine.quarantine_file(opened_by(team, ref, now), attachment_id, now))
    return attachment_id


def test_a_shut_file_is_shown_to_nobody_and_counted(team: Team, ref: str, now: dt.datetime) -> None:
    attachment_id = shut(team, ref, now)
    write(lambda: quarantine.quarantine_file(opened_by(team, ref, now), attachment_id, now))  # a second click
    for person in (team.reviewer, team.supervisor):
        opened = opened_by(team, ref, now, person)
        for kind in ("jpeg", "pdf"):
            with pytest.raises(errors.WrongState):
                reveals.download(opened, file_of(kind).id, now)
            with pytest.raises(errors.WrongState):
                reveals.reveal(opened, file_of(kind).id, "small", now)
    assert [(one.kind, one.state) for one in quarantine.shut_files(team.reviewer)] == [
        ("jpeg", "quarantined"),
        ("pdf", "quarantined"),
    ]
    assert quarantine.shut_files(factories.make_team(now).reviewer) == ()
    with pytest.raises(errors.NotAllowed):
        lanes.set_lane(opened_by(team, ref, now), "normal", now)
    with pytest.raises(errors.BadInput):
        lanes.set_lane(opened_by(team, ref, now, team.supervisor), "normal", now)
    assert len(db.session.scalars(select(LogEntry).where(LogEntry.event == "attachment.quarantined")).all()) == 1


def test_two_people_release_a_file(team: Team, ref: str, now: dt.datetime) -> None:
    attachment_id = shut(team, ref, now)
    first, second = (known.person for known in team.supervisors)
    with pytest.raises(errors.ReasonNeeded):
        quarantine.propose_release(opened_by(team, ref, now, first), attachment_id, " ", now)
    write(lambda: quarantine.propose_release(opened_by(team, ref, now, first), attachment_id, "A drawing", now))
    own = approval_lists.standing("quarantine", attachment_id, first, now, desk_id=team.desk_id)
    assert own is not None
    with pytest.raises(errors.NeedsSecondPerson):
        approvals.approve(own.id, own.digest, first, now)
    with pytest.raises(errors.NotAllowed):
        approvals.approve(own.id, own.digest, team.reviewer, now)
    with pytest.raises(errors.ApprovalVoid):
        approvals.approve(own.id, own.digest, second, now + dt.timedelta(hours=72))
    db.session.rollback()
    write(lambda: approvals.approve(own.id, own.digest, second, now))
    assert file_of("pdf").screening == "released"
    write(lambda: quarantine_other_released(team, ref, now))
    write(lambda: lanes.set_lane(opened_by(team, ref, now, first), "normal", now))
    assert lane_of(ref) == "normal"
    assert reveals.download(opened_by(team, ref, now), attachment_id, now).size == 15


def quarantine_other_released(team: Team, ref: str, now: dt.datetime) -> None:
    """The other file, which the lane shut too, is released the same way."""
    first, second = (known.person for known in team.supervisors)
    other = str(file_of("jpeg").id)
    quarantine.propose_release(access.access_tip(first, ref, now=now), other, "A bag", now)
    waits = approval_lists.standing("quarantine", other, second, now, desk_id=team.desk_id)
    assert waits is not None
    approvals.approve(waits.id, waits.digest, second, now)


def test_a_release_is_void_once_the_file_was_handed_over(team: Team, ref: str, now: dt.datetime) -> None:
    attachment_id = shut(team, ref, now)
    authority = factories.make_authority(team, now)
    first, second = (known.person for known in team.supervisors)
    write(lambda: quarantine.propose_release(opened_by(team, ref, now), attachment_id, "A drawing", now))
    chief = opened_by(team, ref, now, first)
    write(lambda: surrenders.hand_over(chief, attachment_id, authority.authority_id, "", now))
    waits = approval_lists.standing("quarantine", attachment_id, second, now, desk_id=team.desk_id)
    assert waits is not None
    with pytest.raises(errors.ApprovalVoid):
        approvals.approve(waits.id, waits.digest, second, now)


def test_a_file_is_handed_over_sealed_with_a_certificate_and_then_destroyed(
    team: Team, ref: str, now: dt.datetime
) -> None:
    attachment_id = shut(team, ref, now)
    authority = factories.make_authority(team, now)
    reviewer, chief = opened_by(team, ref, now), opened_by(team, ref, now, team.supervisor)
    for act in (
        lambda: surrenders.hand_over(reviewer, attachment_id, authority.authority_id, "", now),
        lambda: surrenders.destroy(reviewer, attachment_id, now),
    ):
        with pytest.raises(errors.NotAllowed):
            act()
    with pytest.raises(errors.WrongState):
        surrenders.destroy(chief, attachment_id, now)
    with pytest.raises(errors.BadInput):
        surrenders.hand_over(chief, attachment_id, "0" * 32, "", now)
    db.session.rollback()
    write(lambda: surrenders.hand_over(chief, attachment_id, authority.authority_id, "MARKER-REFERENCE", now))
    with pytest.raises(errors.WrongState):  # nobody has taken the copy
        surrenders.destroy(chief, attachment_id, now)
    assert "copied_at" not in surrenders.certificate(reviewer, attachment_id, now).value
    copy = write(lambda: surrenders.sealed_copy(chief, attachment_id, now))
    size, pieces = surrenders.seal_copy(copy, now)
    sealed = b"".join(pieces)
    assert (len(sealed), b"%PDF" in sealed) == (size, False)
    plain = io.BytesIO()
    age.decrypt_stream(io.BytesIO(sealed), plain, authority.identity)
    assert plain.getvalue() == b"%PDF-1.4\n%%EOF\n"
    told = surrenders.certificate(reviewer, attachment_id, now).value
    assert told["sha256"] == hashlib.sha256(plain.getvalue()).hexdigest()
    assert (told["bytes"], told["handed_over_by"], told["looked_at"]) == (15, team.supervisor.name, False)
    assert b"MARKER-REFERENCE" not in b"".join(db.session.scalars(select(TipRecord.ciphertext)))
    name = file_of("pdf").stored_name
    erased = write(lambda: surrenders.destroy(chief, attachment_id, now))
    retention.discard(erased.stored_names)
    assert not storage.files().exists(name)
    assert db.session.get(AttachmentKey, attachment_id) is None
    assert surrenders.certificate(reviewer, attachment_id, now).value["destroyed_by"] == team.supervisor.name
    assert [one.screening for one in reveals.files(reviewer, now)] == ["quarantined", "destroyed"]
    with pytest.raises(errors.WrongState):
        surrenders.sealed_copy(chief, attachment_id, now)
    write(lambda: retention.erase_tip(reviewer.tip.id, "request", None, now))  # nothing stumbles over it later


@pytest.fixture
def agency(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile of an agency of the Union."""
    settings = config.current()
    forwarding = dataclasses.replace(settings.profile, forward_lane=True)
    changed = dataclasses.replace(settings, profile=forwarding)
    monkeypatch.setattr(config, "current", lambda: changed)


def test_there_is_no_forward_lane_where_the_profile_has_none(team: Team, ref: str, now: dt.datetime) -> None:
    with pytest.raises(errors.BadInput):
        lanes.set_lane(opened_by(team, ref, now), "forward", now)


def test_what_may_only_be_forwarded_is_not_graded_and_is_forwarded_or_purged(
    agency: None, team: Team, ref: str, now: dt.datetime
) -> None:
    write(lambda: tips.assign_tip(team.reviewer, ref, team.reviewer.id, now))
    write(lambda: lanes.set_lane(opened_by(team, ref, now), "forward", now))
    opened = opened_by(team, ref, now)
    with pytest.raises(errors.WrongState):
        assessments.assess_tip(opened, "X", "4", "It names a neighbour", now)
    with pytest.raises(errors.BadInput):
        tips.dispose_tip(opened, "duplicate", "Seen before", now)
    authority = factories.make_authority(team, now)
    wish = wishes.Wish(
        authority.authority_id, "identify-place", "led-national", "3d", "verify", ("H0", "H1"), "It is your country"
    )
    went = wishes.TipWish(ref, original=True, narrative_reason="It is forwarded as it came")
    draft = write(lambda: referrals.draft_referral(team.reviewer, wish, went, now))
    digest = referrals.read_referral(team.reviewer, draft, now).digest
    police = factories.make_authority(team, now, kind="police")
    astray = dataclasses.replace(wish, authority_id=police.authority_id)
    elsewhere = write(lambda: referrals.draft_referral(team.reviewer, astray, went, now))
    said = referrals.read_referral(team.reviewer, elsewhere, now).digest
    with pytest.raises(errors.ReferralRefused) as refused:
        write(lambda: proposals.propose(team.reviewer, elsewhere, said, now))
    assert refused.value.reason == "not-a-unit"
    db.session.rollback()
    write(lambda: proposals.propose(team.reviewer, draft, digest, now))
    assert db.session.scalars(select(Tip.status).where(Tip.ref == ref)).one() == "proposed"
    with pytest.raises(errors.WrongState):
        lanes.purge_tip(opened_by(team, ref, now, team.supervisor), now)
    write(lambda: proposals.withdraw(team.reviewer, draft, now))
    assert db.session.scalars(select(Tip.status).where(Tip.ref == ref)).one() == "assigned"
    with pytest.raises(errors.NotAllowed):
        lanes.purge_tip(opened_by(team, ref, now), now)
    write(lambda: lanes.purge_tip(opened_by(team, ref, now, team.supervisor), now))
    assert db.session.scalars(select(Tombstone.reason_code).where(Tombstone.ref == ref)).one() == "purged"


def join_again(team: Team, account_id: str, now: dt.datetime) -> None:
    """Somebody left the desk and is let in anew."""
    db.session.execute(update(DeskMember).where(DeskMember.account_id == account_id).values(since=now))


def test_what_people_tell_of_their_own_opens_to_those_who_are_named_for_it(
    team: Team, ref: str, now: dt.datetime
) -> None:
    first, second = (known.person for known in team.reviewers)
    write(lambda: tips.assign_tip(first, ref, first.id, now))
    write(lambda: lanes.set_lane(opened_by(team, ref, now), "safeguarding", now))
    assert opened_by(team, ref, now).tip.assignee_id == first.id  # nobody is named: it is everybody's
    for act in (safeguarding.name, safeguarding.take_back):
        with pytest.raises(errors.NotAllowed):
            act(first, team.desk_id, second.id, now)
        with pytest.raises(errors.NotFound):
            act(team.supervisor, team.desk_id, factories.make_team(now).reviewer.id, now)
    for _click in range(2):
        write(lambda: safeguarding.name(team.supervisor, team.desk_id, second.id, now))
    assert safeguarding.safeguarders(team.desk_id) == {second.id}
    assert safeguarding.readers(team.desk_id) == {second.id, *(known.person.id for known in team.supervisors)}
    with pytest.raises(errors.NotAllowed):
        access.access_tip(first, ref, now=now)
    for person in (second, team.supervisor):
        assert opened_by(team, ref, now, person).tip.lane == "safeguarding"
    with pytest.raises(errors.BadInput):
        tips.assign_tip(team.supervisor, ref, first.id, now)
    write(lambda: tips.assign_tip(team.supervisor, ref, second.id, now))
    write(lambda: tips.give_back_tip(second, ref, now))
    assert write(lambda: taking.take_next(first, team.desk_id, now)) is None
    assert write(lambda: taking.take_next(second, team.desk_id, now)) == ref
    write(lambda: safeguarding.take_back(team.supervisor, team.desk_id, second.id, now))
    assert opened_by(team, ref, now).tip.ref == ref
    write(lambda: safeguarding.name(team.supervisor, team.desk_id, second.id, now))
    write(lambda: join_again(team, second.id, now + dt.timedelta(days=1)))
    assert safeguarding.safeguarders(team.desk_id) == frozenset()
    told = db.session.scalars(select(LogEntry.field_group).where(LogEntry.event == "member.changed")).all()
    assert sorted(told) == ["no-safeguarder", "safeguarder", "safeguarder"]


def test_whoever_finds_a_disclosure_leaves_it_to_those_who_are_named(team: Team, ref: str, now: dt.datetime) -> None:
    finder, named = (known.person for known in team.reviewers)
    write(lambda: safeguarding.name(team.supervisor, team.desk_id, named.id, now))
    write(lambda: tips.assign_tip(finder, ref, finder.id, now))
    write(lambda: lanes.set_lane(opened_by(team, ref, now), "safeguarding", now))
    found = access.see_tip(finder, ref)
    assert (found.assignee_id, found.urgent) == (None, True)
    assert write(lambda: taking.take_next(named, team.desk_id, now)) == ref
