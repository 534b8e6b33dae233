"""The mode of the service: open, maintenance or closed, and the words that say so."""

from __future__ import annotations

from flask import abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp, wording
from tipline.admin.forms_modes import ModeForm, WordsForm
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.roles import Role
from tipline.services import modes
from tipline.web import guard


@bp.route("/mode", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def mode() -> str | Response:
    """Open, maintenance or closed; takes effect at once."""
    current = modes.read_mode()
    form = ModeForm(mode=current.name, objects_shown=current.objects_shown)
    if form.validate_on_submit():
        modes.set_mode(form.mode.data, g.person.actor, clock.now(), objects_shown=form.objects_shown.data)
        db.session.commit()
        flash(_("The service is in the mode “%(mode)s” from now on.", mode=form.mode.data), "success")
        return redirect(url_for("admin.mode"), 303)
    return render_template(
        "admin/modes/mode.html", form=form, mode=current, worded=modes.WORDED, languages=UI_LANGUAGES
    )


@bp.route("/mode/<name>/words/<tag>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def mode_words(name: str, tag: str) -> str | Response:
    """Own words for a mode in one language."""
    language = wording.language_of(tag)
    if name not in modes.WORDED:
        abort(404)
    form = WordsForm(words=modes.read_mode().words_in(language.tag, name))
    if form.validate_on_submit():
        modes.write_words(name, language.tag, form.words.data or "", g.person.actor, clock.now())
        db.session.commit()
        flash(_("The words are saved."), "success")
        return redirect(url_for("admin.mode"), 303)
    return render_template("admin/modes/words.html", form=form, name=name, word_language=language)
