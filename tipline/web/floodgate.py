"""The first look at a request: its address becomes today's name of a network, and a network that floods is sent away.

Sent away means a few prepared bytes, before anything is read, looked up or waited for. The limit is what several
hundred people behind one address need. Behind this gate no part of tipline can see an address or a browser's name.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_babel import force_locale

from tipline import clock
from tipline.languages import ENGLISH, Language, offered
from tipline.web import headers, pages
from tipline.web.crowd import NETWORK

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RECENT = "tipline.recent"  # how much a request's network has asked for in the last minutes
MEMORY_SECONDS = 300.0
MOST_RECENT = 3000.0  # pages in five minutes; ten a second go on passing
FILE_COST = 0.1  # against a page: bytes that lie ready
UPLOAD_COST = 5.0  # is read and worked on beside the pages
MOST_NETWORKS = 50_000
RETRY_SECONDS = 60
_FORGOTTEN = (
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_USER_AGENT",
    "werkzeug.proxy_fix.orig",
)

Naming = Callable[[str, dt.datetime], str | None]


class Meter:
    """How much each network has asked for lately. It fades by itself: after five minutes a third is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str | None, tuple[float, float]] = {}

    def note(self, network: str | None, cost: float, moment: float) -> float:
        """Add to a network's account unless it is over the limit; returns what the account then holds."""
        with self._lock:
            before, since = self._known.get(network, (0.0, moment))
            recent = before * math.exp((since - moment) / MEMORY_SECONDS) + cost
            if recent > MOST_RECENT and network is not None:
                return recent
            self._known[network] = (recent, moment)
            if len(self._known) > MOST_NETWORKS:
                self._forget()
            return recent

    def _forget(self) -> None:
        """Keep the half that asked for most."""
        by_size = sorted(self._known, key=lambda network: self._known[network][0])
        for network in by_size[: MOST_NETWORKS // 2]:
            del self._known[network]


class Refusal:
    """The page for those who are sent away, made once for each language that is asked for."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._pages: dict[str, bytes] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer in the language of the address."""
        page = self._page(offered(environ["PATH_INFO"][1:].partition("/")[0]) or ENGLISH)
        told = {
            **headers.ALWAYS,
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Cache-Control": "no-store",
            "Retry-After": str(RETRY_SECONDS),
        }
        start_response("429 Too Many Requests", list(told.items()))
        return [page]

    def _page(self, language: Language) -> bytes:
        if language.tag not in self._pages:
            with self._app.app_context(), force_locale(language.locale):
                self._pages[language.tag] = pages.bare(pages.TOO_MANY_REQUESTS, language).encode()
        return self._pages[language.tag]


class Floodgate:
    """WSGI middleware: ``naming`` makes of an address the network's name, ``refusal`` answers for those over it."""

    def __init__(self, app: WSGIApplication, naming: Naming, refusal: WSGIApplication) -> None:
        self._app, self._naming, self._refusal = app, naming, refusal
        self._meter = Meter()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, or send away."""
        network = self._naming(environ.get("REMOTE_ADDR") or "", clock.now())
        for name in _FORGOTTEN:
            environ.pop(name, None)
        recent = self._meter.note(network, _cost(environ), time.monotonic())
        if recent > MOST_RECENT and network is not None:
            return self._refusal(environ, start_response)
        environ[NETWORK], environ[RECENT] = network, recent
        return self._app(environ, start_response)


def _cost(environ: dict[str, Any]) -> float:
    if environ["PATH_INFO"].startswith(("/static/", "/pictures/")):
        return FILE_COST
    is_upload = environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").startswith("multipart/")
    return UPLOAD_COST if is_upload else 1.0
