"""Labels: those of a desk, and on one tip."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, labels
from tipline.services.countries import countries
from tipline.services.labels import Label
from tipline.staff import bp, filters, tip
from tipline.staff.forms_queue import REFUSALS, LabelForm, PutLabelForm
from tipline.web import guard
from tipline.web.forms import check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)


@bp.route("/labels", methods=["GET", "POST"], endpoint="labels")
@both
def labels_page() -> str | Response:
    """The labels of a desk, and a new one."""
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = LabelForm()
    if form.validate_on_submit() and _saved(
        form, lambda: labels.make(g.person, wanted.desk_id, form.label_name.data or "", form.tone.data, clock.now())
    ):
        flash(_("The label is made."), "done")
        return _to_labels(wanted.desk_id)
    known = [one for one in labels.of_desk(g.person, wanted.desk_id) if not one.country]
    return render_template("staff/queue/labels.html", form=form, known=known, desk_id=wanted.desk_id)


@bp.route("/labels/<label_id>", methods=["GET", "POST"])
@both
def label(label_id: str) -> str | Response:
    """Another name or colour for a label."""
    desk_id, known = _label(label_id)
    form = LabelForm(data={"label_name": known.name, "tone": known.tone})
    if form.validate_on_submit() and _saved(
        form, lambda: labels.change(g.person, label_id, form.label_name.data or "", form.tone.data, clock.now())
    ):
        flash(_("The label is changed."), "done")
        return _to_labels(desk_id)
    return render_template("staff/queue/label.html", form=form, label=known, desk_id=desk_id)


@bp.post("/labels/<label_id>/remove")
@both
def remove_label(label_id: str) -> Response:
    """Take a label away, from every tip too."""
    check_token()
    desk_id, _known = _label(label_id)
    labels.remove(g.person, label_id, clock.now())
    db.session.commit()
    flash(_("The label is removed from the desk and its tips."), "done")
    return _to_labels(desk_id)


@bp.post("/tips/<ref>/labels")
@both
def put_label(ref: str) -> Response:
    """Put a label on a tip."""
    desk_id = access.see_tip(g.person, ref).desk_id
    form = PutLabelForm(labels.of_desk(g.person, desk_id))
    if not form.validate_on_submit():
        flash(_("Choose a label first."), "note")
        return tip.back_to(ref)
    try:
        labels.put_on(g.person, ref, chosen_label(desk_id, form.label.data), clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("The label is on the tip already."), "note")
    else:
        db.session.commit()
        flash(_("The label is on the tip."), "done")
    return tip.back_to(ref)


@bp.post("/tips/<ref>/labels/<label_id>/off")
@both
def take_label_off(ref: str, label_id: str) -> Response:
    """Take a label off a tip."""
    check_token()
    try:
        labels.take_off(g.person, ref, label_id, clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("The label is not on the tip any more."), "note")
    else:
        db.session.commit()
        flash(_("The label is off the tip."), "done")
    return tip.back_to(ref)


def chosen_label(desk_id: str, value: str) -> str:
    """The id behind a choice of the form: a label of the desk, or a country's, which is made when it is needed."""
    return labels.for_country(g.person, desk_id, value) if value in countries() else value


def _label(label_id: str) -> tuple[str, Label]:
    for desk in filters.desks():
        for known in labels.of_desk(g.person, desk.id):
            if known.id == label_id and not known.country:
                return desk.id, known
    raise NotFound


def _saved(form: LabelForm, do: Callable[[], object]) -> bool:
    try:
        do()
    except BadInput as refused:
        db.session.rollback()
        form.add_error(refused.field, REFUSALS.get((refused.field, refused.reason), "Choose something else here"))
        return False
    db.session.commit()
    return True


def _to_labels(desk_id: str) -> Response:
    return redirect(url_for("staff.labels", desk=desk_id), code=303)
