"""Adding to a tip by receipt: something more, a correction, an answer; written, checked, sent.

Until it is sent an addition is a draft like any other: its files, its copy and deleting it are those of ``/tip``.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from tipline import clock, config, languages
from tipline.errors import DraftGone, NotFound
from tipline.extensions import db
from tipline.public import bp, copies, forms
from tipline.public.forms_mailbox import AdditionForm
from tipline.public.mailbox import readable_messages
from tipline.public.tip import NO_ROOM, save
from tipline.services import additions, drafts, mailbox, versions
from tipline.services.conversation import MESSAGE, Message
from tipline.services.seal_targets import AddsTo, TipTarget
from tipline.services.visits import Visit
from tipline.web import guard, journey, visiting
from tipline.web.locale import current_language


@bp.route("/receipt/mailbox/add", methods=["GET", "POST"])
@guard.anyone
def add() -> Any:
    """Add something to a tip that was sent."""
    return _write("more")


@bp.route("/receipt/mailbox/correct", methods=["GET", "POST"])
@guard.anyone
def correct() -> Any:
    """Correct something in a tip that was sent."""
    return _write("correction")


@bp.route("/receipt/mailbox/messages/<message_id>/answer", methods=["GET", "POST"])
@guard.anyone
def answer(message_id: str) -> Any:
    """Answer a message of the desk; only where there is such a message."""
    return _write("answer", message_id)


def _write(kind: str, message_id: str | None = None) -> Any:
    """One page for the three; a GET makes no draft."""
    now = clock.now()
    visit = visiting.current(now)
    answered = _answered(visit, message_id)
    view = mailbox.look(visit.tip_id, now)
    if view.withdraw_at is not None:
        return redirect(url_for("public.mailbox"), code=303)
    about = additions.target(visit.tip_id, kind, message_id)
    if request.method == "GET":
        form, unsent = _begun(about)
        return _page(form, view, kind, answered, unsent=unsent)
    db.session.rollback()  # no transaction stays open while a body is read
    form = AdditionForm()
    if not form.validate_on_submit():
        return _page(form, view, kind, answered)
    if not save(form, about, now, doubtful=False):  # takes room as a tip does: one receipt must not fill the disk
        return _page(form, view, kind, answered), *NO_ROOM
    return redirect(url_for("public.check_addition"), code=303)


def _answered(visit: Visit, message_id: str | None) -> Message | None:
    """The message that is answered. Raises NotFound for one that is not there or takes no answer."""
    if message_id is None:
        return None
    found = [one for one in readable_messages(visit) if one.id == message_id and one.kind == MESSAGE]
    if not found:
        raise NotFound
    return found[0]


def _begun(about: TipTarget) -> tuple[AdditionForm, bool]:
    """The form with what was begun, and whether something else waits that is not sent."""
    draft = journey.find_draft(clock.now())
    mine = draft is not None and journey.is_about(draft, about)
    answers = drafts.read_parts(draft)[0] if draft is not None and mine else None
    return AdditionForm.of(answers, current_language().id), draft is not None and not mine


def _page(
    form: AdditionForm, view: mailbox.MailboxView, kind: str, answered: Message | None, *, unsent: bool = False
) -> str:
    return render_template(
        "public/mailbox/add.html",
        form=form,
        view=view,
        kind=kind,
        answered=answered,
        unsent=unsent,
        language_of=languages.by_tag,
        profile=config.current().profile,
    )


@bp.get("/receipt/mailbox/add/check")
@guard.anyone
def check_addition() -> Any:
    """Check what you want to send: not sent yet."""
    draft = journey.open_draft(clock.now())
    if draft.adds_to is None:
        return redirect(url_for("public.check"), code=303)
    answers = drafts.read_parts(draft)[0]
    return render_template(
        "public/mailbox/check.html",
        form=forms.ActForm(formdata=None),
        answers=answers,
        rows=copies.answer_rows(answers) if answers else (),
        first=_address_of(draft.adds_to),
        files=versions.list_files(draft),
        profile=config.current().profile,
        max_files=config.current().max_files,
    )


def _address_of(adds_to: AddsTo) -> str:
    """The page that an addition was written on."""
    if adds_to.message_id:
        return url_for("public.answer", message_id=adds_to.message_id)
    return url_for("public.correct" if adds_to.kind == "correction" else "public.add")


@bp.post("/receipt/mailbox/add/send")
@guard.anyone
def send_addition() -> Any:
    """Send it: sealed and durable before the next page; sent again, the same page."""
    if forms.ActForm().validate_on_submit():
        db.begin_writing()
        gone = journey.send_addition(clock.now())
        db.session.commit()
        journey.discard(gone)
    return redirect(url_for("public.addition_sent"), code=303)


@bp.get("/receipt/mailbox/add/sent")
@guard.anyone
def addition_sent() -> Any:
    """It was sent; whoever has sent nothing goes back to the mailbox."""
    try:
        was_sent = additions.was_sent(journey.secret())
    except DraftGone:
        was_sent = False
    if not was_sent:
        return redirect(url_for("public.mailbox"), code=303)
    return render_template("public/mailbox/sent.html")
