"""What reviewers do on a tip's page, one small form each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, OpenElsewhere, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, assessments, holds, lanes, notes, safeguarding, statements, tips
from tipline.services.access import OpenTip
from tipline.staff import bp, forms_tip
from tipline.staff.tip import MOVED_ON, OPEN_ELSEWHERE, act, at_work, back_to, show
from tipline.web import guard
from tipline.web.forms import check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)
supervisors = guard.allow(Role.SUPERVISOR)


def press(ref: str, do: Callable[[OpenTip], Any], done: str) -> Response:
    """Do what a form of one button asks for, and come back to the tip."""
    check_token()
    try:
        do(at_work(ref))
    except OpenElsewhere:
        db.session.rollback()
        flash(f"{OPEN_ELSEWHERE}.", "note")
    except WrongState:
        db.session.rollback()
        flash(f"{MOVED_ON}.", "note")
    else:
        db.session.commit()
        flash(done, "done")
    return back_to(ref)


@bp.post("/tips/<ref>/take")
@both
def take_tip(ref: str) -> Response:
    """Make a tip one's own; needs no look into it."""
    check_token()
    tips.assign_tip(g.person, ref, g.person.id, clock.now())
    db.session.commit()
    flash(_("This tip is yours."), "done")
    return back_to(ref)


@bp.post("/tips/<ref>/assign")
@both
def assign_tip(ref: str) -> str | Response:
    """Give a tip to somebody of the desk."""
    tip = access.see_tip(g.person, ref)
    form = forms_tip.AssignForm(members=tips.members(tip.desk_id, tip.lane))
    if form.validate_on_submit():
        try:
            tips.assign_tip(g.person, ref, form.assignee.data, clock.now())
        except BadInput as refused:
            db.session.rollback()
            forms_tip.refuse(form, refused)
        else:
            db.session.commit()
            flash(_("The tip was given to somebody."), "done")
            return back_to(ref)
    return show(ref, form)


@bp.post("/tips/<ref>/give-back")
@both
def give_back_tip(ref: str) -> Response:
    """Make a tip nobody's again."""
    check_token()
    tips.give_back_tip(g.person, ref, clock.now())
    db.session.commit()
    flash(_("The tip is nobody's again."), "done")
    return back_to(ref)


@bp.post("/tips/<ref>/screened")
@both
def screen_tip(ref: str) -> Response:
    """Say that the tip was looked through."""
    return press(ref, lambda opened: tips.screen_tip(opened, clock.now()), _("The tip is screened."))


@bp.post("/tips/<ref>/lane")
@both
def set_lane(ref: str) -> str | Response:
    """Put the tip on another lane."""
    form = forms_tip.LaneForm()
    answer = act(
        ref, form, lambda opened: lanes.set_lane(opened, form.lane.data, clock.now()), _("The lane is changed.")
    )
    tip = access.see_tip(g.person, ref)
    if form.errors or safeguarding.may_read(g.person, tip.desk_id, tip.lane):
        return answer
    flash(_("It is left to the colleagues who are named for it. Thank you; you need not read on."), "note")
    return redirect(url_for("staff.queue", desk=tip.desk_id), code=303)


@bp.post("/tips/<ref>/identifies-sender")
@both
def mark_tip(ref: str) -> Response:
    """Mark that the text tells who wrote it."""
    return press(
        ref,
        lambda opened: tips.mark_identifies_sender(opened, True, clock.now()),
        _("Marked. The original opens to supervisors only from now on."),
    )


@bp.post("/tips/<ref>/no-mark")
@supervisors
def unmark_tip(ref: str) -> Response:
    """Take that mark away."""
    return press(
        ref, lambda opened: tips.mark_identifies_sender(opened, False, clock.now()), _("The mark is taken away.")
    )


@bp.post("/tips/<ref>/assess")
@both
def assess_tip(ref: str) -> str | Response:
    """Grade the tip."""
    form = forms_tip.GradeForm()
    return act(
        ref,
        form,
        lambda opened: assessments.assess_tip(
            opened, form.source_code.data, form.information_code.data, form.grade_reason.data, clock.now()
        ),
        _("The grade is recorded."),
    )


@bp.post("/tips/<ref>/grades/<grade_id>/agree")
@supervisors
def agree_to_grade(ref: str, grade_id: str) -> Response:
    """Let a waiting grade hold."""
    return press(
        ref, lambda opened: assessments.agree_to_grade(opened, grade_id, clock.now()), _("The grade holds from now on.")
    )


