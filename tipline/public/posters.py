"""A poster to print: one object on one sheet of A4."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from tipline import config
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.public import bp
from tipline.public.modes import while_shown
from tipline.services import posters as service
from tipline.web import guard
from tipline.web.locale import current_language
from tipline.web.open_pages import for_everybody


@bp.get("/exhibits/<ref>/poster")
@guard.anyone
@for_everybody
@while_shown(410)
def poster(ref: str) -> Any:
    """The poster of an object that is still needed. Its code leads to the object's page in the poster's language.

    Where the service does not know its own address, the one that this visitor used is printed, and nobody keeps the
    page: a made-up Host or X-Forwarded-Host header must not come to stand on the poster of somebody else.
    """
    tag = current_language().tag
    try:
        shown = service.poster(ref, tag)
    except NotFound as refused:
        db.session.rollback()
        return render_template("public/poster/not_offered.html"), refused.status
    here = (config.current().public_address or request.host_url.rstrip("/")) + request.script_root
    address = f"{here}/{tag}/exhibits/{ref}"
    page = make_response(
        render_template(
            "public/poster/poster.html",
            exhibit=shown,
            code=service.draw_code(address),
            address=address.partition("://")[2],
        )
    )
    if not config.current().public_address:
        page.headers["Cache-Control"] = "no-store"
    return page
