"""Authorities: list, enter, change, and enter the key that a supervisor then confirms."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.admin.forms_authorities import AuthorityForm, AuthorityKeyForm
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import authorities as service
from tipline.services import recipients
from tipline.web import authority_words, guard
from tipline.web.forms import check_token


@bp.get("/authorities")
@guard.allow(Role.ADMINISTRATOR)
def authorities() -> str:
    """All authorities, and what keeps each from being used."""
    return render_template(
        "admin/authorities/authorities.html", authorities=service.authorities(clock.now()), words=authority_words
    )


@bp.route("/authorities/new", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def enter_authority() -> str | Response:
    """A new authority."""
    form = AuthorityForm()
    form.offer_countries()
    if form.validate_on_submit():
        try:
            authority_id = service.enter_authority(form.entry(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The authority is entered. Now enter its key."), "success")
            return redirect(url_for("admin.authority_key", authority_id=authority_id), 303)
    return render_template("admin/authorities/enter_authority.html", form=form)


@bp.get("/authorities/<authority_id>")
@guard.allow(Role.ADMINISTRATOR)
def authority(authority_id: str) -> str:
    """One authority and its keys."""
    return render_template(
        "admin/authorities/authority.html",
        authority=service.authority(authority_id, clock.now()),
        keys=recipients.list_keys(authority_id),
        words=authority_words,
    )


@bp.route("/authorities/<authority_id>/change", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def change_authority(authority_id: str) -> str | Response:
    """An authority's record, changed."""
    line = service.authority(authority_id, clock.now())
    form = AuthorityForm(obj=line.entry)
    form.offer_countries()
    if form.validate_on_submit():
        try:
            service.change_authority(authority_id, form.entry(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The changes are saved."), "success")
            return redirect(url_for("admin.authority", authority_id=authority_id), 303)
    return render_template("admin/authorities/change_authority.html", form=form, authority=line)


@bp.route("/authorities/<authority_id>/key", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def authority_key(authority_id: str) -> str | Response:
    """An authority's key, new or changed."""
    line = service.authority(authority_id, clock.now())
    form = AuthorityKeyForm()
    if form.validate_on_submit():
        try:
            recipients.enter_key(authority_id, form.recipient.data, g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The key is entered. It is used once a supervisor has confirmed it with the authority."), "success")
            return redirect(url_for("admin.authority", authority_id=authority_id), 303)
    return render_template("admin/authorities/authority_key.html", form=form, authority=line)


@bp.post("/authorities/<authority_id>/start")
@guard.allow(Role.ADMINISTRATOR)
def start_authority(authority_id: str) -> Response:
    """Put an authority back in use."""
    return _set_active(authority_id, _("The authority is in use again."), active=True)


@bp.post("/authorities/<authority_id>/stop")
@guard.allow(Role.ADMINISTRATOR)
def stop_authority(authority_id: str) -> Response:
    """Put an authority out of use."""
    return _set_active(authority_id, _("The authority is out of use. Open proposals to it are void."), active=False)


def _set_active(authority_id: str, message: str, *, active: bool) -> Response:
    check_token()
    service.set_active(authority_id, g.person, clock.now(), active=active)
    db.session.commit()
    flash(message, "success")
    return redirect(url_for("admin.authority", authority_id=authority_id), 303)
