"""Signing in and out, joining by invitation, the second factor, and the password once more."""

from __future__ import annotations

import segno
from flask import Blueprint, Flask, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, SignInDelayed, SignInFailed, WrongPassword
from tipline.extensions import db
from tipline.services import factors, invitations, sessions
from tipline.staff import forms_signin as forms
from tipline.web import guard, passkeys, trying
from tipline.web import signin as door
from tipline.web.forms import check_token

bp = Blueprint("signin", __name__, url_prefix="/staff")

Answer = str | Response
SEE_OTHER = 303


def register(app: Flask) -> None:
    """Put the pages of signing in and of one's own account in; served with the desk's and with the admin part."""
    from tipline.staff import account, log_effects, notices, passkeys, welfare  # noqa: F401, PLC0415 - they need the blueprint above

    door.register(app)
    app.register_blueprint(bp)


@bp.route("/sign-in", methods=["GET", "POST"])
@guard.anyone
def sign_in() -> Answer:
    """Name, password, and a code or a passkey."""
    form = forms.SignInForm()
    if form.validate_on_submit():
        try:
            if form.secret.data:
                opened = trying.sign_in_by_passkey(form.answer.data or "", form.secret.data)
            else:
                opened = trying.sign_in(form.name.data, form.password.data, form.code.data or "", form.answer.data)
        except SignInFailed:
            form.form_errors.append(forms.NOT_LET_IN)
        else:
            return let_in(opened)
    return render_template("staff/signin/sign_in.html", form=form, has_passkeys=passkeys.are_possible())


@bp.post("/sign-in/challenge")
@guard.anyone
def challenge() -> Answer:
    """What the browser asks a passkey to sign: the same for everybody, and it changes nothing but the own cookie."""
    return jsonify(passkeys.ask_to_sign())


def let_in(opened: sessions.Opened) -> Answer:
    """Where somebody goes on who has just signed in."""
    if opened.purpose == sessions.ENROLLING:
        return redirect(url_for(".factor"), SEE_OTHER)
    if opened.factor == factors.BY_RECOVERY_CODE:
        flash(_("You signed in with a recovery code. It does not work again."))
        return redirect(url_for(".account"), SEE_OTHER)
    return redirect(door.home_address(opened.roles), SEE_OTHER)


@bp.post("/sign-out")
@guard.signed_in
def sign_out() -> Answer:
    """End the session on both sides."""
    check_token()
    door.sign_out(g.person)
    return redirect(url_for(".signed_out"), SEE_OTHER)


@bp.get("/signed-out")
@guard.anyone
def signed_out() -> Answer:
    """What somebody sees who has just left."""
    return render_template("staff/signin/signed_out.html")


@bp.route("/join", methods=["GET", "POST"])
@guard.anyone
def join() -> Answer:
    """The invitation's name and code."""
    form = forms.JoinForm()
    if form.validate_on_submit():
        db.begin_writing()
        try:
            joining = invitations.check_code(form.name.data, form.code.data, clock.now())
        except SignInFailed:
            form.form_errors.append(forms.CODE_NOT_TAKEN)
        else:
            db.session.commit()
            door.start_joining(joining)
            return redirect(url_for(".join_password"), SEE_OTHER)
        db.session.commit()  # the try was counted
    return render_template("staff/signin/join.html", form=form)


@bp.route("/join/password", methods=["GET", "POST"])
@guard.anyone
def join_password() -> Answer:
    """Choose a password; the account's key is made behind it."""
    joining = door.current_joining()
    db.session.rollback()  # nothing is held while the key is made
    form = forms.PasswordChoiceForm()
    if form.validate_on_submit():
        try:
            seed, locked_seed = invitations.new_keys(joining, form.password.data)
        except BadInput as refused:
            form.refuse(refused)
        else:
            door.join(joining, seed, locked_seed)
            return redirect(url_for(".factor"), SEE_OTHER)
    return render_template("staff/signin/join_password.html", form=form, offered=form.offer(), joining=joining)


@bp.route("/join/factor", methods=["GET", "POST"])
@guard.anyone
def factor() -> Answer:
    """Set up an authenticator app and confirm its first code."""
    form = forms.FactorForm()
    if form.validate_on_submit():
        try:
            opened = door.confirm_factor(form.code.data)
        except SignInFailed:
            db.session.rollback()
            form.add_error("code", forms.FACTOR_NOT_TAKEN)
        else:
            return redirect(door.home_address(opened.roles), SEE_OTHER)
    enrolment = factors.read_enrolment(door.enrolling_person())
    return render_template("staff/signin/factor.html", form=form, enrolment=enrolment, picture=draw_code(enrolment))


@bp.route("/again", methods=["GET", "POST"])
@guard.signed_in
def again() -> Answer:
    """The password once more, before a step that needs it fresh."""
    form = forms.AgainForm()
    wanted = door.safe_next(request.args.get("next"), g.person.roles)
    if form.validate_on_submit():
        try:
            trying.check_password(g.person, form.password.data)
        except WrongPassword:
            form.add_error("password", forms.PASSWORD_WRONG)
        except SignInDelayed as delayed:
            db.session.rollback()
            form.add_error("password", wait_words(delayed.seconds))
        else:
            return redirect(wanted, SEE_OTHER)
    return render_template("staff/signin/again.html", form=form, back=door.home_address(g.person.roles))


def draw_code(enrolment: factors.Enrolment) -> Markup:
    """The QR code of an enrolment as an SVG element: no file, no inline style."""
    drawn = segno.make(enrolment.address, error="m").svg_inline(scale=5, border=2, light="#fff", svgclass=None)
    return Markup(drawn)  # noqa: S704 - paths and numbers, made by segno


def wait_words(seconds: int) -> str:
    """How long to wait after too many wrong tries."""
    return str(_("There were too many wrong tries. Wait %(seconds)s seconds, then try again", seconds=seconds))
