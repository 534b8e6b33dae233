"""One's own passkeys: add, see and revoke them."""

from __future__ import annotations

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from tipline import clock
from tipline.errors import BadInput, PasskeyRefused
from tipline.extensions import db
from tipline.services import passkeys
from tipline.staff import forms_signin as forms
from tipline.staff.signin import SEE_OTHER, Answer, bp
from tipline.web import guard
from tipline.web import passkeys as asking
from tipline.web import signin as door
from tipline.web.cleaning import clean_line
from tipline.web.forms import check_token


@bp.route("/account/passkeys/add", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def add_passkey() -> Answer:
    """Give a passkey a name; the browser makes it."""
    form = forms.AddPasskeyForm()
    if form.validate_on_submit():
        try:
            passkeys.check_label(g.person, form.label.data)
            sent = asking.sent_to_add(form.answer.data or "", g.person)
            db.session.rollback()  # nothing is held while the key is locked
            locked = passkeys.lock(g.person, (form.secret.data or "") if form.opens.data else "")
            db.begin_writing()
            passkeys.add_passkey(g.person, sent, form.label.data, locked, clock.now())
        except PasskeyRefused:
            form.form_errors.append(forms.PASSKEY_NOT_TAKEN)
        except BadInput as refused:
            form.refuse(refused)
        else:
            db.session.commit()
            flash(*_added(wanted=form.opens.data, opens=locked.locked_seed is not None))
            return redirect(url_for(".account"), SEE_OTHER)
        db.session.rollback()
    return render_template("staff/account/add_passkey.html", form=form, has_passkeys=asking.are_possible())


@bp.post("/account/passkeys/challenge")
@guard.allow(*door.EVERYBODY, fresh=True)
def passkey_challenge() -> Answer:
    """What the browser is asked to make; it changes nothing but the own cookie. Raises BadInput on ``label``."""
    passkeys.check_label(g.person, clean_line(request.form.get("label")) or "")
    return jsonify(asking.ask_to_add(g.person))


@bp.route("/account/passkeys/<passkey_id>/revoke", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def revoke_passkey(passkey_id: str) -> Answer:
    """Ask before a passkey is taken away."""
    if request.method == "POST":
        check_token()
        passkeys.revoke_passkey(g.person, passkey_id, clock.now())
        db.session.commit()
        flash(_("The passkey is revoked. Your other sessions have ended."), "success")
        return redirect(url_for(".account"), SEE_OTHER)
    return render_template("staff/account/revoke_passkey.html", passkey=passkeys.read_passkey(g.person, passkey_id))


def _added(*, wanted: bool, opens: bool) -> tuple[str, str]:
    if wanted and not opens:
        return _(
            "The passkey is added as a second factor. This device or browser cannot open your key with it."
        ), "note"
    return _("The passkey is added. Your other sessions have ended."), "success"
