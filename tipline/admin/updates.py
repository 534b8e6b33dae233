"""Updates: list, write, word, look at, publish, withdraw."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp, wording
from tipline.admin.forms_updates import UpdateWordsForm
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.roles import Role
from tipline.services import announcing, figures
from tipline.web import guard
from tipline.web.forms import check_token


@bp.get("/updates")
@guard.allow(Role.ADMINISTRATOR)
def updates() -> str:
    """All updates, and the figures that are shown beside them."""
    return render_template("admin/updates/updates.html", updates=announcing.updates(), figures=figures.shown())


@bp.route("/updates/new", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def write_update() -> str | Response:
    """A new update, in English first."""
    form = UpdateWordsForm()
    if form.validate_on_submit():
        try:
            slug = announcing.write(form.words(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The update is saved as a draft. Read it once more before you publish it."), "success")
            return redirect(url_for("admin.update", slug=slug), 303)
    return render_template("admin/updates/write_update.html", form=form)


@bp.get("/updates/<slug>")
@guard.allow(Role.ADMINISTRATOR)
def update(slug: str) -> str:
    """One update as the public reads it, in each language that it has."""
    return render_template("admin/updates/update.html", update=announcing.update(slug), languages=UI_LANGUAGES)


@bp.route("/updates/<slug>/words/<tag>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def update_words(slug: str, tag: str) -> str | Response:
    """An update's words in one language."""
    language = wording.language_of(tag)
    details = announcing.update(slug)
    form = UpdateWordsForm(obj=details.words.get(language.tag))
    if wording.is_saved(form, lambda: announcing.change_text(slug, language.tag, form.words(), g.person, clock.now())):
        return redirect(url_for("admin.update", slug=slug), 303)
    english = wording.beside(language, details.words)
    return render_template(
        "admin/updates/update_words.html", form=form, update=details, word_language=language, english=english
    )


@bp.post("/updates/<slug>/publish")
@guard.allow(Role.ADMINISTRATOR)
def publish_update(slug: str) -> Response:
    """Show an update to the public."""
    check_token()
    announcing.publish(slug, g.person, clock.now())
    db.session.commit()
    flash(_("The update is published. Withdraw it here if something in it is wrong."), "success")
    return redirect(url_for("admin.update", slug=slug), 303)


@bp.post("/updates/<slug>/withdraw")
@guard.allow(Role.ADMINISTRATOR)
def withdraw_update(slug: str) -> Response:
    """Take an update off the public pages."""
    check_token()
    announcing.withdraw(slug, g.person, clock.now())
    db.session.commit()
    flash(
        _("The update is withdrawn. It is no longer on the pages or in the feed. You can publish it again."), "success"
    )
    return redirect(url_for("admin.update", slug=slug), 303)
