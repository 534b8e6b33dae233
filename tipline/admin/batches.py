"""Batches: what will appear, go or close together. List, plan, change, cancel."""

from __future__ import annotations

import datetime as dt

from flask import abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.admin.forms_batches import BatchForm
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import batch_lists, publications
from tipline.services import batches as service
from tipline.web import batch_words, guard
from tipline.web.forms import check_token

# The timer runs every few minutes; a batch that waits this long after its moment waits in vain.
LATE = dt.timedelta(hours=1)


@bp.get("/appeals/batches")
@guard.allow(Role.ADMINISTRATOR)
def batches() -> str:
    """What waits for its moment, and what happened last."""
    now = clock.now()
    return render_template(
        "admin/batches/batches.html",
        waiting=batch_lists.waiting(),
        ended=batch_lists.ended(),
        slot=service.next_slot(now),
        late=now - LATE,
        words=batch_words,
    )


@bp.route("/appeals/batches/new/<act>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def plan_batch(act: str) -> str | Response:
    """A new batch."""
    if act not in service.ACTS:
        abort(404)
    now = clock.now()
    form = BatchForm()
    if _planned(form, act, None, now):
        return redirect(url_for("admin.batches"), 303)
    return render_template("admin/batches/plan_batch.html", form=form, act=act, words=batch_words)


@bp.route("/appeals/batches/<batch_id>/change", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def change_batch(batch_id: str) -> str | Response:
    """What is in a waiting batch, or its moment, changed."""
    now = clock.now()
    found = batch_lists.batch(batch_id)
    form = BatchForm(items=[item.id for item in found.items])
    if not form.is_submitted():
        form.show_moment(found.due_at)
    if _planned(form, found.act, found.id, now):
        return redirect(url_for("admin.batches"), 303)
    return render_template("admin/batches/change_batch.html", form=form, batch=found, words=batch_words)


@bp.route("/appeals/batches/<batch_id>/cancel", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def cancel_batch(batch_id: str) -> str | Response:
    """A waiting batch, called off."""
    form = BatchForm()
    if form.is_submitted():
        check_token()
        service.cancel(batch_id, g.person, clock.now())
        db.session.commit()
        flash(_("The batch is cancelled. Nothing of it happens."), "success")
        return redirect(url_for("admin.batches"), 303)
    return render_template("admin/batches/cancel_batch.html", batch=batch_lists.batch(batch_id), words=batch_words)


def _planned(form: BatchForm, act: str, batch_id: str | None, now: dt.datetime) -> bool:
    """Fill the form's lists and, if it was sent and is sound, plan a new batch or this one anew, and commit."""
    slot = service.next_slot(now)
    form.offer(service.candidates(act, besides=batch_id), slot)
    plan = form.plan(act, slot) if form.validate_on_submit() else None
    if plan is None:
        return False
    try:
        waits = publications.plan_batch(plan, batch_id, g.person, now)
    except BadInput as refused:
        db.session.rollback()
        form.refuse(refused)
        return False
    db.session.commit()
    said = _("It is done, and public.") if plan.due_at is None else _("The batch is planned.")
    flash(batch_words.SECOND if waits else said, "success")
    return True
