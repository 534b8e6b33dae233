"""A desk's keys over the years: new ones, what comes over to them, the code on paper rehearsed, people taken off."""

from __future__ import annotations

import time

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, NeedsSecondPerson, NotFound, RecoveryCodeMistyped
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import drills, epochs, members, removals, resealing
from tipline.staff import bp
from tipline.staff import forms_desks as forms
from tipline.web import guard
from tipline.web.forms import TiplineForm, check_token

Answer = str | Response
SEE_OTHER = 303
AT_ONCE = 1.5  # seconds of one post; each batch in it is committed on its own


@bp.route("/desks/<desk_id>/keys", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def renew_keys(desk_id: str) -> Answer:
    """Make new keys where they are due or agreed on, or ask a second supervisor for them."""
    form, now = TiplineForm(), clock.now()
    page = members.read_desk_page(g.person, desk_id, now)
    if not page.holds_both_keys:
        raise NotFound
    if form.validate_on_submit():
        try:
            codes = epochs.renew(g.person, desk_id, now)
        except NeedsSecondPerson:
            db.session.rollback()
            db.begin_writing()
            epochs.propose(g.person, desk_id, now)
            db.session.commit()
            flash(_("A second supervisor of this desk has to agree. It waits for 72 hours."), "success")
            return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
        db.session.commit()
        return render_template("staff/desks/codes.html", desk=page.desk, codes=codes)
    agreed = epochs.is_agreed(g.person, desk_id, now)
    return render_template("staff/desks/renew_keys.html", page=page, form=form, agreed=agreed)


@bp.route("/desks/<desk_id>/keys/bring-over", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def bring_over(desk_id: str) -> Answer:
    """Bring tips over to the new keys, for a moment at each post; the script posts until nothing is left."""
    page = members.read_desk_page(g.person, desk_id, clock.now())
    form = TiplineForm()
    if form.validate_on_submit():
        until, total = time.monotonic() + AT_ONCE, 0
        while time.monotonic() < until:
            db.begin_writing()
            done = resealing.reseal_batch(g.person, desk_id, clock.now())
            db.session.commit()
            total += done
            if not done:
                break
        if not total and resealing.count_left(desk_id).total:
            flash(_("Nothing went over: the rest is with another session, or was changed in the database."), "note")
        return redirect(url_for(".bring_over", desk_id=desk_id), SEE_OTHER)
    waits = page.left.content + (page.left.identity if page.holds_both_keys else 0)
    return render_template("staff/desks/bring_over.html", page=page, form=form, waits=waits)


@bp.post("/desks/<desk_id>/resume")
@guard.allow(Role.SUPERVISOR, fresh=True)
def resume_intake(desk_id: str) -> Answer:
    """Let tips in again after everything was found as it was signed."""
    check_token()
    epochs.resume_intake(g.person, desk_id, clock.now())
    db.session.commit()
    flash(_("Everything is as it was signed. The desk takes tips again."), "success")
    return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)


@bp.route("/desks/<desk_id>/codes/rehearse", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def rehearse_code(desk_id: str) -> Answer:
    """Show that the code on paper opens the desk's key; nobody is given anything."""
    form = forms.CodeForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    if not page.holds_both_keys:
        raise NotFound
    if form.validate_on_submit():
        try:
            drills.rehearse_code(g.person, desk_id, form.kind.data, form.code.data, clock.now())
        except (RecoveryCodeMistyped, BadInput) as refused:
            db.session.rollback()
            db.begin_writing()
            drills.note_failed(g.person, desk_id, form.kind.data, clock.now())
            db.session.commit()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The code opens the desk's key. Nothing was given to anybody."), "success")
            return redirect(url_for(".rehearse_code", desk_id=desk_id), SEE_OTHER)
    shown = drills.list_drills(desk_id)
    return render_template("staff/desks/rehearse_code.html", desk=page.desk, form=form, drills=shown)


@bp.route("/desks/<desk_id>/people/<account_id>/remove", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def take_off(desk_id: str, account_id: str) -> Answer:
    """Ask for a colleague to be taken off the desk."""
    form = TiplineForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    colleague = next((one for one in page.members if one.account.id == account_id), None)
    if colleague is None or not page.holds_both_keys:
        raise NotFound
    if form.validate_on_submit():
        waits = removals.take_off(g.person, desk_id, account_id, clock.now())
        db.session.commit()
        if waits:
            flash(_("This waits for a second person: an administrator, or another supervisor of this desk."), "success")
        else:
            flash(_("%(name)s is off the desk.", name=colleague.account.display_name), "success")
        return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return render_template("staff/desks/take_off.html", desk=page.desk, colleague=colleague, form=form)
