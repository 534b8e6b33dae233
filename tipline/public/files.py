"""The files page of a tip: photographs and documents, encrypted as they arrive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from tipline import clock, config
from tipline.errors import Busy, DraftSpent, FileRefused, NotFound
from tipline.extensions import db
from tipline.public import bp, file_words, forms
from tipline.services import arrivals, uploads, versions
from tipline.services.drafts import OpenDraft
from tipline.services.uploads import Upload
from tipline.web import guard, headers, journey

RELOAD_SECONDS = 2, 5  # of the frame that shows progress: while files arrive, and before


@bp.route("/tip/files", methods=["GET", "POST"])
@guard.anyone
def files() -> Any:
    """Add photographs or documents; where the profile takes none, there is no such page."""
    if not config.current().profile.attachments or not config.current().max_files:
        raise NotFound
    draft = journey.open_draft(clock.now())
    if request.method == "GET":
        return _page(draft, forms.FilesForm())
    expected = _coming()
    with _told(draft, expected) as tell:
        try:
            upload = uploads.receive(draft, expected, tell=tell)
        except Busy:
            form = forms.FilesForm(formdata=None)  # the body is not read: there is no place for it
            form.add_error("files", _("Too many files are arriving at this moment. Try again in a few minutes."))
            return _page(draft, form), Busy.status
        with upload:  # from here on its slot is given back, whatever fails
            db.session.rollback()  # no transaction stays open while a body is read
            return _take(draft, upload)


def _coming() -> int:
    """How many bytes to make room for: a body that does not say its length may be as long as any."""
    settings = config.current()
    known = request.content_length
    return settings.max_files * settings.max_file_bytes if known is None else known


@contextlib.contextmanager
def _told(draft: OpenDraft, expected: int) -> Iterator[uploads.Tell | None]:
    """Write down how much has come, for a frame that shows it; a script shows it by itself and says so."""
    if request.headers.get("X-Requested-With"):
        yield None
        return
    noted = False

    def tell(arrived: int) -> None:
        nonlocal noted
        with contextlib.suppress(SQLAlchemyError):  # what is only shown must not stop what is sent
            db.in_writing(lambda: arrivals.note(draft, arrived, expected))
            noted = True

    try:
        yield tell
    finally:
        if noted:
            with contextlib.suppress(SQLAlchemyError):
                db.in_writing(lambda: arrivals.forget(draft))


def _take(draft: OpenDraft, upload: Upload) -> Any:
    request.file_sink = upload.new_spool  # type: ignore[attr-defined]
    form = forms.FilesForm()
    if not form.validate_on_submit():
        return _page(draft, form)
    named = form.named()
    if not named:
        form.add_error("files", _("Choose a file first"))
        return _page(draft, form)
    refused = upload.store(named, clock.now())
    if upload.stored:
        db.begin_writing()
        try:
            upload.attach()
        except FileRefused as error:
            refused = [(name, error.reason) for name, _spool in named]
            db.session.rollback()
        else:
            db.session.commit()
            upload.keep()
        db.end()  # the page that names refused files is made without the database's lock
    if not refused:
        return redirect(url_for("public.files"), code=303)
    form.add_error("files", " ".join(file_words.refusal(name, reason) for name, reason in refused))
    return _page(draft, form)


@bp.get("/tip/files/arriving")
@guard.anyone
def arriving() -> Response:
    """How much of an upload has come: a frame on the files page that asks for itself again, for want of scripts."""
    try:
        draft = journey.find_draft(clock.now())
    except DraftSpent:
        draft = None
    arrival = arrivals.read(draft) if draft else None
    shown = {}
    if arrival:
        shown = {"arrived": file_words.megabytes(arrival.arrived), "total": file_words.megabytes(arrival.expected)}
    response = make_response(render_template("public/tip/arriving.html", arrival=arrival, **shown))
    response.headers["Refresh"] = str(RELOAD_SECONDS[0 if arrival else 1])
    return headers.may_be_framed(response)


@bp.post("/tip/files/<attachment_id>/hidden")
@guard.anyone
def choose_hidden(attachment_id: str) -> Any:
    """Leave a photo's hidden details in, or take them out again."""
    if forms.ActForm().validate_on_submit():
        draft = journey.open_draft(clock.now())
        db.begin_writing()
        versions.choose(draft, attachment_id, keep=request.form.get("hidden") == "in")
        db.session.commit()
    return redirect(url_for("public.files"), code=303)


@bp.post("/tip/files/<attachment_id>/remove")
@guard.anyone
def remove_file(attachment_id: str) -> Any:
    """Take a file out again."""
    if forms.ActForm().validate_on_submit():
        now = clock.now()
        draft = journey.open_draft(now)
        db.begin_writing()
        gone = versions.remove_file(draft, attachment_id, now)
        db.session.commit()
        journey.discard(gone)
    return redirect(url_for("public.files"), code=303)


def _page(draft: OpenDraft, form: forms.FilesForm) -> Response:
    settings = config.current()
    page = render_template(
        "public/tip/files.html",
        form=form,
        files=versions.list_files(draft),
        sentences=file_words.sentences,
        max_files=settings.max_files,
        max_megabytes=settings.max_file_bytes // file_words.MEGABYTE,
    )
    return headers.may_frame_itself(make_response(page))
