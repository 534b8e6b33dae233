"""The tip journey: what you know, check, send, sent; beside it contact, deleting and copies. Files are in ``files``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from tipline import clock, config
from tipline.errors import Busy, DraftGone, DraftSpent, Full, NotFound, OnceMore, WrongState
from tipline.extensions import db
from tipline.public import bp, copies, forms
from tipline.public.forms_mailbox import AdditionForm
from tipline.services import additions, drafts, seal_targets, sent_tips, versions
from tipline.services.seal_targets import TipTarget
from tipline.web import crowd, guard, journey
from tipline.web.locale import current_language

NO_ROOM = Busy.status, {"Retry-After": str(Full.seconds)}  # after a page that says so


@bp.errorhandler(DraftSpent)
def already_sent(_error: DraftSpent) -> Any:
    """Whatever was asked of a draft that is sent: the answer is the page that says so."""
    db.session.rollback()
    return redirect(url_for("public.sent"), code=303)


@bp.route("/tip", methods=["GET", "POST"])
@bp.route("/exhibits/<ref>/tip", methods=["GET", "POST"])
@guard.anyone
def tip(ref: str | None = None) -> Any:
    """What do you know? The first page; a GET makes no draft."""
    about, now = _about(ref), clock.now()
    if request.method == "GET":
        return _tip_page(about, journey.find_draft(now))
    db.session.rollback()  # no transaction stays open while a body is read
    form = forms.TipForm()
    if not form.validate_on_submit():
        return _show(about, form, unsent=False)
    if not save(form, about, now, doubtful=crowd.is_doubtful(now)):
        return _show(about, form, unsent=False), *NO_ROOM
    return redirect(url_for("public.check"), code=303)


def save(form: forms.TipForm | AdditionForm, about: TipTarget, now: dt.datetime, *, doubtful: bool) -> bool:
    """Put a valid form into the visitor's draft and commit; False, with an error beside the text, for want of room."""
    try:
        crowd.take_draft(now, doubtful=doubtful)
        db.begin_writing()
        gone = journey.save_answers(form.as_answers(), about, now, doubtful=doubtful)
    except Busy:
        db.end()
        form.add_error("narrative", _("There is no room for new tips at this moment. Try again in a few minutes."))
        return False
    db.session.commit()
    journey.discard(gone)
    return True


def _about(ref: str | None) -> TipTarget:
    """Where this tip goes. Whoever is writing already goes on, even if the object was taken down meanwhile."""
    if ref is None:
        return seal_targets.for_anything()
    try:
        return seal_targets.for_exhibit(ref, current_language().tag)
    except NotFound:
        if request.method == "GET" and request.args.get("from") != "check":
            raise
        return seal_targets.for_started(ref)


def _tip_page(about: TipTarget, draft: drafts.OpenDraft | None) -> str:
    mine = draft is not None and journey.is_about(draft, about)
    answers = drafts.read_parts(draft)[0] if draft is not None and mine else None
    return _show(about, forms.TipForm.of(answers, current_language().id), unsent=draft is not None and not mine)


def _show(about: TipTarget, form: forms.TipForm, *, unsent: bool) -> str:
    changing = request.args.get("from") == "check"
    return render_template("public/tip/tip.html", form=form, about=about, unsent=unsent, changing=changing)


@bp.get("/tip/check")
@guard.anyone
def check() -> Any:
    """Check your answers: not sent yet."""
    return _check_page(forms.SendForm())


def _check_page(form: forms.SendForm, *, once_more: bool = False) -> Any:
    now = clock.now()
    draft = journey.open_draft(now)
    if draft.adds_to is not None:  # it belongs to a tip that was sent before
        return redirect(url_for("public.check_addition"), code=303)
    answers, identity = drafts.read_parts(draft)
    return render_template(
        "public/tip/check.html",
        form=form,
        once_more=once_more,
        asked=crowd.ask(journey.secret(), now),
        answers=answers,
        identity=identity,
        rows=copies.answer_rows(answers) if answers else (),
        exhibit=seal_targets.name_exhibit(draft.exhibit_id, current_language().tag),
        files=versions.list_files(draft),
        profile=config.current().profile,
        max_files=config.current().max_files,
    )


