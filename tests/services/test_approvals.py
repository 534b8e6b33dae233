"""Every act that needs two people, tried with one, with the wrong one, after an edit, after 72 hours, and twice."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import write
from tipline import config
from tipline.crypto import opening
from tipline.errors import ApprovalVoid, NeedsSecondPerson, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.appeal import Appeal, Batch, Exhibit
from tipline.models.approval import Approval
from tipline.models.desk import Desk, DeskMember
from tipline.models.log import LogEntry
from tipline.models.tip import Assessment, Attachment, Hold
from tipline.roles import Role
from tipline.services import (
    accounts,
    approval_acts,
    approval_lists,
    approvals,
    assessments,
    batches,
    desks,
    epochs,
    exhibits,
    founders,
    holds,
    invitations,
    publications,
    publishing,
    quarantine,
    recovery,
    removals,
    retention,
    standing,
)

HOURS_72 = dt.timedelta(hours=72)
BOTH = {Role.REVIEWER, Role.SUPERVISOR}


class Scene:
    """A desk with its people and a second administrator, and one act on the way."""

    def __init__(self, now: dt.datetime) -> None:
        self.now, self.team = now, factories.make_team(now)
        self.first: Any = self.team.administrator.person
        self.second: Any = factories.make_person(Role.ADMINISTRATOR, now=now).person
        self.outsider: Any = self.team.auditor.person
        self.propose: Callable[[], Any]
        self.edit: Callable[[Any], Any]
        self.happened: Callable[[], bool]
        self.puts_back: Callable[[Any], Any] | None = None
        self.carry_out: Callable[[Any, dt.datetime], Any] | None = None  # where one of the two does it afterwards

    def waiting(self) -> Any:
        """The one proposal that waits, as the second person reads it."""
        db.session.rollback()
        return next(one for one in approval_lists.waiting(self.second, self.now) if one.state != "changed")

    def approve(self, person: Any, proposal: Any, now: dt.datetime | None = None) -> bool:
        """Agree, in a transaction of its own."""
        return bool(write(lambda: approvals.approve(proposal.id, proposal.digest, person, now or self.now)))


def roles(scene: Scene) -> None:
    reviewer, admin, now = scene.team.reviewer.id, scene.first, scene.now
    scene.propose = lambda: standing.change_account(admin, reviewer, "Rita", BOTH, now)
    scene.edit = lambda person: _set_roles(person, reviewer, {"supervisor"}, now)
    scene.puts_back = lambda person: _set_roles(person, reviewer, {"reviewer"}, now)
    scene.happened = lambda: accounts.roles_of(reviewer) == BOTH


def invitation(scene: Scene) -> None:
    admin, now = scene.first, scene.now
    made: list[str] = []

    def propose() -> bool:
        if made:
            return standing.change_account(admin, made[0], "Invented", {Role.SUPERVISOR}, now)
        made.append(str(invitations.invite(admin, "invented", "Invented", {Role.SUPERVISOR}, now)))
        return True

    scene.propose = propose
    scene.edit = lambda person: _set_roles(person, made[0], {"reviewer"}, now)
    scene.puts_back = lambda person: _set_roles(person, made[0], set(), now)
    scene.happened = lambda: accounts.roles_of(made[0]) == {Role.SUPERVISOR}


def removal(scene: Scene) -> None:
    auditor, admin, now = scene.team.auditor.person.id, scene.first, scene.now
    scene.outsider = scene.team.supervisor
    scene.propose = lambda: standing.remove_account(admin, auditor, now)
    scene.edit = lambda person: _set_roles(person, auditor, {"administrator"}, now)
    scene.puts_back = lambda person: _set_roles(person, auditor, {"auditor"}, now)
    scene.happened = lambda: accounts.roles_of(auditor) == set()


def new_desk(scene: Scene) -> None:
    chiefs, now = [known.person.id for known in scene.team.supervisors], scene.now
    scene.propose = lambda: founders.name_desk(scene.first, "Desk South", chiefs, now)
    scene.edit = lambda person: _set_roles(person, chiefs[0], {"reviewer"}, now)
    scene.puts_back = lambda person: _set_roles(person, chiefs[0], {"reviewer", "supervisor"}, now)
    scene.happened = lambda: db.session.scalar(select(Desk.id).where(Desk.name == "Desk South")) is not None


def appeal(scene: Scene) -> None:
    ref, slug = _unpublished(scene)
    admin, now = scene.first, scene.now
    write(lambda: exhibits.publish_exhibit(ref, admin, now))
    before = publishing.appeal(slug).words["en"]
    scene.propose = lambda: publications.publish_appeal(slug, admin, now, "start")
    other = publishing.AppealWords("Other words", "<p>Other.</p>")
    scene.edit = lambda person: publishing.change_appeal_text(slug, "en", other, person, now)
    scene.puts_back = lambda person: publishing.change_appeal_text(slug, "en", before, person, now)
    scene.happened = lambda: _state(Appeal, Appeal.slug == slug) == "published"


def exhibit(scene: Scene) -> None:
    ref, _slug = _unpublished(scene)
    _on_exhibit(scene, ref)
    scene.propose = lambda: publications.publish_exhibit(ref, scene.first, scene.now, "start")
    scene.happened = lambda: _state(Exhibit, Exhibit.ref == ref) == "published"


def batch(scene: Scene) -> None:
    ref, _slug = _unpublished(scene)
    _on_exhibit(scene, ref)
    slot = batches.next_slot(scene.now + HOURS_72)
    wish = batches.Plan("publish", (exhibits.exhibit(ref).id,), slot)
    made: list[str] = []

    def propose() -> bool:
        waits = publications.plan_batch(wish, made[0] if made else None, scene.first, scene.now)
        made[:] = [db.session.scalars(select(Batch.id)).one()]
        return waits

    scene.propose = propose
    scene.happened = lambda: _state(Batch, Batch.id == made[0]) == "waiting"


def long_hold(scene: Scene) -> None:
    ref = factories.make_exhibit(scene.team, scene.now)
    tip = factories.make_tip(scene.now, exhibit_ref=ref)
    until = scene.now.date() + dt.timedelta(days=300)
    scene.first, scene.second = (known.person for known in scene.team.supervisors[:2])
    scene.outsider = scene.team.reviewer
    opened = factories.open_tip(scene.team, tip.ref, scene.now, as_supervisor=True)

    def lift(person: Any) -> None:
        for hold in retention.holds_on(tip.tip_id):
            retention.lift_hold(hold.id, actor=person.actor, now=scene.now)

    scene.propose = lambda: holds.place_hold(opened, "judicial", "A court asks", until, scene.now)
    scene.edit = lift
    scene.happened = lambda: until in set(db.session.scalars(select(Hold.review_on)))


def quarantined(scene: Scene) -> None:
    ref = factories.make_exhibit(scene.team, scene.now)
    tip = factories.make_tip(scene.now, exhibit_ref=ref, files=[("a.pdf", b"%PDF-1.7 a file")])
    scene.first, scene.second = (known.person for known in scene.team.supervisors[:2])
    scene.outsider = scene.team.reviewers[1].person
    opened = factories.open_tip(scene.team, tip.ref, scene.now, as_supervisor=True)
    file_id = db.session.scalars(select(Attachment.id)).one()
    write(lambda: quarantine.quarantine_file(opened, file_id, scene.now))
    scene.propose = lambda: quarantine.propose_release(opened, file_id, "A drawing", scene.now)
    scene.edit = lambda _person: quarantine.set_file(file_id, screening="surrendered")
    scene.happened = lambda: _state_of_file(file_id) == "released"


def off_the_desk(scene: Scene) -> None:
    desk_id, leaver, admin = scene.team.desk_id, scene.team.reviewer.id, scene.first
    scene.second, scene.outsider = scene.team.supervisor, scene.team.auditor.person
    scene.propose = lambda: removals.take_off(admin, desk_id, leaver, scene.now)

    def edit(_person: Any) -> None:
        desks.remove_member(admin, desk_id, leaver, scene.now)
        desks.name_member(admin, desk_id, leaver, scene.now + dt.timedelta(hours=1))

    scene.edit = edit
    scene.happened = lambda: _standing(desk_id, leaver) == "left"


def new_keys(scene: Scene) -> None:
    desk_id = _among_supervisors(scene)
    scene.propose = lambda: epochs.propose(scene.first, desk_id, scene.now)
    scene.carry_out = lambda person, now: epochs.renew(person, desk_id, now)


def new_codes(scene: Scene) -> None:
    desk_id = _among_supervisors(scene)
    scene.propose = lambda: recovery.ask_to_renew(scene.first, desk_id, scene.now)
    scene.carry_out = lambda person, now: recovery.renew_codes(person, desk_id, now)


def code_on_paper(scene: Scene) -> None:
    desk_id = _among_supervisors(scene)
    lost, seed = scene.second, opening.new_seed()
    write(lambda: accounts.set_keys(db.session.get_one(Account, lost.id), seed, b"locked"))
    scene.first, scene.second = dataclasses.replace(lost, seed=seed), scene.team.administrator.person
    code = scene.team.codes.content
    scene.propose = lambda: recovery.ask_to_use(scene.first, desk_id, "content", scene.now)
    scene.carry_out = lambda person, now: recovery.use_code(person, desk_id, "content", code, now)


def administrators_password(scene: Scene) -> None:
    lost, now = factories.make_person(Role.ADMINISTRATOR, now=scene.now).person.id, scene.now
    scene.propose = lambda: invitations.invite_again(scene.first, lost, now)
    scene.edit = lambda person: _set_roles(person, lost, {"auditor"}, now)
    scene.puts_back = lambda person: _set_roles(person, lost, {"administrator"}, now)

    def carry_out(person: Any, at: dt.datetime) -> None:
        if invitations.invite_again(person, lost, at) is None:  # it asks instead
            db.session.rollback()
            raise NeedsSecondPerson

    scene.carry_out = carry_out
    scene.happened = _was_used


# Every act of the table, and with which scenes it is tried; a new act without one fails the last test.
ACTS: dict[Callable[[Scene], None], str] = {
    roles: "roles",
    invitation: "roles",
    removal: "removal",
    administrators_password: "new-password",
    new_desk: "founders",
    appeal: "publication",
    exhibit: "publication",
    batch: "batch",
    long_hold: "long-hold",
    quarantined: "quarantine",
    off_the_desk: "member-removal",
    new_keys: "epoch",
    new_codes: "codes",
    code_on_paper: "recovery",
}
each = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)


@pytest.fixture
def scene(app: Any, now: dt.datetime) -> Scene:
    return Scene(now)


@each
def test_an_act_happens_when_another_person_agrees_and_never_by_one_alone(scene: Scene, act: Any) -> None:
    act(scene)
    write(scene.propose)
    proposal = scene.waiting()
    assert not scene.happened()
    with pytest.raises((NeedsSecondPerson, NotFound)):  # who has lost the desk's key may not even look
        scene.approve(scene.first, proposal)
    with pytest.raises((NotAllowed, NotFound)):
        scene.approve(scene.outsider, proposal)
    with pytest.raises(NotFound):
        approval_lists.read(proposal.id, scene.outsider, scene.now)
    with pytest.raises(ApprovalVoid):
        scene.approve(scene.second, proposal, scene.now + HOURS_72)
    with pytest.raises(ApprovalVoid):
        scene.approve(scene.second, dataclasses.replace(proposal, digest="0" * 64))
    assert not scene.happened()
    assert approval_lists.count_waiting(scene.second, scene.now) == 1
    assert approval_lists.count_waiting(scene.first, scene.now) == 0

    who = {"approval.proposed": scene.first.id, "approval.given": scene.second.id}
    if scene.carry_out is None:
        assert scene.approve(scene.second, proposal)
    else:
        one_of_two_carries_it_out(scene, proposal)
        who["approval.used"] = scene.first.id
    assert scene.happened()
    with pytest.raises(WrongState):
        scene.approve(scene.second, proposal)
    given = db.session.scalars(select(LogEntry).where(LogEntry.event.like("approval.%"))).all()
    assert {entry.event: entry.actor_id for entry in given} == who
    assert len(given) == len(who)
    assert all(proposal.subject in entry.subject_ids for entry in given)


def one_of_two_carries_it_out(scene: Scene, proposal: Any) -> None:
    """Not before the second has agreed, not 72 hours afterwards, and once."""
    carry_out = scene.carry_out
    assert carry_out is not None

    def is_refused(at: dt.datetime) -> None:
        db.session.rollback()
        with pytest.raises(NeedsSecondPerson):
            write(lambda: carry_out(scene.first, at))
        assert not scene.happened()

    is_refused(scene.now)
    assert not scene.approve(scene.second, proposal)
    is_refused(scene.now + HOURS_72)
    write(lambda: carry_out(scene.first, scene.now))
    row = db.session.get_one(Approval, proposal.id)
    with pytest.raises(NeedsSecondPerson):
        approvals.use(row.act, row.subject, approvals.content_of(row), scene.first, scene.now, desk_id=row.desk_id)


@each
def test_an_edit_after_the_proposal_makes_it_void_and_its_editor_cannot_agree(scene: Scene, act: Any) -> None:
    act(scene)
    write(scene.propose)
    proposal = scene.waiting()
    write(lambda: scene.edit(scene.first))
    with pytest.raises(ApprovalVoid):
        scene.approve(scene.second, proposal)
    assert approval_lists.read(proposal.id, scene.second, scene.now).obstacle == "changed"
    if scene.puts_back is not None:  # as it was, but by the one who would agree
        write(lambda: scene.puts_back(scene.second))  # type: ignore[misc]
        with pytest.raises(NeedsSecondPerson):
            scene.approve(scene.second, proposal)
        assert approval_lists.read(proposal.id, scene.second, scene.now).obstacle == "edited"
    assert not scene.happened()


def test_one_says_no_or_takes_it_back_and_nothing_happens(scene: Scene) -> None:
    roles(scene)
    for end, person in ((approvals.refuse, scene.second), (approvals.withdraw, scene.first)):
        write(scene.propose)
        proposal = scene.waiting()
        with pytest.raises((NeedsSecondPerson, NotFound)):  # neither may do the other's part
            end(proposal.id, scene.first if person is scene.second else scene.second, scene.now)
        write(lambda end=end, person=person, one=proposal: end(one.id, person, scene.now))
        with pytest.raises(WrongState):
            scene.approve(scene.second, proposal)
        with pytest.raises(WrongState):
            end(proposal.id, person, scene.now)
    assert not scene.happened()
    assert {one.state for one in approval_lists.ended(scene.first, scene.now)} == {"withdrawn", "refused"}


def test_the_same_proposal_twice_is_one_and_another_replaces_it(database: Any, now: dt.datetime) -> None:
    scene = Scene(now)
    roles(scene)
    write(scene.propose)
    first = scene.waiting()
    write(scene.propose)
    assert scene.waiting().id == first.id
    only = {Role.SUPERVISOR}
    write(lambda: standing.change_account(scene.first, scene.team.reviewer.id, "Rita", only, scene.now))
    assert scene.waiting().told["after"] == ["supervisor"]
    with pytest.raises(WrongState):
        scene.approve(scene.second, first)


def test_a_code_for_an_administrators_password_is_made_by_one_of_the_two_and_once(scene: Scene) -> None:
    third = factories.make_person(Role.ADMINISTRATOR, now=scene.now).person
    lost = factories.make_person(Role.ADMINISTRATOR, now=scene.now).person

    def ask(person: Any) -> Any:
        return write(lambda: invitations.invite_again(person, lost.id, scene.now))

    assert ask(scene.first) is None
    assert scene.approve(scene.second, scene.waiting()) is False
    assert ask(third) is None
    assert ask(scene.first).code
    assert ask(scene.first) is None
    assert write(lambda: invitations.invite_again(scene.first, scene.team.reviewer.id, scene.now)).code


def test_no_code_is_made_before_the_roles_are_given(scene: Scene) -> None:
    waiting = write(lambda: invitations.invite(scene.first, "invented", "Invented", BOTH, scene.now))
    with pytest.raises(WrongState):
        invitations.invite_again(scene.first, waiting, scene.now)
    scene.approve(scene.second, scene.waiting())
    assert write(lambda: invitations.invite_again(scene.first, waiting, scene.now)).code


def test_what_changed_after_two_agreed_to_a_batch_is_left_out_when_its_moment_comes(scene: Scene) -> None:
    ref, _slug = _unpublished(scene)
    _on_exhibit(scene, ref)
    slot = batches.next_slot(scene.now)
    wish = batches.Plan("publish", (exhibits.exhibit(ref).id,), slot)
    write(lambda: publications.plan_batch(wish, None, scene.first, scene.now))
    with pytest.raises(ApprovalVoid):  # its moment has passed: at another it would tell
        scene.approve(scene.second, scene.waiting(), slot)
    scene.approve(scene.second, scene.waiting())
    write(lambda: scene.edit(scene.first))
    write(lambda: [batches.carry_out(batch_id, slot) for batch_id in batches.due(slot)])
    assert exhibits.exhibit(ref).state == "draft"


def test_one_administrator_sets_up_alone_and_the_log_says_so(
    app: Any, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = factories.make_team(now)
    admin = team.administrator.person
    assert write(lambda: invitations.invite(admin, "new", "New", BOTH, now)).code
    second = factories.make_person(Role.ADMINISTRATOR, now=now).person
    write(lambda: standing.suspend_account(admin, second.id, now))
    assert isinstance(write(lambda: invitations.invite(admin, "newer", "Newer", BOTH, now)), str)
    monkeypatch.setattr(
        config, "_current", dataclasses.replace(config.current(), second_administrator="off"), raising=False
    )
    assert write(lambda: invitations.invite(admin, "newest", "Newest", BOTH, now)).code
    alone = db.session.scalars(select(LogEntry.field_group).where(LogEntry.event == "approval.alone")).all()
    assert alone == ["roles", "roles"]


def test_holds_one_after_the_other_are_no_way_round_the_second_supervisor(scene: Scene) -> None:
    ref = factories.make_exhibit(scene.team, scene.now)
    tip = factories.make_tip(scene.now, exhibit_ref=ref)
    opened = factories.open_tip(scene.team, tip.ref, scene.now, as_supervisor=True)
    soon, later = scene.now + dt.timedelta(days=80), scene.now + dt.timedelta(days=88)
    until = scene.now.date() + dt.timedelta(days=150)
    write(lambda: holds.place_hold(opened, "judicial", "A court asks", soon.date(), scene.now))
    assert approvals_made() == 0
    write(lambda: holds.place_hold(opened, "evidence", "And again", until, later))
    assert approvals_made() == 1
    assert max(hold.review_on for hold in retention.holds_on(tip.tip_id)) < until


def test_a_grade_of_a_or_1_runs_out_after_72_hours(scene: Scene) -> None:
    ref = factories.make_exhibit(scene.team, scene.now)
    tip = factories.make_tip(scene.now, exhibit_ref=ref)
    opened = factories.open_tip(scene.team, tip.ref, scene.now)
    write(lambda: assessments.assess_tip(opened, "A", "1", "No doubt", scene.now))
    chief = dataclasses.replace(opened, person=scene.team.supervisor)
    grade_id = db.session.scalars(select(Assessment.id)).one()
    with pytest.raises(ApprovalVoid):
        assessments.agree_to_grade(chief, grade_id, scene.now + HOURS_72)
    db.session.rollback()
    write(lambda: assessments.agree_to_grade(chief, grade_id, scene.now + HOURS_72 - dt.timedelta(seconds=1)))


def test_proposals_are_deleted_thirty_days_after_their_end(scene: Scene) -> None:
    roles(scene)
    write(scene.propose)
    month = scene.now + HOURS_72 + dt.timedelta(days=30)
    assert write(lambda: approvals.erase_ended(month - dt.timedelta(seconds=1))) == 0
    assert write(lambda: approvals.erase_ended(month)) == 1


def test_every_act_of_the_table_has_its_owner_its_words_and_two_sides_and_is_tried_here(app: Any) -> None:
    assert set(ACTS.values()) == set(approval_acts.ACTS)
    for name, act in approval_acts.ACTS.items():
        assert approval_acts.owner_of(name)
        app.jinja_env.get_template(f"staff/approvals/acts/{name}.html")
        assert act.proposers
        assert act.approvers


def approvals_made() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Approval.id)).all())


def _set_roles(person: Any, account_id: str, wanted: set[str], now: dt.datetime) -> None:
    """As two other administrators would have done it meanwhile, ``person`` the second of them."""
    content = {"before": [], "after": sorted(wanted)}
    done = approval_acts.Approved("x", "roles", account_id, content, "", person.id)
    deed = approval_acts.owner_of("roles").do
    assert deed is not None
    deed(done, person, now)


def _among_supervisors(scene: Scene) -> str:
    """An act of one supervisor and another on the desk's keys, which new keys made meanwhile void."""
    scene.first, scene.second = (known.person for known in scene.team.supervisors[:2])
    scene.outsider = scene.team.reviewer
    scene.happened = _was_used

    def renew(_person: Any) -> None:
        left = {"renew_for": "left", "renew_asked_by": None}
        db.session.execute(update(Desk).where(Desk.id == scene.team.desk_id).values(**left))
        epochs.renew(scene.team.supervisor, scene.team.desk_id, scene.now)

    scene.edit = renew
    return scene.team.desk_id


