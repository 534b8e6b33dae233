"""The files of a tip: each revealed or downloaded by a deliberate act, never previewed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug import Response

from tipline import clock
from tipline.errors import LeftToColleagues, RestDue
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, approval_lists, quarantine, reveals, welfare
from tipline.staff import bp, words
from tipline.staff.forms_quarantine import ReleaseForm
from tipline.staff.forms_tip import DownloadForm
from tipline.staff.tip import back_to, carried
from tipline.web import guard
from tipline.web.forms import check_token

# Whatever is inside a file: it runs nothing, loads nothing and is nobody's frame, even opened in a browser.
SANDBOX = "sandbox; default-src 'none'"


@bp.get("/tips/<ref>/attachments/<attachment_id>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def attachment(ref: str, attachment_id: str) -> str:
    """One file: what is known of it, and what may be done with it."""
    return page(ref, attachment_id, DownloadForm(formdata=None))


@bp.post("/tips/<ref>/attachments/<attachment_id>/reveal/<size>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def reveal_attachment(ref: str, attachment_id: str, size: str) -> str | Response:
    """Ask to see a picture, small and grey or in full."""
    check_token()
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    _take_heart(now)
    try:
        reveals.reveal(opened, attachment_id, size, now)
    except RestDue:
        return _rest(ref, attachment_id)
    except LeftToColleagues:
        return page(ref, attachment_id, DownloadForm(formdata=None))
    address = carried(opened.tip)
    db.session.commit()
    return redirect(url_for("staff.attachment", ref=ref, attachment_id=attachment_id, **address), code=303)


@bp.get("/tips/<ref>/attachments/<attachment_id>/picture/<size>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def attachment_picture(ref: str, attachment_id: str, size: str) -> Response:
    """A revealed picture, made of fresh pixels."""
    now = clock.now()
    seen = reveals.look(access.access_tip(g.person, ref, now=now), attachment_id, size, now)
    db.session.commit()
    shown = reveals.draw(seen)
    response = make_response(shown.data)
    response.content_type = shown.media_type
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@bp.post("/tips/<ref>/attachments/<attachment_id>/download")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def download_attachment(ref: str, attachment_id: str) -> str | Response:
    """The file as it was kept, after the warning."""
    form = DownloadForm()
    if not form.validate_on_submit():
        return page(ref, attachment_id, form)
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    _take_heart(now)
    try:
        taken = reveals.download(opened, attachment_id, now)
    except RestDue:
        return _rest(ref, attachment_id)
    except LeftToColleagues:
        return page(ref, attachment_id, form)
    db.session.commit()
    response = Response(taken.pieces, content_type="application/octet-stream")
    response.content_length = taken.size
    response.headers["Content-Disposition"] = f'attachment; filename="{taken.name}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/tips/<ref>/attachments/<attachment_id>/quarantine")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def quarantine_attachment(ref: str, attachment_id: str) -> Response:
    """Mark a file as suspected illegal: it stays shut, and the tip changes lane."""
    check_token()
    now = clock.now()
    quarantine.quarantine_file(access.access_tip(g.person, ref, now=now), attachment_id, now)
    db.session.commit()
    return back_to(ref)


def _take_heart(now: dt.datetime) -> None:
    """Somebody who was offered a break has decided to go on."""
    if request.form.get("go_on"):
        welfare.go_on(g.person, now)


def _rest(ref: str, attachment_id: str) -> str:
    """The gentle page: this person's own limit is reached. Nothing was shown or logged."""
    db.session.rollback()
    address = carried(access.see_tip(g.person, ref))
    return render_template(
        "staff/tip/rest.html",
        diary=welfare.read(g.person, clock.now()),
        back=url_for("staff.attachment", ref=ref, attachment_id=attachment_id, **address),
        again=request.full_path,
        understood=request.form.get("understood"),
    )


def page(ref: str, attachment_id: str, form: DownloadForm | None = None, release: ReleaseForm | None = None) -> str:
    """A file's page, with the form that was refused."""
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    line = reveals.file(opened, attachment_id, now)
    left_out = welfare.read(g.person, now).left_out
    shut = _shut(opened, line, now) if line.quarantined else None
    db.session.commit()
    return render_template(
        "staff/tip/attachment.html",
        tip=opened.tip,
        file=line,
        form=release or form,
        download=form or DownloadForm(formdata=None),
        address=carried(opened.tip),
        words=words,
        shut=shut,
        release=release or ReleaseForm(formdata=None),
        is_supervisor=Role.SUPERVISOR in g.person.roles,
        left_out=(welfare.PICTURE if line.kind in reveals.SHOWN else welfare.FILE) in left_out,
    )


def _shut(opened: access.OpenTip, line: reveals.FileLine, now: dt.datetime) -> dict[str, Any]:
    """What waits for a second person about a shut file, and why it was asked for."""
    standing = approval_lists.standing(quarantine.ACT, line.id, g.person, now, desk_id=opened.tip.desk_id)
    return {"proposal": standing, "reason": quarantine.release_reason(opened, line.id) if standing else None}
