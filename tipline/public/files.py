"""The files page of a tip: photographs and documents, encrypted as they arrive."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from tipline import clock, config
from tipline.errors import Busy, FileRefused, NotFound
from tipline.extensions import db
from tipline.public import bp, forms
from tipline.services import attachments, uploads
from tipline.services.drafts import OpenDraft
from tipline.services.uploads import Upload
from tipline.web import guard, journey


@bp.route("/tip/files", methods=["GET", "POST"])
@guard.anyone
def files() -> Any:
    """Add photographs or documents; where the profile takes none, there is no such page."""
    if not config.current().profile.attachments or not config.current().max_files:
        raise NotFound
    draft = journey.open_draft(clock.now())
    if request.method == "GET":
        return _page(draft, forms.FilesForm())
    try:
        upload = uploads.receive(draft, _coming())
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
    form.add_error("files", " ".join(_sentence(name, reason) for name, reason in refused))
    return _page(draft, form)


@bp.post("/tip/files/<attachment_id>/remove")
@guard.anyone
def remove_file(attachment_id: str) -> Any:
    """Take a file out again."""
    if forms.ActForm().validate_on_submit():
        now = clock.now()
        draft = journey.open_draft(now)
        db.begin_writing()
        gone = attachments.remove_file(draft, attachment_id, now)
        db.session.commit()
        journey.discard(gone)
    return redirect(url_for("public.files"), code=303)


def _page(draft: OpenDraft, form: forms.FilesForm) -> str:
    settings = config.current()
    return render_template(
        "public/tip/files.html",
        form=form,
        files=attachments.list_files(draft),
        max_files=settings.max_files,
        max_megabytes=settings.max_file_bytes // (1024 * 1024),
    )


def _sentence(name: str, reason: str) -> str:
    shown = uploads.shown_name(name)
    settings = config.current()
    megabytes = settings.max_file_bytes // (1024 * 1024)
    words = {
        "type": _("“%(name)s” was not added: it must be a JPEG, PNG, WebP, HEIC, PDF or MP4 file.", name=shown),
        "size": _("“%(name)s” was not added: it must be smaller than %(size)s MB.", name=shown, size=megabytes),
        "empty": _("“%(name)s” was not added: the file is empty.", name=shown),
        "too-many": _("“%(name)s” was not added: you can add %(n)s files.", name=shown, n=settings.max_files),
        "bomb": _("“%(name)s” was not added: the picture has too many pixels.", name=shown),
        "broken": _("“%(name)s” was not added: the file is damaged or not what its name says.", name=shown),
    }
    return words.get(reason) or _("“%(name)s” was not added: it could not be read. Try again.", name=shown)
