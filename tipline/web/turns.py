"""One public page at a time in each process, and the next turn goes to whoever has had the fewest.

A public page takes milliseconds of work, and Python works on one at a time anyway: letting many threads push one
another off it in the middle costs a fifth more of the processor. What is slow, such as a sender or an upload, does not
hold the turn: a short form is read first, everything longer goes past. Nobody waits long for a page that hangs.

While more wait than can be served, a network's recent requests (``web/floodgate``) decide who is next, and how long
somebody has waited; when too many wait, the one whose network has asked for most is sent away. So a flood stands behind
the people, not before them, and nobody who may wait waits for ever.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestTimeout

from tipline.web.floodgate import RECENT
from tipline.web.request import LARGEST_TEXT, PacedBody

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 0.5
MOST_WAITING = 32  # each holds a thread
FEW_WAITING = 4  # from here on what goes past is in the way of those who wait
MANY_REQUESTS = 100.0  # of one network in the last minutes: fewer are never sent away
FORGIVEN = 10.0  # requests for each second of waiting


class _Waiting:
    """Somebody who waits for a turn."""

    def __init__(self, recent: float) -> None:
        self.recent = recent
        self.since = time.monotonic()
        self.called = threading.Event()
        self.is_refused = False


class PublicTurns:
    """WSGI middleware that lets the public pages of this process take turns; the other doors go past."""

    def __init__(self, app: WSGIApplication, refusal: WSGIApplication) -> None:
        self._app, self._refusal = app, refusal
        self._lock = threading.Lock()
        self._taken = False
        self._given = 0  # how many turns were handed on: whether the one who has it gets anywhere
        self._waiting: list[_Waiting] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, or send away."""
        me = _Waiting(environ.get(RECENT, 0.0))
        if not _is_short(environ):
            in_the_way = me.recent > MANY_REQUESTS and len(self._waiting) >= FEW_WAITING
            return (self._refusal if in_the_way else self._app)(environ, start_response)
        has_turn = self._take(me)
        if me.is_refused:
            return self._refusal(environ, start_response)
        try:
            return self._app(environ, start_response)
        finally:
            if has_turn:
                self._hand_on()

    def _take(self, me: _Waiting) -> bool:
        """Wait for the turn; False when it was not worth waiting for: the page before hangs, or ``me`` is refused."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(me)
            if len(self._waiting) > MOST_WAITING:
                self._refuse_one()
            given = self._given
        while not me.called.wait(PATIENCE):
            with self._lock:
                if self._given == given and me in self._waiting:
                    self._waiting.remove(me)
                    return False
                given = self._given
        return not me.is_refused

    def _refuse_one(self) -> None:
        most = max(self._waiting, key=lambda one: one.recent)
        if most.recent > MANY_REQUESTS:
            self._waiting.remove(most)
            most.is_refused = True
            most.called.set()

    def _hand_on(self) -> None:
        with self._lock:
            self._given += 1
            if not self._waiting:
                self._taken = False
                return
            # Least asked for, less what the waiting up to now forgives; now is the same for all, so it is left out.
            following = min(self._waiting, key=lambda one: one.recent + FORGIVEN * one.since)
            self._waiting.remove(following)
            following.called.set()


def _is_short(environ: dict[str, Any]) -> bool:
    """Whether the request is for a public page and here in full; a short form is read now."""
    if environ["PATH_INFO"].startswith(("/staff", "/admin")):
        return False
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        return True
    length = environ.get("CONTENT_LENGTH") or ""
    kind = environ.get("CONTENT_TYPE", "")
    if not (
        kind.startswith("application/x-www-form-urlencoded") and length.isdecimal() and int(length) <= LARGEST_TEXT
    ):
        return False
    return _read_now(environ, int(length))


def _read_now(environ: dict[str, Any], length: int) -> bool:
    """Read a body; whether it came. When the application reads one that trickled, that ends the request."""
    try:
        environ["wsgi.input"] = io.BytesIO(PacedBody(environ["wsgi.input"]).read(length))
    except RequestTimeout:
        environ["wsgi.input"] = _TooSlow()
        return False
    return True


class _TooSlow:
    """A body that nobody waits for any longer."""

    def read(self, _size: int = -1) -> bytes:
        raise RequestTimeout
