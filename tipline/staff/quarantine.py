"""Quarantine at the desk: files that stay shut, their way to an authority, and tips that are purged."""

from __future__ import annotations

import datetime as dt

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, lanes, quarantine, retention, reveals, surrenders
from tipline.staff import bp, files, words
from tipline.staff.forms_quarantine import DestroyForm, HandOverForm, PurgeForm, ReleaseForm
from tipline.staff.tip import at_work, carried
from tipline.web import guard
from tipline.web.forms import TiplineForm, check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)
supervisors = guard.allow(Role.SUPERVISOR, fresh=True)


@bp.get("/quarantine", endpoint="quarantine")
@both
def quarantine_page() -> str:
    """Every shut file of one's desks, counted."""
    files, number = quarantine.shut_files(g.person), quarantine.count_shut(g.person)
    more = number >= quarantine.MOST_COUNTED
    return render_template("staff/tip/quarantine.html", files=files, number=number, more=more, words=words)


@bp.post("/tips/<ref>/attachments/<attachment_id>/release")
@both
def release_attachment(ref: str, attachment_id: str) -> str | Response:
    """Propose that a file is opened again."""
    form = ReleaseForm()
    if not form.validate_on_submit():
        return files.page(ref, attachment_id, release=form)
    quarantine.propose_release(at_work(ref), attachment_id, form.release_reason.data, clock.now())
    db.session.commit()
    flash(_("Proposed. Another supervisor has to agree within 72 hours: see Approvals."), "done")
    return _to_file(ref, attachment_id)


@bp.route("/tips/<ref>/attachments/<attachment_id>/hand-over", methods=["GET", "POST"])
@supervisors
def hand_attachment_over(ref: str, attachment_id: str) -> str | Response:
    """Decide which authority gets a file that nobody here looks at."""
    now = clock.now()
    opened = at_work(ref)
    choices = tuple((one.authority_id, f"{one.name} ({one.country})") for one in surrenders.recipients(opened, now))
    form = HandOverForm(choices)
    if form.validate_on_submit():
        try:
            surrenders.hand_over(opened, attachment_id, form.authority.data, form.reference.data or "", now)
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("Handed over. Download the sealed copy now, and give the certificate with it."), "done")
            return _to_file(ref, attachment_id)
    return _asked("hand_attachment_over.html", opened, attachment_id, form, has_choice=bool(choices))


@bp.post("/tips/<ref>/attachments/<attachment_id>/sealed-copy")
@supervisors
def sealed_copy(ref: str, attachment_id: str) -> Response:
    """The file, sealed to the authority: nobody here can open it."""
    check_token()
    now = clock.now()
    copy = surrenders.sealed_copy(at_work(ref), attachment_id, now)
    db.session.commit()
    size, pieces = surrenders.seal_copy(copy, now)
    response = Response(pieces, content_type="application/octet-stream")
    response.content_length = size
    response.headers["Content-Disposition"] = f'attachment; filename="{copy.name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/tips/<ref>/attachments/<attachment_id>/certificate")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def certificate(ref: str, attachment_id: str) -> str:
    """The certificate of a hand-over, to print."""
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    record = surrenders.certificate(opened, attachment_id, now)
    db.session.commit()
    return render_template(
        "staff/tip/certificate.html",
        tip=opened.tip,
        attachment_id=attachment_id,
        told=record.value,
        moment=dt.datetime.fromisoformat,
        address=carried(opened.tip),
        words=words,
    )


@bp.route("/tips/<ref>/attachments/<attachment_id>/destroy", methods=["GET", "POST"])
@supervisors
def destroy_attachment(ref: str, attachment_id: str) -> str | Response:
    """Destroy a file that an authority has."""
    opened = at_work(ref)
    form = DestroyForm()
    if form.validate_on_submit():
        try:
            erased = surrenders.destroy(opened, attachment_id, clock.now())
        except WrongState:
            db.session.rollback()
            flash(_("Nothing was destroyed. Download the sealed copy for the authority first."), "note")
            return _to_file(ref, attachment_id)
        db.session.commit()
        retention.discard(erased.stored_names)
        flash(_("The file is destroyed. Its certificate stays."), "done")
        return _to_file(ref, attachment_id)
    return _asked("destroy_attachment.html", opened, attachment_id, form)


@bp.route("/tips/<ref>/purge", methods=["GET", "POST"])
@supervisors
def purge_tip(ref: str) -> str | Response:
    """Erase a tip that may only be forwarded or purged."""
    opened = at_work(ref)
    form = PurgeForm()
    if form.validate_on_submit():
        erased = lanes.purge_tip(opened, clock.now())
        db.session.commit()
        retention.discard(erased.stored_names)
        flash(_("The tip is purged."), "done")
        return redirect(url_for("staff.queue"), code=303)
    return render_template("staff/tip/purge.html", tip=opened.tip, form=form, address=carried(opened.tip))


def _to_file(ref: str, attachment_id: str) -> Response:
    return redirect(url_for("staff.attachment", ref=ref, attachment_id=attachment_id), code=303)


def _asked(
    template: str, opened: access.OpenTip, attachment_id: str, form: TiplineForm, *, has_choice: bool = True
) -> str:
    line = reveals.file(opened, attachment_id, clock.now())
    db.session.commit()
    return render_template(
        f"staff/tip/{template}",
        tip=opened.tip,
        file=line,
        form=form,
        has_choice=has_choice,
        address=carried(opened.tip),
        words=words,
    )
