"""The authorities that can be written to, and the keys that a supervisor confirms or refuses."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import authorities as service
from tipline.services import recipients
from tipline.staff import bp
from tipline.staff.forms_authorities import ConfirmKeyForm
from tipline.web import authority_words, guard
from tipline.web.forms import check_token


@bp.get("/authorities")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def authorities() -> str:
    """All authorities, what keeps each from being used, and the keys that wait for this person."""
    waiting = [key for key in recipients.list_keys() if recipients.can_confirm(key, g.person)]
    return render_template(
        "staff/authorities/authorities.html",
        authorities=service.authorities(clock.now()),
        waiting=waiting,
        words=authority_words,
    )


@bp.route("/authorities/keys/<key_id>", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def authority_key(key_id: str) -> str | Response:
    """Confirm a key after comparing its fingerprint with the authority."""
    form = ConfirmKeyForm()
    if form.validate_on_submit():
        try:
            recipients.confirm_key(key_id, form.fingerprint.data, form.channel.data, g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The key is confirmed. Your desk can now write to this authority."), "success")
            return redirect(url_for("staff.authorities"), 303)
    key = recipients.read_key(key_id)
    return render_template(
        "staff/authorities/authority_key.html",
        form=form,
        key=key,
        authority=service.authority(key.authority_id, clock.now()),
        may_confirm=recipients.can_confirm(key, g.person),
        words=authority_words,
    )


@bp.post("/authorities/keys/<key_id>/refuse")
@guard.allow(Role.SUPERVISOR, fresh=True)
def refuse_authority_key(key_id: str) -> Response:
    """End a key that is not the authority's."""
    check_token()
    recipients.refuse_key(key_id, g.person, clock.now())
    db.session.commit()
    flash(_("The key is refused. Nothing can be sent with it; open proposals are void."), "success")
    return redirect(url_for("staff.authorities"), 303)