@bp.post("/tips/<ref>/grades/<grade_id>/refuse")
@supervisors
def refuse_grade(ref: str, grade_id: str) -> str | Response:
    """Refuse a waiting grade."""
    form = forms_tip.RefuseGradeForm()
    return act(
        ref,
        form,
        lambda opened: assessments.refuse_grade(opened, grade_id, form.refusal.data, clock.now()),
        _("The grade is refused."),
    )


@bp.post("/tips/<ref>/statements")
@both
def write_statement(ref: str) -> str | Response:
    """Add a statement."""
    form = forms_tip.StatementForm()
    return act(
        ref,
        form,
        lambda opened: statements.write_statement(
            opened, form.basis.data, form.statement.data, form.as_of.data, form.verified_on.data, clock.now()
        ),
        _("The statement is added."),
    )


@bp.post("/tips/<ref>/statements/<statement_id>/withdraw")
@both
def withdraw_statement(ref: str, statement_id: str) -> Response:
    """Take a statement back."""
    return press(
        ref,
        lambda opened: statements.withdraw_statement(opened, statement_id, clock.now()),
        _("The statement is taken back."),
    )


@bp.post("/tips/<ref>/notes")
@both
def write_note(ref: str) -> str | Response:
    """Add a note; also while a colleague has the tip open, who may have called for it."""
    form = forms_tip.NoteForm()

    def write(opened: OpenTip) -> None:
        called = notes.write_note(opened, form.note.data, clock.now())
        if called:
            flash(_("Called to this tip: %(names)s.", names=", ".join(called)), "done")

    return act(ref, form, write, _("The note is added."), beside_others=True)


@bp.post("/tips/<ref>/sanitised")
@both
def sanitise_tip(ref: str) -> str | Response:
    """Write the narrative that may go out."""
    form = forms_tip.SanitisedForm()
    return act(
        ref,
        form,
        lambda opened: notes.sanitise_tip(opened, form.sanitised.data, clock.now()),
        _("The sanitised narrative is saved."),
    )


@bp.post("/tips/<ref>/close")
@both
def close_tip(ref: str) -> str | Response:
    """End the work on the tip."""
    form = forms_tip.CloseForm()
    return act(
        ref,
        form,
        lambda opened: tips.dispose_tip(opened, form.disposition.data, form.disposition_reason.data, clock.now()),
        _("The tip is closed."),
    )


@bp.post("/tips/<ref>/reopen")
@both
def reopen_tip(ref: str) -> Response:
    """Take a closed tip up again."""
    return press(ref, lambda opened: tips.reopen_tip(opened, clock.now()), _("The tip is open again."))


@bp.post("/tips/<ref>/outcome")
@both
def record_outcome(ref: str) -> str | Response:
    """Note what came of a referral."""
    form = forms_tip.OutcomeForm()
    return act(
        ref,
        form,
        lambda opened: tips.record_outcome(opened, form.outcome.data, clock.now()),
        _("The outcome is noted."),
    )


@bp.post("/tips/<ref>/restrict")
@supervisors
def restrict_tip(ref: str) -> str | Response:
    """Restrict the tip."""
    form = forms_tip.RestrictForm()
    return act(
        ref,
        form,
        lambda opened: tips.restrict_tip(opened, form.restriction.data, clock.now()),
        _("The tip is restricted."),
    )


@bp.post("/tips/<ref>/lift")
@supervisors
def lift_restriction(ref: str) -> Response:
    """Take the restriction away."""
    return press(ref, lambda opened: tips.lift_restriction(opened, clock.now()), _("The tip is back where it was."))


@bp.post("/tips/<ref>/holds")
@supervisors
def place_hold(ref: str) -> str | Response:
    """Stop the tip's clock."""
    form = forms_tip.HoldForm()

    def place(opened: OpenTip) -> None:
        now, until = clock.now(), form.review_on.data
        holds.place_hold(opened, form.hold_reason.data, form.hold_text.data, until, now)
        if holds.needs_second_supervisor(opened, until, now):
            flash(
                _("For as long as you asked, another supervisor has to agree within 72 hours: see Approvals."), "note"
            )

    return act(ref, form, place, _("A hold keeps this tip now."))


@bp.post("/tips/<ref>/holds/<hold_id>/lift")
@supervisors
def lift_hold(ref: str, hold_id: str) -> Response:
    """Let the tip's clock go on."""
    return press(ref, lambda opened: holds.lift_hold(opened, hold_id, clock.now()), _("The hold is lifted."))
