"""One's own account: key words, sessions, password, second factor."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from tipline import clock
from tipline.errors import BadInput, SignInDelayed, SignInFailed, WrongPassword
from tipline.extensions import db
from tipline.services import account_changes, accounts, compromises, factor_codes, factors, passkeys, sessions
from tipline.staff import forms_signin as forms
from tipline.staff.signin import SEE_OTHER, Answer, bp, draw_code, wait_words
from tipline.web import guard, trying
from tipline.web import signin as door
from tipline.web.cleaning import clean_line
from tipline.web.forms import check_token


@bp.get("/account")
@guard.signed_in
def account() -> Answer:
    """Who I am here, how I sign in and where I am signed in."""
    now = clock.now()
    return render_template(
        "staff/account/account.html",
        account=accounts.read_account(g.person.id),
        sessions=sessions.list_sessions(g.person, now),
        passkeys=passkeys.list_passkeys(g.person),
        codes_left=factor_codes.count_codes(g.person.id),
        changes=account_changes.list_changes(g.person.id, now),
        change_words=forms.CHANGES,
    )


@bp.route("/account/password", methods=["GET", "POST"])
@guard.signed_in
def change_password() -> Answer:
    """Choose another password; the key behind it stays."""
    form = forms.ChangePasswordForm()
    if form.validate_on_submit():
        try:
            trying.check_password(g.person, form.current.data)
            door.change_password(g.person, form.password.data)
        except WrongPassword:
            form.add_error("current", forms.PASSWORD_WRONG)
        except SignInDelayed as delayed:
            db.session.rollback()
            form.add_error("current", wait_words(delayed.seconds))
        except BadInput as refused:
            form.refuse(refused)
        else:
            flash(_("Your password is changed. Your other sessions have ended."), "success")
            return redirect(url_for(".account"), SEE_OTHER)
    return render_template("staff/account/change_password.html", form=form, offered=form.offer())


@bp.route("/account/factor", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def new_factor() -> Answer:
    """Ask before a new second factor is drawn; the old one works until the new one is confirmed."""
    if request.method == "POST":
        check_token()
        factors.start_enrolment(g.person)
        db.session.commit()
        return redirect(url_for(".confirm_factor"), SEE_OTHER)
    return render_template("staff/account/new_factor.html")


@bp.route("/account/factor/confirm", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def confirm_factor() -> Answer:
    """The first code of the new second factor."""
    form = forms.FactorForm()
    if form.validate_on_submit():
        try:
            factors.confirm_enrolment(g.person, form.code.data, clock.now())
        except SignInFailed:
            db.session.rollback()
            form.add_error("code", forms.FACTOR_NOT_TAKEN)
        else:
            db.session.commit()
            flash(_("Your new second factor is in use. Your other sessions have ended."), "success")
            return redirect(url_for(".account"), SEE_OTHER)
    enrolment = factors.read_enrolment(g.person)
    return render_template(
        "staff/account/confirm_factor.html", form=form, enrolment=enrolment, picture=draw_code(enrolment)
    )


@bp.route("/account/keys", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def end_keys() -> Answer:
    """End my keys, because somebody else may know my password; this session ends with them."""
    if request.method == "POST":
        check_token()
        compromises.report(g.person, g.person.id, clock.now())
        db.session.commit()
        return redirect(url_for(".sign_in"), SEE_OTHER)
    return render_template("staff/account/end_keys.html")


@bp.post("/account/sessions/end")
@guard.signed_in
def end_session() -> Answer:
    """End another session of mine."""
    check_token()
    sessions.end_session(g.person, clean_line(request.form.get("session")) or "", clock.now())
    db.session.commit()
    flash(_("That session has ended."), "success")
    return redirect(url_for(".account"), SEE_OTHER)


@bp.post("/account/sessions/end-others")
@guard.signed_in
def end_other_sessions() -> Answer:
    """End all my sessions but this one."""
    check_token()
    sessions.end_other_sessions(g.person, clock.now())
    db.session.commit()
    flash(_("Your other sessions have ended."), "success")
    return redirect(url_for(".account"), SEE_OTHER)


@bp.route("/account/codes/new", methods=["GET", "POST"])
@guard.allow(*door.EVERYBODY, fresh=True)
def new_codes() -> Answer:
    """New recovery codes. They are in the answer to the post itself and nowhere else."""
    if request.method == "POST":
        check_token()
        codes = factor_codes.make_codes(g.person, clock.now())
        db.session.commit()
        return render_template("staff/account/codes.html", codes=codes)
    return render_template("staff/account/new_codes.html", left=factor_codes.count_codes(g.person.id))
