"""People: inviting, roles, suspension, removal, lost passwords and second factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from tipline.services import accounts, approval_lists, compromises, factors, invitations, standing
from tipline.web import guard
from tipline.web.forms import TiplineForm, check_token

Answer = str | Response
SEE_OTHER = 303
WAITS = _l("Proposed. It happens once a second administrator has agreed, within 72 hours.")


@bp.get("/accounts", endpoint="accounts")
@guard.allow(Role.ADMINISTRATOR)
def list_accounts() -> Answer:
    """Everybody, and the resets that wait for a second person."""
    return render_template(
        "admin/accounts/accounts.html",
        accounts=accounts.list_accounts(),
        resets=factors.waiting_resets(g.person, clock.now()),
    )


@bp.route("/accounts/invite", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def invite() -> Answer:
    """Invite somebody. The code is in the answer to the post itself and nowhere else."""
    form = forms.InviteForm()
    if form.validate_on_submit():
        try:
            invited = invitations.invite(g.person, form.name.data, form.display_name.data, form.chosen(), clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            if isinstance(invited, str):
                flash(WAITS, "success")
                return redirect(url_for(".account", account_id=invited), SEE_OTHER)
            return render_template("admin/accounts/invited.html", invited=invited)
    return render_template("admin/accounts/invite.html", form=form)


@bp.get("/accounts/<account_id>")
@guard.allow(Role.ADMINISTRATOR)
def account(account_id: str) -> Answer:
    """One person."""
    return render_template(
        "admin/accounts/account.html",
        account=accounts.read_account(account_id),
        proposals=[
            found
            for act in ("roles", "removal", "new-password")
            if (found := approval_lists.standing(act, account_id, g.person, clock.now()))
        ],
        invitation_waits=invitations.is_waiting(account_id, clock.now()),
        factor_waits=factors.may_enrol_anew(account_id, clock.now()),
    )


@bp.route("/accounts/<account_id>/change", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def change_account(account_id: str) -> Answer:
    """What somebody is called and may do."""
    known = accounts.read_account(account_id)
    form = forms.PersonForm(data={"display_name": known.display_name, "roles": [role.value for role in known.roles]})
    if form.validate_on_submit():
        try:
            chosen = form.chosen()
            waits = standing.change_account(g.person, account_id, form.display_name.data, chosen, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(WAITS if waits else _("The change is saved."), "success")
            return redirect(url_for(".account", account_id=account_id), SEE_OTHER)
    return render_template("admin/accounts/change_account.html", form=form, account=known)


@bp.route("/accounts/<account_id>/code", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def invite_again(account_id: str) -> Answer:
    """A new code, to join or for a new password; shown in the answer to the post only."""
    form = TiplineForm()
    if form.validate_on_submit():
        invited = invitations.invite_again(g.person, account_id, clock.now())
        db.session.commit()
        if invited is not None:
            return render_template("admin/accounts/invited.html", invited=invited)
        flash(WAITS, "success")
        return redirect(url_for(".account", account_id=account_id), SEE_OTHER)
    return render_template("admin/accounts/invite_again.html", form=form, account=accounts.read_account(account_id))


@bp.route("/accounts/<account_id>/reset", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def propose_reset(account_id: str) -> Answer:
    """Ask for a second factor to be reset; somebody else has to agree."""
    said = _("The reset is proposed. Another administrator or a supervisor of the person's desk has to agree.")
    return _ask_once_more(account_id, "propose_reset", factors.propose_reset, said)


@bp.route("/accounts/<account_id>/suspend", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def suspend(account_id: str) -> Answer:
    """Keep somebody out for a while."""
    return _ask_once_more(account_id, "suspend", standing.suspend_account, _("The account is suspended."))


@bp.route("/accounts/<account_id>/keys", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def end_keys(account_id: str) -> Answer:
    """End the keys of somebody whose password or device another may know."""
    said = _(
        "The account's keys are ended, and its desks are told to make new ones. Now make a code for a new password."
    )
    return _ask_once_more(account_id, "end_keys", compromises.report, said)


@bp.route("/accounts/<account_id>/restore", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def restore(account_id: str) -> Answer:
    """Let somebody in again."""
    return _ask_once_more(account_id, "restore", standing.restore_account, _("The account is active again."))


@bp.route("/accounts/<account_id>/remove", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def remove(account_id: str) -> Answer:
    """End an account for good."""
    said = _("The account, its key and all its grants are gone.")
    return _ask_once_more(account_id, "remove", standing.remove_account, said, gone=True)


@bp.post("/resets/<reset_id>/confirm")
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def confirm_reset(reset_id: str) -> Answer:
    """Agree to a reset that another administrator proposed."""
    check_token()
    factors.confirm_reset(g.person, reset_id, clock.now())
    db.session.commit()
    flash(_("The second factor is reset. The person signs in with name and password and sets up a new one."), "success")
    return redirect(url_for(".accounts"), SEE_OTHER)


def _ask_once_more(account_id: str, page: str, act: Callable[..., Any], said: str, *, gone: bool = False) -> Answer:
    """Show what the act does; with the button pressed, do it."""
    known = accounts.read_account(account_id)
    form = TiplineForm()
    if form.validate_on_submit():
        waits = act(g.person, account_id, clock.now())
        db.session.commit()
        flash(WAITS if waits else said, "success")
        return redirect(
            url_for(".accounts") if gone and not waits else url_for(".account", account_id=account_id), SEE_OTHER
        )
    return render_template(f"admin/accounts/{page}.html", form=form, account=known)
