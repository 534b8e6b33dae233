"""The gallery, the page of one exhibit, and the pictures; and the way from the bare address to a language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.public import bp
from tipline.services import appeals, pictures
from tipline.web import guard
from tipline.web.headers import FOREVER
from tipline.web.locale import current_language, send_to_language

# What has no language: the bare address, pictures, and the word to search engines.
front = Blueprint("front", __name__)


@front.get("/")
@guard.anyone
def root() -> Response:
    """On to the gallery in the visitor's language."""
    return send_to_language()


@bp.get("/")
@guard.anyone
def gallery() -> str:
    """Every published object, its picture first."""
    return render_template("public/gallery/gallery.html", appeals=appeals.gallery(current_language().tag))


@bp.get("/exhibits/<ref>")
@guard.anyone
def exhibit(ref: str) -> Any:
    """One object: its picture, the question, and what kind of detail helps."""
    try:
        shown = appeals.exhibit_page(ref, current_language().tag)
    except NotFound:  # withdrawn or never there: the page says the same, so that it tells nobody which
        db.session.rollback()
        return render_template("public/gallery/not_shown.html"), NotFound.status
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
def robots() -> Response:
    """Search engines may show the objects to people, and have no business on the pages of a tip."""
    lines = ["User-agent: *", "Disallow: /staff/", "Disallow: /admin/", "Disallow: /*/tip", "Disallow: /*/receipt"]
    return Response("\n".join([*lines, "Disallow: /*/leave", ""]), mimetype="text/plain")
