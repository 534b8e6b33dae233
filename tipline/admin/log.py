"""The log, its segments and the clocks: for auditors only, and looking at the log is logged."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as Redirect

from tipline import clock
from tipline.admin import bp
from tipline.admin.forms_log import VerifyForm
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import accounts, audit, log_check
from tipline.services import log as service
from tipline.services import log_segments as segments
from tipline.services.log_events import EVENTS
from tipline.web import guard, log_words
from tipline.web.forms import check_token

NO_ID = re.compile(r"[^A-Za-z0-9_.:-]")


@bp.get("/log")
@guard.allow(Role.AUDITOR, logs=True)
def log() -> str:
    """Entries of one chain, newest first, narrowed as asked."""
    wanted = _filter()
    page = audit.read_entries(g.person.actor, wanted, request.args.get("before", type=int), clock.now())
    names = accounts.names_of(sorted({line.actor_id for line in page.lines if line.actor_id}))
    people = accounts.list_accounts()
    db.session.commit()
    address: dict[str, Any] = {name: value for name, value in request.args.items() if name != "before"}
    return render_template(
        "admin/log/log.html",
        page=page,
        wanted=wanted,
        names=names,
        people=people,
        chains=service.CHAINS,
        events=audit.events(),
        words=log_words,
        older=url_for(".log", **{**address, "before": page.older}) if page.older else None,
        newest=url_for(".log", **address) if "before" in request.args else None,
    )


@bp.get("/log/heads")
@guard.allow(Role.AUDITOR)
def log_heads() -> Response:
    """The ends of the chains as a file, to be kept somewhere else."""
    now = clock.now()
    return Response(
        log_check.export_heads(now),
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="tipline-log-heads-{now:%Y%m%d}.json"'},
    )


@bp.route("/log/verify", methods=["GET", "POST"])
@guard.allow(Role.AUDITOR)
def log_verify() -> str:
    """Verify every chain, against the heads that the auditor kept when there are any."""
    form = VerifyForm()
    report = None
    if form.validate_on_submit():
        db.end()  # a long read: it must not hold the lock that a post takes
        try:
            anchors = log_check.read_anchors(form.anchors.data) if form.anchors.data else ()
            report = log_check.verify(anchors)
        except BadInput:
            form.add_error("anchors", _("Paste whole files as you downloaded them. These cannot be read"))
    return render_template("admin/log/log_verify.html", form=form, report=report, words=log_words)


@bp.get("/log/segments")
@guard.allow(Role.AUDITOR)
def log_segments() -> str:
    """Closed and signed days of one chain, and which of them are held."""
    chain = _chain()
    return render_template(
        "admin/log/log_segments.html",
        chain=chain,
        chains=service.CHAINS,
        segments=segments.segments(chain),
        words=log_words,
    )


@bp.post("/log/segments/<segment_id>/hold")
@guard.allow(Role.AUDITOR)
def log_segment_hold(segment_id: str) -> Redirect:
    """Keep a segment for ongoing control."""
    check_token()
    segments.hold(segment_id, actor=g.person.actor, now=clock.now())
    chain = segments.segment_of(segment_id).chain
    db.session.commit()
    flash(_("The segment is held: it stays until you lift the hold."), "success")
    return redirect(url_for(".log_segments", chain=chain), 303)


@bp.post("/log/segments/<segment_id>/lift")
@guard.allow(Role.AUDITOR)
def log_segment_lift(segment_id: str) -> Redirect:
    """Let a held segment go with its time again."""
    check_token()
    segments.lift_hold(segment_id, actor=g.person.actor, now=clock.now())
    chain = segments.segment_of(segment_id).chain
    db.session.commit()
    flash(_("The hold is lifted: the segment goes when its years are over."), "success")
    return redirect(url_for(".log_segments", chain=chain), 303)


@bp.get("/clocks")
@guard.allow(Role.AUDITOR)
def clocks() -> str:
    """Where the clocks stand: what is due, what is held, what was erased."""
    return render_template(
        "admin/log/clocks.html", clocks=audit.clocks(clock.now()), chains=service.CHAINS, words=log_words
    )


@bp.get("/requests")
@guard.allow(Role.AUDITOR)
def requests() -> str:
    """The register of senders' requests with their clocks."""
    lines = audit.requests(clock.now())
    return render_template("admin/log/requests.html", lines=lines, words=log_words)


def _chain() -> str:
    chain = request.args.get("chain", "staff")
    return chain if chain in service.CHAINS else "staff"


def _filter() -> audit.Filter:
    given = request.args
    until = None
    with contextlib.suppress(ValueError):  # no date, or none that exists: the newest entries
        until = dt.date.fromisoformat(given.get("until", ""))
    return audit.Filter(
        chain=_chain(),
        event=given.get("event", "") if given.get("event") in EVENTS else "",
        actor_id=NO_ID.sub("", given.get("actor", ""))[:32],
        subject=NO_ID.sub("", given.get("subject", ""))[:64],
        outcome=given.get("outcome", "") if given.get("outcome") in {"ok", "denied"} else "",
        until=until,
    )