@bp.route("/tip/contact", methods=["GET", "POST"])
@guard.anyone
def contact() -> Any:
    """How can we reach you? Only where the profile asks for it."""
    if not config.current().profile.contact_details:
        return redirect(url_for("public.check"), code=303)
    now = clock.now()
    draft = journey.open_draft(now)
    if draft.adds_to is not None:
        return redirect(url_for("public.check_addition"), code=303)
    if request.method == "GET":
        return render_template("public/tip/contact.html", form=forms.ContactForm(obj=drafts.read_parts(draft)[1]))
    db.session.rollback()  # no transaction stays open while a body is read
    form = forms.ContactForm()
    if not form.validate_on_submit():
        return render_template("public/tip/contact.html", form=form)
    db.begin_writing()
    drafts.write_identity(draft, form.as_identity(), now)
    db.session.commit()
    return redirect(url_for("public.check"), code=303)


@bp.post("/tip/send")
@guard.anyone
def send() -> Any:
    """Send your tip: sealed and durable before the receipt is shown."""
    form, now = forms.SendForm(), clock.now()
    if not form.validate_on_submit():
        return _check_page(form)
    age, doubtful = journey.begun(now)
    try:
        proven = crowd.take_tip(journey.secret(), now, age=age, doubtful=doubtful)
    except OnceMore:
        return _check_page(form, once_more=True)
    except Full:
        return _full_page(form, now)
    db.begin_writing()
    sent_now = journey.send(current_language().tag, now, unproven=not proven)
    db.session.commit()
    journey.discard(sent_now.discarded)
    return redirect(url_for("public.sent"), code=303)


def _full_page(form: forms.SendForm, now: dt.datetime) -> Any:
    """There is no room: the draft gets its hour once more, and one press tries again."""
    db.begin_writing()
    journey.keep_longer(now)
    db.session.commit()
    page = render_template("public/tip/full.html", form=form, asked=crowd.ask(journey.secret(), now))
    return page, Full.status, {"Retry-After": str(Full.seconds)}


@bp.route("/tip/sent", methods=["GET", "POST"])
@guard.anyone
def sent() -> Any:
    """The receipt, until it is kept or 15 minutes are over; afterwards a page that says so plainly."""
    if request.method == "POST":
        return _keep()
    waiting, was_sent = None, True
    try:
        waiting = sent_tips.read_sent(journey.secret(), clock.now())
    except DraftSpent:
        if additions.was_sent(journey.secret()):
            return redirect(url_for("public.addition_sent"), code=303)
    except DraftGone:
        was_sent = False
    except WrongState:
        return redirect(url_for("public.check"), code=303)
    return render_template("public/tip/sent.html", waiting=waiting, was_sent=was_sent, profile=config.current().profile)


def _keep() -> Any:
    if forms.ActForm().validate_on_submit():
        db.begin_writing()
        sent_tips.keep_receipt(journey.secret())
        db.session.commit()
    return redirect(url_for("public.sent"), code=303)


@bp.route("/tip/delete", methods=["GET", "POST"])
@guard.anyone
def delete() -> Any:
    """Delete what I wrote."""
    form = forms.ActForm()
    if not form.validate_on_submit():
        return render_template("public/tip/delete.html", form=form)
    db.begin_writing()
    gone = journey.delete(clock.now())
    db.session.commit()
    journey.discard(gone)
    return render_template("public/tip/deleted.html")


@bp.get("/tip/copy")
@guard.anyone
def copy() -> Response:
    """What was written so far, as a text file."""
    draft = journey.open_draft(clock.now())
    answers, identity = drafts.read_parts(draft)
    exhibit = seal_targets.name_exhibit(draft.exhibit_id, current_language().tag)
    files = [file.details for file in versions.list_files(draft)]
    return _as_file(copies.unsent(answers, identity, files, exhibit), "tip.txt")


@bp.post("/tip/copy")
@guard.anyone
def sent_copy() -> Any:
    """What was sent, as a text file, once; asked for again, the page of what was sent."""
    if not forms.ActForm().validate_on_submit():
        return redirect(url_for("public.sent"), code=303)
    db.begin_writing()
    try:
        taken = sent_tips.take_copy(journey.secret(), clock.now())
    except (DraftGone, WrongState):
        return redirect(url_for("public.sent"), code=303)
    exhibit = seal_targets.name_exhibit(taken.exhibit_id, current_language().tag)
    db.session.commit()
    return _as_file(copies.sent(taken, exhibit), "tip.txt")


@bp.get("/tip/sent/receipt")
@guard.anyone
def receipt_file() -> Any:
    """The receipt as a text file, while it waits."""
    try:
        waiting = sent_tips.read_sent(journey.secret(), clock.now())
    except (DraftGone, WrongState):
        return redirect(url_for("public.sent"), code=303)
    address = url_for("public.receipt", _external=True)
    return _as_file(copies.receipt(waiting, address), "receipt.txt")


def _as_file(text: str, name: str) -> Response:
    response = make_response(text)
    response.mimetype = "text/plain"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
