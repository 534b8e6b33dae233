"""Releases: packages by state, the cover of one, and the decision on it. Nobody here can read what is inside."""

from __future__ import annotations

from typing import Any

from flask import Response as Streamed
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.admin.forms_releases import AcknowledgementForm, ReturnForm, SentForm
from tipline.errors import BadInput, DigestMismatch, NotFound, ReferralRefused, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import acknowledgements, handovers, packages
from tipline.services import releases as service
from tipline.web import authority_words, guard, referral_words
from tipline.web.cleaning import clean_line
from tipline.web.forms import TiplineForm, check_token


@bp.get("/releases")
@guard.allow(Role.ADMINISTRATOR)
def releases() -> str:
    """The packages of one state; those that wait unless another state is asked for."""
    state = request.args.get("state", "waiting")
    if state not in (*service.STATES, "all"):
        raise NotFound
    lines = service.list_packages(g.person, None if state == "all" else state, clock.now())
    return render_template(
        "admin/releases/releases.html", lines=lines, state=state, words=referral_words, urgencies=handovers.URGENCIES
    )


@bp.get("/releases/<ref>")
@guard.allow(Role.ADMINISTRATOR)
def release(ref: str) -> str:
    """One package: its cover, and what can be done with it."""
    return _page(ref)


@bp.post("/releases/<ref>/release")
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def release_package(ref: str) -> Response:
    """Release exactly the bytes whose digest was on the page."""
    check_token()
    checked = _check_bytes(ref)
    try:
        service.release(g.person, ref, request.form.get("sha256", ""), clock.now(), checked)
    except (ReferralRefused, WrongState) as refused:
        return _refused(ref, refused)
    db.session.commit()
    flash(_("Released. Download it, send it, and say here that it was sent."), "success")
    return redirect(url_for("admin.release", ref=ref), 303)


@bp.post("/releases/<ref>/return")
@guard.allow(Role.ADMINISTRATOR)
def return_package(ref: str) -> str | Response:
    """Do not release it: its bytes are deleted at once."""
    form = ReturnForm()
    if not form.validate_on_submit():
        return _page(ref, returning=form)
    names = service.return_package(g.person, ref, form.reason.data, clock.now())
    db.session.commit()
    packages.discard(names)
    flash(_("Returned. Its sealed bytes are deleted, and its tips can be proposed anew."), "success")
    return redirect(url_for("admin.release", ref=ref), 303)


@bp.get("/releases/<ref>/package.tar")
@guard.allow(Role.ADMINISTRATOR, logs=True)
def download_package(ref: str) -> Response:
    """The sealed package with its list and signature; the entry in the log is committed before the first byte."""
    checked = _check_bytes(ref)
    try:
        download = service.download_package(g.person, ref, clock.now(), checked)
    except ReferralRefused as refused:
        return _refused(ref, refused)
    db.session.commit()
    headers = {
        "Content-Disposition": f'attachment; filename="{download.name}"',
        "Content-Length": str(download.size),
        "X-Content-Type-Options": "nosniff",
    }
    return Streamed(download.pieces, mimetype="application/x-tar", headers=headers)


@bp.post("/releases/<ref>/sent")
@guard.allow(Role.ADMINISTRATOR)
def mark_sent(ref: str) -> str | Response:
    """Say that the package went to its recipient."""
    form = SentForm()
    if not form.validate_on_submit():
        return _page(ref, sending=form)
    try:
        service.mark_sent(g.person, ref, form.channel.data, clock.now())
    except (ReferralRefused, WrongState) as refused:
        return _refused(ref, refused)
    db.session.commit()
    flash(_("Noted as sent. The acknowledgement is awaited."), "success")
    return redirect(url_for("admin.release", ref=ref), 303)


@bp.post("/releases/<ref>/acknowledgement")
@guard.allow(Role.ADMINISTRATOR, takes_picture=True)
def acknowledge(ref: str) -> str | Response:
    """Enter what the authority sent back; a wrong digest changes nothing."""
    form = AcknowledgementForm()
    if not form.validate_on_submit():
        return _page(ref, acknowledging=form)
    try:
        digest, reference = _acknowledgement(ref, form)
        service.acknowledge(g.person, ref, digest, reference, clock.now())
    except (BadInput, DigestMismatch) as refused:
        db.session.rollback()
        _explain(form, refused)
        return _page(ref, acknowledging=form)
    db.session.commit()
    flash(_("Acknowledged. The authority has opened exactly what was sent."), "success")
    return redirect(url_for("admin.release", ref=ref), 303)


def _check_bytes(ref: str) -> packages.Checked | None:
    """Read the sealed bytes while nothing is locked; what follows may write."""
    db.end()
    checked = packages.check_bytes(ref)
    db.begin_writing()
    return checked


def _acknowledgement(ref: str, form: AcknowledgementForm) -> tuple[str, str]:
    """Digest and reference, from the file if there is one. Raises BadInput, DigestMismatch."""
    typed = form.reference.data or ""
    if form.file.data:
        raw = form.file.data.read(acknowledgements.LARGEST + 1)
        digest, reference = acknowledgements.read_acknowledgement(ref, raw)
        return digest, typed or clean_line(reference) or ""
    if not form.digest.data:
        raise BadInput("digest", "missing")
    return form.digest.data, typed


def _explain(form: AcknowledgementForm, refused: BadInput | DigestMismatch) -> None:
    if isinstance(refused, DigestMismatch):
        words = _("This is not the digest of this package. Nothing was changed: ask the authority to look again")
        form.add_error("file" if form.file.data else "digest", words)
    elif refused.field == "file":
        form.add_error("file", "This is not a filled-in ack.json")
    elif refused.field == "reference":
        form.add_error("reference", _("Use 80 characters or fewer"))
    else:
        form.add_error("digest", _("Choose the file, or enter the digest that they give"))


def _page(
    ref: str,
    returning: ReturnForm | None = None,
    sending: SentForm | None = None,
    acknowledging: AcknowledgementForm | None = None,
) -> str:
    """The page of one package; the form that was refused, if one was, keeps its answers and its words."""
    found = service.read_release(g.person, ref, clock.now())
    failing: TiplineForm | None = returning or sending or acknowledging
    given: dict[str, Any] = {
        "returning": returning or ReturnForm(formdata=None),
        "sending": sending or SentForm(formdata=None),
        "acknowledging": acknowledging or AcknowledgementForm(formdata=None),
    }
    return render_template(
        "admin/releases/release.html",
        found=found,
        form=failing,
        words=referral_words,
        codes=handovers,
        bases=authority_words.BASES,
        **given,
    )


def _refused(ref: str, refused: ReferralRefused | WrongState) -> Response:
    db.session.rollback()
    if isinstance(refused, ReferralRefused):
        flash(_("It cannot go out. %(reason)s", reason=referral_words.refusal(refused.reason)), "note")
    else:  # a second click, or somebody else was first
        flash(_("This has moved on in the meantime, so nothing was changed. Look at where it stands now."), "note")
    return redirect(url_for("admin.release", ref=ref), 303)
