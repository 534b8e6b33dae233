"""Reply templates of a desk: each with a text per language, as senders will read it."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.services import messages
from tipline.services import reply_templates as service
from tipline.services.reply_templates import Template
from tipline.staff import bp, filters
from tipline.staff.forms_reply_templates import ReplyTemplateForm
from tipline.staff.work import both
from tipline.web.forms import check_token


@bp.get("/reply-templates", endpoint="reply_templates")
@both
def list_reply_templates() -> str | Response:
    """The templates of one desk."""
    _check_conversation()
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    known = service.of_desk(g.person, wanted.desk_id)
    return _page("reply_templates.html", known=known, desk_id=wanted.desk_id)


@bp.route("/reply-templates/new", methods=["GET", "POST"])
@both
def new_reply_template() -> str | Response:
    """A template in its first language."""
    _check_conversation()
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = ReplyTemplateForm()
    if form.validate_on_submit():
        title, tag, text = form.template_title.data, form.language.data, form.message.data
        try:
            template_id = service.make(g.person, wanted.desk_id, title, tag, text, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        except WrongState:
            db.session.rollback()
            form.form_errors.append(_("This desk has a hundred templates. Remove one first."))
        else:
            return _kept(template_id)
    return _page("new_reply_template.html", form=form, desk_id=wanted.desk_id)


@bp.get("/reply-templates/<template_id>")
@both
def reply_template(template_id: str) -> str:
    """One template, in every language as the sender reads it."""
    _check_conversation()
    return _page("reply_template.html", template=service.find(g.person, template_id), now=clock.now())


@bp.route("/reply-templates/<template_id>/text", methods=["GET", "POST"])
@both
def write_reply_template(template_id: str) -> str | Response:
    """The words of a template in one language, new or anew; with its other languages beside."""
    _check_conversation()
    template = service.find(g.person, template_id)
    form = ReplyTemplateForm(data=_filled(template) if request.method == "GET" else None)
    if form.validate_on_submit():
        title, tag, text = form.template_title.data, form.language.data, form.message.data
        try:
            service.write(g.person, template, title, tag, text, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            return _kept(template_id)
    return _page("write_reply_template.html", template=template, form=form, now=clock.now())


@bp.post("/reply-templates/<template_id>/<language>/remove")
@both
def drop_reply_language(template_id: str, language: str) -> Response:
    """Take one language out of a template."""
    check_token()
    try:
        service.drop(g.person, service.find(g.person, template_id), language, clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("This is its only language. Remove the whole template instead."), "note")
    else:
        db.session.commit()
        flash(_("The language is taken out."), "done")
    return redirect(url_for("staff.reply_template", template_id=template_id), code=303)


@bp.post("/reply-templates/<template_id>/remove")
@both
def remove_reply_template(template_id: str) -> Response:
    """Erase a template."""
    check_token()
    template = service.find(g.person, template_id)
    service.remove(g.person, template, clock.now())
    db.session.commit()
    flash(_("The template is removed. Messages that were sent with it stay."), "done")
    return redirect(url_for("staff.reply_templates", desk=template.desk_id), code=303)


def choices(desk_id: str, reads: str) -> list[tuple[str, str]]:
    """The templates of a desk in each of their languages, for a list; those in what the sender reads come first."""
    every = [(one, tag) for one in service.of_desk(g.person, desk_id) for tag in one.texts]
    every.sort(key=lambda pair: pair[1] != reads)
    return [(f"{one.id}:{tag}", f"{one.title}: {_label(tag)}") for one, tag in every]


def chosen(value: str) -> tuple[str, str]:
    """Text and language that such a choice stands for. Raises NotFound."""
    template_id, _colon, tag = value.partition(":")
    text = service.find(g.person, template_id).texts.get(tag)
    if text is None:
        raise NotFound
    return text, tag


def _label(tag: str) -> str:
    known = languages.by_tag(tag)
    return known.label if known else tag


def _filled(template: Template) -> dict[str, Any]:
    tag = request.args.get("language", "")
    return {"template_title": template.title, "language": tag, "message": template.texts.get(tag, "")}


def _kept(template_id: str) -> Response:
    db.session.commit()
    flash(_("The template is kept."), "done")
    return redirect(url_for("staff.reply_template", template_id=template_id), code=303)


def _page(name: str, **values: Any) -> str:
    return render_template(f"staff/reply_templates/{name}", language_of=languages.by_tag, **values)


def _check_conversation() -> None:
    if not messages.has_conversation():
        raise NotFound
