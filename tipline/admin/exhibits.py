"""Exhibits: make, word, picture, order, publish, withdraw, outcome."""

from __future__ import annotations

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp, wording
from tipline.admin.forms_appeals import MISSING, ExhibitWordsForm, OutcomeForm, PictureForm, chosen_reason
from tipline.errors import BadInput, FileRefused
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.roles import Role
from tipline.services import exhibits, pictures, publications, publishing
from tipline.services.appeals import parse_filename
from tipline.web import batch_words, guard
from tipline.web.forms import check_token


@bp.route("/appeals/<slug>/exhibits/new", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def make_exhibit(slug: str) -> str | Response:
    """A new exhibit, in English first."""
    form = ExhibitWordsForm()
    if form.validate_on_submit():
        try:
            ref = exhibits.make_exhibit(slug, form.words(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The exhibit is made. Now add its picture."), "success")
            return redirect(url_for("admin.exhibit_picture", ref=ref), 303)
    return render_template("admin/exhibits/make_exhibit.html", form=form, appeal=publishing.appeal(slug))


@bp.get("/appeals/exhibits/<ref>")
@guard.allow(Role.ADMINISTRATOR)
def exhibit(ref: str) -> str:
    """One exhibit."""
    return render_template(
        "admin/exhibits/exhibit.html",
        exhibit=exhibits.exhibit(ref),
        languages=UI_LANGUAGES,
        missing_words=MISSING,
        batch_words=batch_words,
    )


@bp.route("/appeals/exhibits/<ref>/words/<tag>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def exhibit_words(ref: str, tag: str) -> str | Response:
    """An exhibit's words in one language."""
    language = wording.language_of(tag)
    details = exhibits.exhibit(ref)
    form = ExhibitWordsForm(obj=details.words.get(language.tag))
    if wording.is_saved(
        form, lambda: exhibits.change_exhibit_text(ref, language.tag, form.words(), g.person, clock.now())
    ):
        return redirect(url_for("admin.exhibit", ref=ref), 303)
    english = wording.beside(language, details.words)
    return render_template(
        "admin/exhibits/exhibit_words.html", form=form, exhibit=details, word_language=language, english=english
    )


@bp.route("/appeals/exhibits/<ref>/picture", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, takes_picture=True)
def exhibit_picture(ref: str) -> str | Response:
    """An exhibit's picture: uploaded, cropped, made anew."""
    form = PictureForm()
    if form.validate_on_submit():
        try:
            rendered = pictures.render(form.data_of_picture(), form.crop())  # takes a second: before the transaction
            pictures.store(rendered)
        except FileRefused as refused:
            form.refuse(refused)
        else:
            replaced = exhibits.change_picture(ref, rendered, g.person, clock.now())
            db.session.commit()
            pictures.discard(replaced)
            flash(
                _("The picture is saved. Look at it before you publish: only what you see here is left of it."),
                "success",
            )
            return redirect(url_for("admin.exhibit", ref=ref), 303)
    return render_template("admin/exhibits/exhibit_picture.html", form=form, exhibit=exhibits.exhibit(ref))


@bp.post("/appeals/exhibits/<ref>/move")
@guard.allow(Role.ADMINISTRATOR)
def move_exhibit(ref: str) -> Response:
    """One place up or down in its appeal."""
    check_token()
    try:
        exhibits.move_exhibit(ref, request.form.get("direction", ""), g.person, clock.now())
    except BadInput:
        abort(400)
    db.session.commit()
    return redirect(url_for("admin.appeal", slug=exhibits.exhibit(ref).appeal_slug), 303)


@bp.post("/appeals/exhibits/<ref>/publish")
@guard.allow(Role.ADMINISTRATOR)
def publish_exhibit(ref: str) -> Response:
    """Release an exhibit at once."""
    check_token()
    reason = chosen_reason()
    if reason is None:
        return redirect(url_for("admin.exhibit", ref=ref), 303)
    try:
        waits = publications.publish_exhibit(ref, g.person, clock.now(), reason)
    except BadInput as refused:
        db.session.rollback()
        flash(_("The exhibit is not published. It still needs %(what)s.", what=MISSING[refused.reason]))
    else:
        db.session.commit()
        released = _("The exhibit is published. The public sees it while its appeal is published too.")
        flash(batch_words.SECOND if waits else released, "success")
    return redirect(url_for("admin.exhibit", ref=ref), 303)


@bp.post("/appeals/exhibits/<ref>/withdraw")
@guard.allow(Role.ADMINISTRATOR)
def withdraw_exhibit(ref: str) -> Response:
    """Take an exhibit off the public pages at once."""
    check_token()
    reason = chosen_reason()
    if reason is None:
        return redirect(url_for("admin.exhibit", ref=ref), 303)
    exhibits.withdraw_exhibit(ref, g.person, clock.now(), reason)
    db.session.commit()
    flash(_("The exhibit is withdrawn. The public no longer sees it or its picture."), "success")
    return redirect(url_for("admin.exhibit", ref=ref), 303)


@bp.route("/appeals/exhibits/<ref>/outcome", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def exhibit_outcome(ref: str) -> str | Response:
    """What became of an exhibit; the public does not see it."""
    details = exhibits.exhibit(ref)
    form = OutcomeForm(obj=details)
    if form.validate_on_submit():
        exhibits.record_outcome(ref, form.outcome.data or "", g.person, clock.now())
        db.session.commit()
        flash(_("The outcome is saved. Nothing public has changed."), "success")
        return redirect(url_for("admin.exhibit", ref=ref), 303)
    return render_template("admin/exhibits/exhibit_outcome.html", form=form, exhibit=details)


@bp.post("/appeals/exhibits/<ref>/reopen")
@guard.allow(Role.ADMINISTRATOR)
def reopen_exhibit(ref: str) -> Response:
    """Tips about an exhibit are needed again."""
    check_token()
    exhibits.reopen_exhibit(ref, g.person, clock.now())
    db.session.commit()
    flash(_("The outcome is removed. The public is asked for tips about this exhibit."), "success")
    return redirect(url_for("admin.exhibit", ref=ref), 303)


@bp.get("/pictures/<filename>")
@guard.allow(Role.ADMINISTRATOR)
def picture(filename: str) -> Response:
    """A rendering of any exhibit, published or not."""
    _, media_type = parse_filename(filename)
    return Response(pictures.read(filename), mimetype=media_type)
