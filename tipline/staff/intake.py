"""A tip by telephone, by letter or in person: written down here, sealed as every tip is, and then read by its desk.

What is typed waits as a draft under a secret that only the writer's cookie holds; sending seals it to the desk, and
from then on the writer too needs a grant and a reason to read it. The receipt is read out or sent back by letter.
"""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock, config, languages
from tipline.errors import DraftGone, DraftSpent, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import drafts, intake, queue, sent_tips
from tipline.services.answers import Answers
from tipline.services.drafts import OpenDraft
from tipline.staff import bp, filters, words
from tipline.staff.forms_intake import IntakeForm, ReadOutForm
from tipline.web import guard
from tipline.web.forms import check_token
from tipline.web.journey import NOTICE_VERSION

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)
_SECRET, _CHANNEL = "written-down", "written-down-by"  # entries of the cookie


@bp.route("/intake", methods=["GET", "POST"])
@both
def write_down() -> str | Response:
    """The form. Only what is posted makes a draft, and a new one takes the place of an unsent one."""
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = IntakeForm(exhibits=queue.exhibits_of(wanted.desk_id), data={"tip_language": "", "channel": "telephone"})
    if not config.current().profile.contact_details:
        for name in ("name", "email", "phone"):
            del form[name]
    if form.validate_on_submit():
        _forget()
        secret = drafts.new_secret()
        exhibit_id = form.exhibit.data or None
        draft = drafts.start_draft(
            secret, form.as_answers(), exhibit_id=exhibit_id, desk_id=wanted.desk_id, now=clock.now()
        )
        if identity := form.as_identity():
            drafts.write_identity(draft, identity, clock.now())
        db.session.commit()
        session[_SECRET], session[_CHANNEL] = secret, form.channel.data
        return redirect(url_for("staff.check_intake"), code=303)
    desk_id = wanted.desk_id
    return render_template("staff/intake/write.html", form=form, desk=_desk_name(desk_id), desk_id=desk_id)


@bp.route("/intake/check", methods=["GET", "POST"])
@both
def check_intake() -> str | Response:
    """What was written down, once more; sending it seals it."""
    form, now = ReadOutForm(), clock.now()
    try:
        if form.validate_on_submit():
            _send(drafts.read_parts(drafts.open_draft(_secret(), now))[0])
            return redirect(url_for("staff.taken_down"), code=303)
        draft = drafts.open_draft(_secret(), now)
    except DraftSpent:
        db.session.rollback()
        return redirect(url_for("staff.taken_down"), code=303)
    return render_template("staff/intake/check.html", form=form, **_written(draft))


@bp.get("/intake/sent")
@both
def taken_down() -> str | Response:
    """The receipt, until it was read out or its 15 minutes are over."""
    try:
        waiting = sent_tips.read_sent(_secret(), clock.now())
    except DraftSpent:
        waiting = None
    except (DraftGone, WrongState):
        return redirect(url_for("staff.write_down"), code=303)
    return render_template("staff/intake/sent.html", waiting=waiting)


@bp.post("/intake/kept")
@both
def receipt_told() -> Response:
    """The sender has the receipt: it is shown no more."""
    check_token()
    sent_tips.keep_receipt(_secret())
    _forget()
    db.session.commit()
    flash(_("The receipt is no longer here. The tip is in the queue."), "done")
    return redirect(url_for("staff.queue"), code=303)


@bp.post("/intake/delete")
@both
def delete_intake() -> Response:
    """Delete what was written down and not sent."""
    check_token()
    _forget()
    db.session.commit()
    flash(_("What you wrote down is deleted."), "done")
    return redirect(url_for("staff.queue"), code=303)


def _send(answers: Answers | None) -> None:
    term = languages.by_id(answers.tip_language) if answers else None
    offered = languages.offered(term.tag) if term else None
    intake.send(
        _secret(),
        ui_language=offered.tag if offered else languages.ENGLISH.tag,
        notice_version=NOTICE_VERSION,
        now=clock.now(),
        taken_down=intake.TakenDown(session.get(_CHANNEL, "telephone"), g.person.actor),
    )
    db.session.commit()


def _written(draft: OpenDraft) -> dict[str, Any]:
    answers, identity = drafts.read_parts(draft)
    titles = queue.exhibit_titles([draft.exhibit_id])
    return {
        "answers": answers,
        "identity": identity,
        "channel": words.CHANNELS.get(session.get(_CHANNEL, ""), ""),
        "exhibit": titles.get(draft.exhibit_id or ""),
        "tip_language": languages.by_id(answers.tip_language) if answers else None,
        "desk": _desk_name(draft.desk_id),
        "words": words,
    }


def _desk_name(desk_id: str) -> str:
    return next((desk.name for desk in filters.desks() if desk.id == desk_id), "")


def _secret() -> bytes:
    value = session.get(_SECRET)
    if not isinstance(value, bytes) or len(value) != drafts.SECRET_SIZE:
        raise DraftGone
    return value


def _forget() -> None:
    """Take the secret out of the cookie, and erase the draft behind it unless it was sent."""
    secret = session.pop(_SECRET, None)
    session.pop(_CHANNEL, None)
    if isinstance(secret, bytes):
        drafts.delete_draft(secret, clock.now())
