"""The desks that somebody is on: founding, letting in, recovery codes, what members are told."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, NeedsSecondPerson, NotFound
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import desks, factors, members, recovery, safeguarding
from tipline.staff import bp
from tipline.staff import forms_desks as forms
from tipline.web import guard
from tipline.web.forms import TiplineForm, check_token

Answer = str | Response
SEE_OTHER = 303


@bp.get("/desks", endpoint="desks")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def list_desks() -> Answer:
    """My desks, and what waits for me there."""
    return render_template(
        "staff/desks/desks.html",
        seats=desks.seats_of(g.person),
        resets=factors.waiting_resets(g.person, clock.now()),
    )


@bp.get("/desks/<desk_id>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def desk(desk_id: str) -> Answer:
    """One desk: its people, their key words and keys, its codes."""
    return render_template(
        "staff/desks/desk.html",
        page=members.read_desk_page(g.person, desk_id, clock.now()),
        safeguarders=safeguarding.safeguarders(desk_id),
        is_supervisor=Role.SUPERVISOR in g.person.roles,
    )


@bp.post("/desks/<desk_id>/safeguarders/<account_id>")
@guard.allow(Role.SUPERVISOR)
def name_safeguarder(desk_id: str, account_id: str) -> Answer:
    """Name somebody who reads what people tell of abuse of their own, or take that back."""
    check_token()
    change = safeguarding.name if request.form.get("named") else safeguarding.take_back
    change(g.person, desk_id, account_id, clock.now())
    db.session.commit()
    flash(_("This is kept."), "success")
    return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)


@bp.route("/desks/<desk_id>/found", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def found_desk(desk_id: str) -> Answer:
    """Make the desk's keys. The codes are in the answer to the post itself and nowhere else."""
    form = TiplineForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    if form.validate_on_submit():
        codes = desks.found_desk(g.person, desk_id, clock.now())
        db.session.commit()
        return render_template("staff/desks/codes.html", desk=page.desk, codes=codes)
    if not page.can_found:
        raise NotFound
    return render_template("staff/desks/found_desk.html", desk=page.desk, form=form)


@bp.route("/desks/<desk_id>/codes/new", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def renew_codes(desk_id: str) -> Answer:
    """New recovery codes, once a second supervisor has agreed; the old ones open nothing from then on."""
    form = TiplineForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    if form.validate_on_submit():
        try:
            codes = recovery.renew_codes(g.person, desk_id, clock.now())
        except NeedsSecondPerson:
            db.session.rollback()
            return _ask_to_renew(desk_id)
        db.session.commit()
        return render_template("staff/desks/codes.html", desk=page.desk, codes=codes)
    if not page.holds_both_keys:
        raise NotFound
    return render_template("staff/desks/renew_codes.html", page=page, form=form)


def _ask_to_renew(desk_id: str) -> Response:
    db.begin_writing()
    recovery.ask_to_renew(g.person, desk_id, clock.now())
    db.session.commit()
    flash(_("A second supervisor of this desk has to agree. It waits for 72 hours."), "success")
    return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)


@bp.route("/desks/<desk_id>/codes/confirm", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def confirm_code(desk_id: str) -> Answer:
    """Type a code from the paper, to show that it is right."""
    form = forms.CodeForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    if form.validate_on_submit():
        try:
            recovery.confirm_code(g.person, desk_id, form.kind.data, form.code.data, clock.now())
        except forms.REFUSED_CODES as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The code is right, and you have confirmed it."), "success")
            return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return render_template("staff/desks/confirm_code.html", desk=page.desk, form=form)


@bp.route("/desks/<desk_id>/codes/use", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def use_code(desk_id: str) -> Answer:
    """Take a desk's key back with the code on paper, once a second person has agreed."""
    form = forms.CodeForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    if form.validate_on_submit():
        try:
            recovery.use_code(g.person, desk_id, form.kind.data, form.code.data, clock.now())
        except NeedsSecondPerson:
            db.session.rollback()
            return _ask_to_use(desk_id, form.kind.data)
        except forms.REFUSED_CODES as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("You hold this key again. Now make new recovery codes: the one you typed is used up."), "success")
            return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return render_template("staff/desks/use_code.html", desk=page.desk, form=form)


def _ask_to_use(desk_id: str, kind: Any) -> Response:
    db.begin_writing()
    recovery.ask_to_use(g.person, desk_id, kind, clock.now())
    db.session.commit()
    flash(
        _(
            "The code is right. An administrator or a supervisor of this desk has to agree first, within 72 hours; "
            "then type it again."
        ),
        "success",
    )
    return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)


@bp.route("/desks/<desk_id>/people/<account_id>", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, fresh=True)
def grant_member(desk_id: str, account_id: str) -> Answer:
    """Let a colleague in, after typing the words that they read out. The page does not show the words."""
    form = forms.GrantForm()
    page = members.read_desk_page(g.person, desk_id, clock.now())
    colleague = next((member for member in page.members if member.account.id == account_id), None)
    if colleague is None or not colleague.can_be_let_in:
        raise NotFound
    if form.validate_on_submit():
        try:
            desks.grant_member(g.person, desk_id, account_id, form.words.data, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("%(name)s can now open this desk's tips.", name=colleague.account.display_name), "success")
            return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return render_template("staff/desks/grant_member.html", desk=page.desk, colleague=colleague, form=form)


@bp.post("/resets/<reset_id>/confirm")
@guard.allow(Role.SUPERVISOR, fresh=True)
def confirm_reset(reset_id: str) -> Answer:
    """Agree that a colleague's second factor is reset."""
    check_token()
    factors.confirm_reset(g.person, reset_id, clock.now())
    db.session.commit()
    flash(
        _("The second factor is reset. Your colleague signs in with name and password and sets up another."),
        "success",
    )
    return redirect(url_for(".desks"), SEE_OTHER)
