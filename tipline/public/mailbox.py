"""The mailbox behind a receipt: status, messages, withdrawal and requests. What is added is in ``additions``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import redirect, render_template, url_for

from tipline import clock, config, languages
from tipline.errors import NotFound, VisitOver
from tipline.extensions import db
from tipline.public import bp, forms
from tipline.services import additions, conversation, mailbox, rights, withdrawals
from tipline.services.conversation import Message
from tipline.services.visits import Visit
from tipline.web import guard, journey, visiting

ASKED_FOR = ("access", "erasure")


@bp.errorhandler(VisitOver)
def not_open(error: VisitOver) -> Any:
    """Whatever was asked of a mailbox that is not open: the page that opens it."""
    db.session.rollback()
    form = forms.ReceiptForm(formdata=None)
    return render_template("public/receipt/receipt.html", form=form, over=True), error.status


@bp.get("/receipt/mailbox", endpoint="mailbox")
@guard.anyone
def mailbox_page() -> str:
    """What became of the tip, what waits for its sender, and what the sender can do."""
    now = clock.now()
    visit = visiting.current(now)
    asked = rights.of_tip(visit.tip_id)
    return render_template(
        "public/mailbox/mailbox.html",
        view=mailbox.look(visit.tip_id, now),
        messages=readable_messages(visit),
        language_of=languages.by_tag,
        added=additions.of_tip(visit.tip_id),
        requests=asked,
        asked={one.kind for one in asked if one.state == rights.OPEN},
        unsent=_is_adding(visit, now),
        profile=config.current().profile,
    )


def readable_messages(visit: Visit) -> tuple[Message, ...]:
    """What the sender may read: where the profile has no conversations, only the answers to their own requests."""
    messages = conversation.read_messages(visit.tip_id, visit.key)
    if config.current().profile.conversation:
        return messages
    return tuple(one for one in messages if one.kind == conversation.DECISION)


def _is_adding(visit: Visit, now: dt.datetime) -> bool:
    """Whether the visitor has an addition to this tip that is not sent yet."""
    draft = journey.find_draft(now)
    return draft is not None and draft.adds_to is not None and draft.adds_to.tip_id == visit.tip_id


@bp.route("/receipt/mailbox/withdraw", methods=["GET", "POST"])
@guard.anyone
def withdraw() -> Any:
    """Take the tip back; the mailbox then says whether it goes by itself or a person decides."""
    now = clock.now()
    visit = visiting.current(now)
    if not forms.ActForm().validate_on_submit():
        return render_template("public/mailbox/withdraw.html")
    db.begin_writing()
    withdrawals.withdraw(visit.tip_id, now)
    db.session.commit()
    return _back()


@bp.post("/receipt/mailbox/withdraw/undo")
@guard.anyone
def undo_withdrawal() -> Any:
    """Do not withdraw it."""
    now = clock.now()
    visit = visiting.current(now)
    if forms.ActForm().validate_on_submit():
        db.begin_writing()
        withdrawals.undo(visit.tip_id, now)
        db.session.commit()
    return _back()


@bp.route("/receipt/mailbox/requests/<kind>", methods=["GET", "POST"])
@guard.anyone
def request_right(kind: str) -> Any:
    """Ask for access or for erasure; a person answers by a date."""
    if kind not in ASKED_FOR:
        raise NotFound
    now = clock.now()
    visit = visiting.current(now)
    if not forms.ActForm().validate_on_submit():
        return render_template("public/mailbox/request.html", kind=kind, due_on=rights.due_date(now.date()))
    db.begin_writing()
    rights.ask(visit.tip_id, kind, now)
    db.session.commit()
    return _back()


@bp.post("/receipt/mailbox/requests/<kind>/take-back")
@guard.anyone
def take_request_back(kind: str) -> Any:
    """Do not ask for it any more."""
    if kind not in rights.KINDS:
        raise NotFound
    now = clock.now()
    visit = visiting.current(now)
    if forms.ActForm().validate_on_submit():
        db.begin_writing()
        rights.take_back(visit.tip_id, kind, now)
        db.session.commit()
    return _back()


@bp.post("/receipt/mailbox/close")
@guard.anyone
def close_mailbox() -> Any:
    """Close the mailbox; what was being added and was not sent goes with it."""
    if not forms.ActForm().validate_on_submit():
        return _back()
    now = clock.now()
    db.begin_writing()
    gone: tuple[str, ...] = ()
    draft = journey.find_draft(now)
    if draft is not None and draft.adds_to is not None:
        gone = journey.delete(now)
    visiting.end()
    db.session.commit()
    journey.discard(gone)
    return redirect(url_for("public.mailbox_closed"), code=303)


@bp.get("/receipt/closed")
@guard.anyone
def mailbox_closed() -> str:
    """The mailbox is closed."""
    return render_template("public/mailbox/closed.html")


def _back() -> Any:
    return redirect(url_for("public.mailbox"), code=303)
