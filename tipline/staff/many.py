"""One act on many tips: what was chosen in the queue is shown once more, then given, labelled or closed together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import bulk, labels, queue, tips
from tipline.services.bulk import Outcome
from tipline.services.queue import Filter
from tipline.staff import bp, filters, marks, words
from tipline.staff.forms_queue import REFUSALS, BulkAssignForm, BulkCloseForm, PutLabelForm
from tipline.web import guard
from tipline.web.cleaning import clean_line
from tipline.web.forms import TiplineForm, check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)


@bp.get("/many")
@both
def many() -> str | Response:
    """The chosen tips, and what can be done with all of them."""
    return _show(filters.current(), request.args.getlist("ref"))


@bp.post("/many/assign")
@both
def assign_many() -> str | Response:
    """Give the chosen tips to one person."""
    wanted, refs = filters.current(), request.form.getlist("ref")
    form = BulkAssignForm(members=tips.members(wanted.desk_id) if wanted else ())
    return _act(
        wanted, refs, form, lambda desk: bulk.assign(g.person, desk, refs, form.assignee.data, clock.now()), "given"
    )


@bp.post("/many/label")
@both
def label_many() -> str | Response:
    """Put one label on the chosen tips."""
    wanted, refs = filters.current(), request.form.getlist("ref")
    form = PutLabelForm(labels.of_desk(g.person, wanted.desk_id) if wanted else ())

    def put(desk_id: str) -> Outcome:
        return bulk.label(g.person, desk_id, refs, marks.chosen_label(desk_id, form.label.data), clock.now())

    return _act(wanted, refs, form, put, "labelled")


@bp.post("/many/close")
@both
def close_many() -> str | Response:
    """Close the chosen tips with one reason."""
    form, refs = BulkCloseForm(), request.form.getlist("ref")

    def close(desk_id: str) -> Outcome:
        disposition, reason = form.disposition.data, form.disposition_reason.data
        return bulk.dispose(g.person, desk_id, refs, disposition, reason, clock.now())

    return _act(filters.current(), refs, form, close, "closed")


@bp.post("/many/<act_id>/undo")
@both
def undo_many(act_id: str) -> Response:
    """Take one's last act on many tips back."""
    check_token()
    try:
        outcome = bulk.undo(g.person, act_id, clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("This was undone already, or its half hour is over."), "note")
    else:
        db.session.commit()
        flash(told(outcome, _("changed back")), "done")
    return _back(filters.current())


def _act(
    wanted: Filter | None, refs: list[str], form: TiplineForm, do: Callable[[str], Outcome], done: str
) -> str | Response:
    if wanted is None or not refs:
        return _show(wanted, refs)
    if form.validate_on_submit():
        try:
            outcome = do(wanted.desk_id)
        except BadInput as refused:
            db.session.rollback()
            field = refused.field if refused.field in form else next(iter(form)).name
            form.add_error(field, REFUSALS.get((refused.field, refused.reason), "Choose something else here"))
        else:
            db.session.commit()
            flash(told(outcome, done), "done" if outcome.done else "note")
            return _back(wanted)
    return _show(wanted, refs, form)


def _show(wanted: Filter | None, refs: list[str], failing: TiplineForm | None = None) -> str | Response:
    refs = [clean_line(ref[:16]) for ref in refs]
    lines = queue.chosen(g.person, wanted.desk_id, refs) if wanted else ()
    if wanted is None or not lines:
        flash(_("Choose the tips first: tick the box beside each reference."), "note")
        return _back(wanted)
    known = labels.of_desk(g.person, wanted.desk_id)
    forms: dict[str, TiplineForm] = {
        "assign": BulkAssignForm(formdata=None, members=tips.members(wanted.desk_id)),
        "label": PutLabelForm(known, formdata=None),
        "close": BulkCloseForm(formdata=None),
    }
    if failing is not None:
        forms = {name: failing if type(failing) is type(form) else form for name, form in forms.items()}
    values: dict[str, Any] = {"lines": lines, "forms": forms, "form": failing, "words": words}
    return render_template("staff/queue/many.html", address=filters.address(wanted), **values)


def told(outcome: Outcome, done: str) -> str:
    """What an act on many tips did, in a sentence, and what it left as it was, with the reason."""
    number = len(outcome.done)
    said = f"1 tip was {done}." if number == 1 else f"{number} tips were {done}."
    if outcome.left_out:
        why = "; ".join(
            f"{ref}: {words.LEFT_OUT.get(code, 'it could not be changed')}" for ref, code in outcome.left_out
        )
        said += f" Left as it was: {why}." if len(outcome.left_out) == 1 else f" Left as they were: {why}."
    return said


def _back(wanted: Filter | None) -> Response:
    return redirect(url_for("staff.queue", **filters.address(wanted) if wanted else {}), code=303)