def _was_used() -> bool:
    return bool(db.session.scalars(select(LogEntry.seq).where(LogEntry.event == "approval.used")).all())


def _standing(desk_id: str, account_id: str) -> str:
    return str(db.session.get_one(DeskMember, (desk_id, account_id), populate_existing=True).standing)


def _state_of_file(file_id: str) -> str:
    return str(db.session.get_one(Attachment, file_id, populate_existing=True).screening)


def _state(table: Any, which: Any) -> str:
    return str(db.session.scalars(select(table.state).where(which)).one())


def _unpublished(scene: Scene) -> tuple[str, str]:
    admin, now = scene.team.administrator.person, scene.now

    def make() -> tuple[str, str]:
        words = publishing.AppealWords("Do you recognise this object?", "<p>Objects.</p>")
        slug = publishing.make_appeal(scene.team.desk_id, words, admin, now)
        told = exhibits.ExhibitWords("Bag", "Where was it sold?", "<p>A bag.</p>", "A bag on a table.")
        ref = exhibits.make_exhibit(slug, told, admin, now)
        exhibits.change_picture(ref, factories.rendered(), admin, now)
        return ref, slug

    return write(make)  # type: ignore[no-any-return]


def _on_exhibit(scene: Scene, ref: str) -> None:
    before = exhibits.exhibit(ref).words["en"]
    other = dataclasses.replace(before, title="Another bag")
    scene.edit = lambda person: exhibits.change_exhibit_text(ref, "en", other, person, scene.now)
    scene.puts_back = lambda person: exhibits.change_exhibit_text(ref, "en", before, person, scene.now)
