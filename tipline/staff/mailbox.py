"""What senders added and asked for by receipt, and what the desk writes to them."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, NotFound, ReasonNeeded
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, added, decisions, languages_found, letters, messages, retention
from tipline.services.decisions import Matter
from tipline.staff import bp, reply_templates, words
from tipline.staff.forms_mailbox import DecisionForm, LetterForm
from tipline.staff.tip import back_to, carried
from tipline.staff.work import both, press
from tipline.web import guard
from tipline.web.forms import check_token


@bp.post("/tips/<ref>/additions/<addition_id>/open")
@both
def open_addition(ref: str, addition_id: str) -> Response:
    """Open what the sender added."""
    return press(ref, lambda opened: added.open_addition(opened, addition_id, clock.now()), _("The addition is open."))


@bp.route("/tips/<ref>/message", methods=["GET", "POST"])
@both
def message(ref: str) -> str | Response:
    """A message to the sender: written, read over as the sender will see it, and sent."""
    if not messages.has_conversation():
        raise NotFound
    opened = access.access_tip(g.person, ref, now=clock.now())
    access.check_unrestricted(opened)
    form = _letter_form(opened.tip)
    step = request.form.get("step", "")
    if step == "template":
        check_token()
        if form.template.data:
            form.begin_with(*reply_templates.chosen(form.template.data))
    elif form.validate_on_submit() and step != "change":
        if step != "send":
            return _message_page("message_check.html", opened.tip, form)
        messages.send_message(opened, form.message.data, form.language.data, clock.now())
        db.session.commit()
        flash(_("Sent. The sender finds it in the mailbox."), "done")
        return back_to(ref)
    return _message_page("message.html", opened.tip, form)


@bp.get("/requests")
@both
def requests() -> str:
    """What senders asked for and nobody has decided, the most pressing first."""
    now = clock.now()
    lines = [(one, decisions.is_pressing(one, now)) for one in decisions.requests_of(g.person)]
    return render_template("staff/mailbox/requests.html", lines=lines, today=now.date(), words=words)


@bp.get("/requests/<request_id>")
@both
def rights_request(request_id: str) -> str:
    """One request: what is asked, by when, and what stands against it."""
    return _request_page(decisions.read_matter(g.person, request_id), None)


@bp.route("/requests/<request_id>/decide", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def decide_request(request_id: str) -> str | Response:
    """A supervisor decides a request."""
    matter = decisions.read_matter(g.person, request_id)
    if matter.request.state != "open":
        return redirect(url_for("staff.rights_request", request_id=request_id), code=303)
    form = _decision_form(matter)
    if not form.validate_on_submit():
        return _request_page(matter, form)
    try:
        erased = decisions.decide(g.person, request_id, form.answer(), clock.now())
    except (BadInput, ReasonNeeded) as refused:
        db.session.rollback()
        form.refuse(refused)
        return _request_page(matter, form)
    db.session.commit()
    if erased is not None:
        retention.discard(erased.stored_names)
    flash(_("The tip is erased.") if erased else _("Decided. The sender finds the answer in the mailbox."), "done")
    return redirect(url_for("staff.requests"), code=303)


def _letter_form(tip: access.TipFacts) -> LetterForm:
    """The message's form; only for whoever reads English is a language chosen beforehand."""
    start = {"language": tip.ui_language if tip.ui_language == languages.ENGLISH.tag else ""}
    choices = reply_templates.choices(tip.desk_id, tip.ui_language)
    return LetterForm(choices, data=start if request.method == "GET" else None)


def _message_page(template: str, tip: access.TipFacts, form: LetterForm) -> str:
    written_in = languages.by_tag(form.language.data or "")
    return render_template(
        f"staff/mailbox/{template}",
        tip=tip,
        form=form,
        address=carried(tip),
        preview={
            "kind": "message",
            "language": form.language.data,
            "text": form.message.data,
            "written_at": clock.now(),
        },
        language_of=languages.by_tag,
        form_language=languages.by_tag(tip.ui_language),
        reads_like=written_in and languages_found.disagrees(form.message.data or "", written_in.id),
    )


def _decision_form(matter: Matter) -> DecisionForm:
    start = {"language": languages.ENGLISH.tag, "message": "" if matter.erases else letters.access_letter(matter.tip)}
    return DecisionForm(
        erases=matter.erases, against=bool(matter.against), data=start if request.method == "GET" else None
    )


def _request_page(matter: Matter, form: DecisionForm | None) -> str:
    now = clock.now()
    return render_template(
        "staff/mailbox/request.html",
        matter=matter,
        pressing=decisions.is_pressing(matter.request, now),
        today=now.date(),
        form=form,
        refusal=letters.refusal_letter() if form else None,
        form_language=languages.by_tag(matter.tip.ui_language),
        is_supervisor=Role.SUPERVISOR in g.person.roles,
        words=words,
    )
