"""Updates: how the search is going, as pages and as a feed."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, render_template, request

from tipline import config
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.public import bp
from tipline.services import figures
from tipline.services import updates as service
from tipline.web import guard
from tipline.web.locale import current_language
from tipline.web.open_pages import for_everybody


@bp.get("/updates")
@guard.anyone
@for_everybody
def updates() -> str:
    """The newest updates with the figures of the campaign; older ones a page at a time."""
    page = service.page(current_language().tag, request.args.get("before", ""))
    return render_template("public/updates/updates.html", page=page, figures=figures.shown())


@bp.get("/updates/<slug>")
@guard.anyone
@for_everybody
def update(slug: str) -> Any:
    """One update."""
    try:
        shown = service.update(slug, current_language().tag)
    except NotFound:  # withdrawn or never there: the page says the same
        db.session.rollback()
        return render_template("public/updates/not_shown.html"), NotFound.status
    return render_template("public/updates/update.html", update=shown)


@bp.get("/updates.atom")
@guard.anyone
@for_everybody
def updates_feed() -> Response:
    """The newest updates as an Atom feed (RFC 4287). Its id lives as long as the names of operator and service."""
    settings = config.current()
    tag = current_language().tag
    named = f"updates/{settings.operator_name}/{settings.service_name}/{tag}"
    text = render_template(
        "public/updates/feed.xml",
        page=service.page(tag),
        feed_id=uuid.uuid5(uuid.NAMESPACE_URL, named).urn,
        address=settings.public_address,
    )
    return Response(text, mimetype="application/atom+xml")
