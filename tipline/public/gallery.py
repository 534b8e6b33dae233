"""The gallery, the page of one exhibit, and the pictures; and the way from the bare address to a language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from tipline.errors import NotFound, Withdrawn
from tipline.extensions import db
from tipline.public import bp
from tipline.public.modes import while_shown
from tipline.services import appeals, figures, pictures
from tipline.services import gallery as service
from tipline.web import guard
from tipline.web.headers import FOREVER
from tipline.web.locale import current_language, send_to_language
from tipline.web.open_pages import for_everybody

# What has no language: the bare address, pictures, and the word to search engines.
front = Blueprint("front", __name__)


@front.get("/")
@guard.anyone
def root() -> Response:
    """On to the gallery in the visitor's language."""
    return send_to_language()


@bp.get("/")
@guard.anyone
@for_everybody
@while_shown(200)
def gallery() -> str:
    """The published objects, their pictures first; a page at a time, by default those that are still needed."""
    page = service.read_gallery(
        current_language().tag, request.args.get("show", ""), after=request.args.get("after", "")
    )
    return render_template("public/gallery/gallery.html", page=page, figures=figures.shown())


@bp.get("/exhibits/<ref>")
@guard.anyone
@for_everybody
@while_shown(410)
def exhibit(ref: str) -> Any:
    """One object: its picture, the question, and what kind of detail helps."""
    try:
        shown = appeals.exhibit_page(ref, current_language().tag)
    except NotFound as refused:
        db.session.rollback()
        page = "withdrawn" if isinstance(refused, Withdrawn) else "not_shown"
        return render_template(f"public/gallery/{page}.html"), refused.status
    return render_template("public/gallery/exhibit.html", exhibit=shown)


@front.get("/pictures/<filename>")
@guard.anyone
def picture(filename: str) -> Response:
    """One rendering of a published object's picture. Its name is its digest, so it never changes."""
    known = appeals.public_picture(filename)
    response = make_response(b"" if known.digest in request.if_none_match else pictures.read_published(filename))
    response.mimetype = known.media_type
    response.set_etag(known.digest)
    response.headers["Cache-Control"] = FOREVER
    response.headers["Content-Disposition"] = "inline"
    return response.make_conditional(request)


@front.get("/robots.txt")
@guard.anyone
@for_everybody
def robots() -> Response:
    """Search engines may show the objects to people, and have no business on the pages of a tip."""
    lines = ["User-agent: *", "Disallow: /staff/", "Disallow: /admin/", "Disallow: /*/tip", "Disallow: /*/receipt"]
    return Response("\n".join([*lines, "Disallow: /*/leave", ""]), mimetype="text/plain")
