"""One public page at a time in each process.

A public page takes milliseconds of work, and Python works on one at a time anyway: letting many threads push one
another off it in the middle costs a fifth more of the processor. What is slow, such as a sender or an upload, does not
hold the turn: a short form is read first, everything longer goes past. Nobody waits long for a page that hangs.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHORT_FORM = 1024 * 1024
PATIENCE = 0.5


class PublicTurns:
    """WSGI middleware that lets the public pages of this process take turns; the other doors go past."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        if not _is_short(environ):
            return self._app(environ, start_response)
        has_turn = self._turn.acquire(timeout=PATIENCE)
        try:
            return self._app(environ, start_response)
        finally:
            if has_turn:
                self._turn.release()


def _is_short(environ: dict[str, Any]) -> bool:
    """Whether the request is for a public page and here in full; a short form is read now."""
    if environ["PATH_INFO"].startswith(("/staff", "/admin")):
        return False
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        return True
    length = environ.get("CONTENT_LENGTH") or ""
    kind = environ.get("CONTENT_TYPE", "")
    if not (kind.startswith("application/x-www-form-urlencoded") and length.isdecimal() and int(length) <= SHORT_FORM):
        return False
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
    return True
