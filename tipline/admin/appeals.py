"""Appeals: list, make, word, publish, withdraw."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp, wording
from tipline.admin.forms_appeals import MISSING, AppealForm, AppealWordsForm, chosen_reason
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.roles import Role
from tipline.services import exhibits, publications, publishing
from tipline.web import batch_words, guard
from tipline.web.forms import check_token


@bp.get("/appeals")
@guard.allow(Role.ADMINISTRATOR)
def appeals() -> str:
    """All appeals."""
    return render_template("admin/appeals/appeals.html", appeals=publishing.appeals())


@bp.route("/appeals/new", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def make_appeal() -> str | Response:
    """A new appeal, in English first."""
    form = AppealForm()
    form.desk.choices = publishing.desks()
    if form.validate_on_submit():
        try:
            slug = publishing.make_appeal(form.desk.data, form.words(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The appeal is made. Nobody outside sees it yet."), "success")
            return redirect(url_for("admin.appeal", slug=slug), 303)
    return render_template("admin/appeals/make_appeal.html", form=form)


@bp.get("/appeals/<slug>")
@guard.allow(Role.ADMINISTRATOR)
def appeal(slug: str) -> str:
    """One appeal with its exhibits."""
    return render_template(
        "admin/appeals/appeal.html",
        appeal=publishing.appeal(slug),
        exhibits=exhibits.exhibits(slug),
        languages=UI_LANGUAGES,
        missing_words=MISSING,
        batch_words=batch_words,
    )


@bp.route("/appeals/<slug>/words/<tag>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def appeal_words(slug: str, tag: str) -> str | Response:
    """An appeal's words in one language."""
    language = wording.language_of(tag)
    details = publishing.appeal(slug)
    form = AppealWordsForm(obj=details.words.get(language.tag))
    if wording.is_saved(
        form, lambda: publishing.change_appeal_text(slug, language.tag, form.words(), g.person, clock.now())
    ):
        return redirect(url_for("admin.appeal", slug=slug), 303)
    english = wording.beside(language, details.words)
    return render_template(
        "admin/appeals/appeal_words.html", form=form, appeal=details, word_language=language, english=english
    )


@bp.post("/appeals/<slug>/publish")
@guard.allow(Role.ADMINISTRATOR)
def publish_appeal(slug: str) -> Response:
    """Show an appeal to the public at once."""
    check_token()
    reason = chosen_reason()
    if reason is None:
        return redirect(url_for("admin.appeal", slug=slug), 303)
    try:
        waits = publications.publish_appeal(slug, g.person, clock.now(), reason)
    except BadInput as refused:
        db.session.rollback()
        flash(_("The appeal is not published. It still needs %(what)s.", what=MISSING[refused.reason]))
    else:
        db.session.commit()
        flash(batch_words.SECOND if waits else _("The appeal is published."), "success")
    return redirect(url_for("admin.appeal", slug=slug), 303)


@bp.post("/appeals/<slug>/withdraw")
@guard.allow(Role.ADMINISTRATOR)
def withdraw_appeal(slug: str) -> Response:
    """Take an appeal off the public pages at once."""
    check_token()
    reason = chosen_reason()
    if reason is None:
        return redirect(url_for("admin.appeal", slug=slug), 303)
    publishing.withdraw(slug, g.person, clock.now(), reason)
    db.session.commit()
    flash(_("The appeal is withdrawn. The public no longer sees it."), "success")
    return redirect(url_for("admin.appeal", slug=slug), 303)
