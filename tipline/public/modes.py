"""What the public finds while no tips are taken: a friendly page in place of the pages of a tip.

Under maintenance no tip is written, begun or sent, and drafts stay as they are. Once the campaign is over no new tip
begins; what was begun before can still be sent. The receipt opens its mailbox in every mode.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import render_template, request, url_for

from tipline import clock
from tipline.public import bp
from tipline.services.modes import CLOSED, MAINTENANCE
from tipline.web import journey
from tipline.web.locale import current_language
from tipline.web.mode import current_mode

BACK_IN_SECONDS = 600
WRITING = frozenset(
    f"public.{name}"
    for name in (
        "tip",
        "check",
        "contact",
        "files",
        "choose_hidden",
        "remove_file",
        "send",
        "add",
        "correct",
        "answer",
        "check_addition",
        "send_addition",
    )
)
BEGINNING = "public.tip"
# Acts without a page of their own, and the page that leads to them.
PAGE_OF = {
    "public.choose_hidden": "public.files",
    "public.remove_file": "public.files",
    "public.send": "public.check",
    "public.send_addition": "public.check_addition",
}


@bp.before_request
def stand_in() -> Any:
    """The page that stands in for one of a tip; None where that one may be shown. Reads no body."""
    if request.endpoint not in WRITING or (mode := current_mode()).takes_tips:
        return None
    words = mode.words_in(current_language().tag)
    if mode.name == MAINTENANCE:
        again = (
            url_for(PAGE_OF[request.endpoint]) if request.endpoint in PAGE_OF else request.script_root + request.path
        )
        page = render_template("public/info/paused.html", words=words, again=again)
        return page, 503, {"Retry-After": str(BACK_IN_SECONDS)}
    if request.endpoint == BEGINNING and not _is_writing():
        return render_template("public/info/closed.html", words=words), 410
    return None


def _is_writing() -> bool:
    """Whether the visitor has begun a tip that can still be sent; an addition to an older one is not a tip."""
    draft = journey.find_draft(clock.now())
    return draft is not None and draft.adds_to is None


def while_shown(status: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view of objects: where they are hidden because the campaign is over, thanks are said with this status."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def shown(**values: Any) -> Any:
            mode = current_mode()
            if not mode.hides_objects:
                return view(**values)
            words = mode.words_in(current_language().tag, CLOSED)
            return render_template("public/info/closed.html", words=words), status

        return shown

    return mark
