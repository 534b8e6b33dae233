"""Proposing, reviewing, and everything that a referral is refused for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import disclosure, factories
from tests.factories import write
from tipline.errors import (
    BadInput,
    NeedsSecondPerson,
    NotAllowed,
    NotFound,
    ReasonNeeded,
    ReferralRefused,
    WrongState,
)
from tipline.extensions import db
from tipline.models.referral import Referral
from tipline.models.tip import Tip
from tipline.services import assessments, notes, packages, proposals, referrals, tips
from tipline.services.wishes import TipWish


@pytest.fixture
def team(database: Any, now: dt.datetime) -> factories.Team:
    return factories.make_team(now)


@pytest.fixture
def recipient(team: factories.Team, now: dt.datetime) -> factories.Recipient:
    factories.make_exhibit(team, now)
    return factories.make_authority(team, now)


def status(ref: str) -> str:
    return str(db.session.scalars(select(Tip.status).where(Tip.ref == ref)).one())


def state(ref: str) -> str:
    return str(db.session.scalars(select(Referral.state).where(Referral.ref == ref)).one())


def change(tip: Any, **values: Any) -> None:
    write(lambda: db.session.execute(update(Tip).where(Tip.id == tip.tip_id).values(**values)))


def refusal(team: factories.Team, ref: str, now: dt.datetime) -> str:
    with pytest.raises(ReferralRefused) as refused:
        disclosure.propose(team, ref, now)
    return refused.value.reason


def test_an_ordinary_referral_is_built_by_its_proposer_without_a_review(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    assert status(tip.ref) == "assessed"
    assert disclosure.propose(team, ref, now) is False
    assert (state(ref), status(tip.ref)) == ("proposed", "proposed")
    write(lambda: proposals.hand_over(team.reviewer, ref, now))
    assert state(ref) == "waiting"
    gathered = disclosure.row_of(ref.replace("REF", "PKG"))
    cover = packages.read_cover(gathered)
    assert (cover["sanitised"], cover["originals"], cover["identities"]) == (1, 0, 0)


def test_a_tip_that_was_never_opened_cannot_be_proposed(team, recipient, now):
    tip = factories.make_tip(now)
    with pytest.raises(ReasonNeeded):
        disclosure.draft(team, recipient, TipWish(tip.ref), now)


def test_another_desk_sees_neither_tip_nor_referral(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    disclosure.propose(team, ref, now)
    other = factories.make_team(now)
    for act in (
        lambda: referrals.read_referral(other.reviewer, ref, now),
        lambda: proposals.withdraw(other.supervisor, ref, now),
    ):
        with pytest.raises(NotFound):
            write(act)
    assert write(lambda: referrals.list_referrals(other.reviewer)) == []


def test_an_administrator_reads_no_referral(team, recipient, now):
    with pytest.raises(NotAllowed):
        write(lambda: referrals.list_referrals(team.administrator.person))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"graded": False}, "ungraded"),
        ({"grade_pending": "A2"}, "grade-pending"),
        ({"restricted": True}, "restricted"),
        ({"lane": "quarantine"}, "quarantined"),
        ({"status": "closed"}, "status"),
    ],
)
def test_a_tip_that_is_not_ready_is_refused(team, recipient, now, values, reason):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    change(tip, **values)
    assert refusal(team, ref, now) == reason


def test_without_a_sanitised_text_nothing_is_proposed(team, recipient, now):
    tip = factories.make_tip(now)
    opened = factories.open_tip(team, tip.ref, now)
    write(lambda: assessments.assess_tip(opened, "X", "4", "Found online.", now))
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    assert refusal(team, ref, now) == "no-sanitised"


def test_a_file_that_nobody_has_looked_at_is_refused(team, recipient, now):
    tip = disclosure.ready_tip(team, now, files=[("harbour.jpg", factories.picture())])
    files = disclosure.files_of(team, tip.ref, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref, attachment_ids=files), now)
    from tipline.models.tip import Attachment

    write(lambda: db.session.execute(update(Attachment).values(viewed=False)))
    assert refusal(team, ref, now) == "attachment-unseen"


def test_an_edit_after_the_proposal_voids_it(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    disclosure.propose(team, ref, now)
    change(tip, revision=Tip.revision + 1)
    with pytest.raises(ReferralRefused) as refused:
        write(lambda: proposals.hand_over(team.reviewer, ref, now))
    assert refused.value.reason == "edited"


def test_an_approval_names_what_was_read(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    seen = disclosure.digest(team.reviewer, ref, now)
    write(lambda: referrals.add_tip(team.reviewer, ref, TipWish(tip.ref, answers=("product",)), now))
    with pytest.raises(ReferralRefused):
        write(lambda: proposals.propose(team.reviewer, ref, seen, now))


def test_a_proposal_ends_after_72_hours(team, recipient, now, clock):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    disclosure.propose(team, ref, now)
    later = clock.advance(hours=73)
    with pytest.raises(ReferralRefused):
        write(lambda: proposals.gather(team.reviewer, ref, later))
    write(lambda: packages.erase_due_packages(later))
    assert (state(ref), status(tip.ref)) == ("expired", "assessed")


def test_an_original_text_needs_a_reason_and_a_second_supervisor(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    with pytest.raises(BadInput):
        disclosure.draft(team, recipient, TipWish(tip.ref, original=True), now)
    wish = TipWish(tip.ref, original=True, narrative_reason="The wording matters.")
    ref = disclosure.draft(team, recipient, wish, now)
    assert disclosure.propose(team, ref, now) is True
    with pytest.raises(WrongState):
        write(lambda: proposals.gather(team.reviewer, ref, now))
    chief = team.supervisors[1].person
    gathered = write(lambda: proposals.preview(chief, ref, now))
    assert gathered.handover.tips[0].narrative == factories.NARRATIVE


def test_the_proposer_does_not_review(team, recipient, now):
    chief = team.supervisor
    tip = disclosure.ready_tip(team, now)
    write(lambda: tips.assign_tip(chief, tip.ref, chief.id, now))
    from tipline.services import access

    write(lambda: access.open_tip(chief, tip.ref, "supervision", "", now))
    wish = TipWish(tip.ref, original=True, narrative_reason="The wording matters.")
    ref = write(lambda: referrals.draft_referral(chief, disclosure.a_wish(recipient), wish, now))
    seen = disclosure.digest(chief, ref, now)
    write(lambda: proposals.propose(chief, ref, seen, now))
    with pytest.raises(NeedsSecondPerson):
        write(lambda: proposals.approve(chief, ref, seen, now))


def test_who_wrote_the_text_does_not_review_it(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    chief = team.supervisors[1].person
    from tipline.services import access

    opened = write(lambda: access.open_tip(chief, tip.ref, "supervision", "", now))
    write(lambda: notes.sanitise_tip(opened, "Another text.", now))
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now, handling=("H1", "H2", "H3"), conditions="Ask us.")
    disclosure.propose(team, ref, now)
    with pytest.raises(NeedsSecondPerson):
        write(lambda: proposals.preview(chief, ref, now))


def test_a_reviewer_without_the_role_does_not_review(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now, handling=("H3",), conditions="Ask us.")
    disclosure.propose(team, ref, now)
    with pytest.raises(NotAllowed):
        write(lambda: proposals.approve(team.reviewers[1].person, ref, "", now))


def test_an_identity_goes_out_only_on_the_word_of_two_and_with_conditions(team, recipient, now):
    tip = disclosure.ready_tip(team, now, identity=disclosure.IDENTITY)
    wish = TipWish(tip.ref, with_identity=True, identity_reason="The authority must call back.")
    with pytest.raises(BadInput) as refused:
        disclosure.draft(team, recipient, wish, now)
    assert refused.value.field == "conditions"
    ref = disclosure.draft(team, recipient, wish, now, conditions="Only the case officer.")
    mine = write(lambda: proposals.preview(team.reviewer, ref, now))
    assert mine.handover.tips[0].identity is None
    assert disclosure.propose(team, ref, now) is True
    chief = team.supervisors[1].person
    theirs = write(lambda: proposals.preview(chief, ref, now))
    assert theirs.handover.tips[0].identity.name == "Marker Person"
    assert "H3" in theirs.handover.handling


def test_a_text_that_tells_its_sender_needs_a_review_even_sanitised(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    change(tip, identifies_sender=True)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    assert disclosure.propose(team, ref, now) is True


def test_a_returned_referral_gives_its_tips_back(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now, handling=("H3",), conditions="Ask us.")
    disclosure.propose(team, ref, now)
    write(lambda: proposals.return_referral(team.supervisors[1].person, ref, "too-much", now))
    assert (state(ref), status(tip.ref)) == ("returned", "assessed")


def test_a_withdrawn_package_loses_its_bytes(team, recipient, now, settings):
    tip = disclosure.ready_tip(team, now)
    package = disclosure.waiting(team, recipient, TipWish(tip.ref), now)
    names = write(lambda: proposals.withdraw(team.reviewer, package.replace("PKG", "REF"), now))
    packages.discard(names)
    assert len(names) == 1
    assert not list((settings.instance / "files").rglob(names[0]))
    assert disclosure.row_of(package).state == "returned"


def test_a_changed_key_refuses_what_was_proposed_to_the_old_one(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now)
    from tipline.crypto import age
    from tipline.services import recipients

    _identity, other = age.new_identity()
    write(lambda: recipients.enter_key(recipient.authority_id, other, team.administrator.person, now))
    assert refusal(team, ref, now) in {"key-unconfirmed", "key-changed"}


def test_the_free_text_of_a_proposal_lies_sealed(team, recipient, now):
    tip = disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref), now, why_you="MARKER-WHY")
    row = db.session.scalars(select(Referral).where(Referral.ref == ref)).one()
    assert b"MARKER-WHY" not in row.sealed_proposal
    assert write(lambda: referrals.read_referral(team.reviewer, ref, now)).wish.why_you == "MARKER-WHY"


def test_two_tips_travel_in_one_package(team, recipient, now):
    first, second = disclosure.ready_tip(team, now), disclosure.ready_tip(team, now)
    ref = disclosure.draft(team, recipient, TipWish(first.ref), now)
    write(lambda: referrals.add_tip(team.reviewer, ref, TipWish(second.ref), now))
    disclosure.propose(team, ref, now)
    gathered = write(lambda: proposals.gather(team.reviewer, ref, now))
    assert {tip.ref for tip in gathered.handover.tips} == {first.ref, second.ref}
    write(lambda: proposals.withdraw(team.reviewer, ref, now))
    assert status(second.ref) == "assessed"
