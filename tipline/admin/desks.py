"""Desks: naming them, their founders and their people. No key is made or given here."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.admin import forms_accounts as forms
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import accounts, desks, founders, members, recovery, removals
from tipline.web import guard
from tipline.web.forms import TiplineForm

Answer = str | Response
SEE_OTHER = 303
NAMED = _l("The desk is named. One of its founders now makes its keys, at the staff door.")
PROPOSED = _l(
    "The desk is proposed. It is named once a second administrator has agreed to its founders, within 72 hours."
)


@bp.get("/desks", endpoint="desks")
@guard.allow(Role.ADMINISTRATOR)
def list_desks() -> Answer:
    """All desks."""
    return render_template("admin/desks/desks.html", desks=desks.list_desks())


@bp.route("/desks/name", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def name_desk() -> Answer:
    """Name a desk and its founders."""
    form = forms.DeskForm()
    supervisors = [one for one in accounts.list_accounts() if Role.SUPERVISOR in one.roles]
    form.founders.choices = [(one.id, one.display_name) for one in supervisors]
    if form.validate_on_submit():
        try:
            desk_id = founders.name_desk(g.person, form.name.data, form.founders.data, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(NAMED if desk_id else PROPOSED, "success")
            return redirect(url_for(".desk", desk_id=desk_id) if desk_id else url_for(".desks"), SEE_OTHER)
    return render_template("admin/desks/name_desk.html", form=form, supervisors=supervisors)


@bp.route("/desks/<desk_id>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def desk(desk_id: str) -> Answer:
    """One desk: its people; name somebody for it."""
    form = forms.MemberForm()
    people = members.candidates(desk_id)
    form.offer(people)
    if form.validate_on_submit():
        try:
            desks.name_member(g.person, desk_id, form.account.data, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The person is named. They can read nothing until a member of the desk lets them in."), "success")
            return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return _desk_page(desk_id, form, some=bool(people))


@bp.route("/desks/<desk_id>/people/<account_id>/remove", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def remove_member(desk_id: str, account_id: str) -> Answer:
    """Take somebody off a desk."""
    form = TiplineForm()
    known = desks.read_desk(desk_id)
    account = accounts.read_account(account_id)
    if form.validate_on_submit():
        waits = removals.take_off(g.person, desk_id, account_id, clock.now())
        db.session.commit()
        if waits:
            flash(_("This waits for a second person: another administrator, or a supervisor of the desk."), "success")
        else:
            flash(_("The person is off the desk and holds none of its keys any more."), "success")
        return redirect(url_for(".desk", desk_id=desk_id), SEE_OTHER)
    return render_template("admin/desks/remove_member.html", form=form, desk=known, account=account)


def _desk_page(desk_id: str, form: forms.MemberForm, *, some: bool) -> str:
    return render_template(
        "admin/desks/desk.html",
        desk=desks.read_desk(desk_id),
        members=members.list_members(desk_id),
        codes=recovery.read_codes(desk_id),
        form=form,
        some=some,
    )
