"""Pages that are the same for everybody: no cookie is read, and browsers and the process itself may keep them.

What a process keeps is good for one edition of what is published, whichever process publishes or withdraws, and for
a minute at most, for whatever else a page may be made of.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, make_response, request

from tipline import clock, config
from tipline.services import editions
from tipline.web.headers import is_personal
from tipline.web.locale import current_language
from tipline.web.representations import Representation, answer, make

# An object that is withdrawn is gone from everybody's screen after a minute.
A_MOMENT = "public, max-age=60"
MOST_BYTES = 32 * 1024 * 1024
BESIDE = 2048  # what keeping a page takes beside its bytes, its address above all
LONGEST_ADDRESS = 300
_EXTENSION = "tipline_open_pages"


@dataclass(frozen=True)
class _Kept:
    """A page, and the state of things that it shows."""

    state: Hashable
    page: Representation

    @property
    def size(self) -> int:
        return BESIDE + len(self.page.body) + len(self.page.packed or b"")


class KeptPages:
    """One page for each address; never more than ``MOST_BYTES`` of them, and those last asked for go last."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, state: Hashable) -> Representation | None:
        """The page under this key, if it shows this state of things."""
        with self._lock:
            kept = self._pages.get(key)
            if kept is None or kept.state != state:
                return None
            self._pages.move_to_end(key)
            return kept.page

    def put(self, key: Hashable, state: Hashable, page: Representation) -> None:
        """Keep a page in place of the one before."""
        with self._lock:
            before = self._pages.pop(key, None)
            self._bytes -= before.size if before else 0
            self._pages[key] = kept = _Kept(state, page)
            self._bytes += kept.size
            while self._bytes > MOST_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1].size


def register(app: Flask) -> None:
    """Each application keeps its own pages."""
    app.extensions[_EXTENSION] = KeptPages()


def for_everybody(view: Callable[..., Any]) -> Callable[..., Response]:
    """Mark a GET view whose page depends on its address and on what is published, and on nobody who asks.

    Only the body and the media type of an answer with status 200 are kept. A page that looked at the session after
    all, or says itself how it may be kept, is sent as it is: not kept, not packed.
    """

    @wraps(view)
    def shown(**values: Any) -> Response:
        pages: KeptPages = current_app.extensions[_EXTENSION]
        key = (request.url, current_language().tag)
        state = (editions.current(), clock.now().replace(second=0, microsecond=0), id(config.current()))
        page = pages.get(key, state)
        if page is None:
            made = make_response(view(**values))
            if made.status_code != 200 or is_personal() or "Cache-Control" in made.headers:
                return made
            page = make(made.get_data(), made.mimetype or "")
            if len(request.url) <= LONGEST_ADDRESS:  # strangers choose the address
                pages.put(key, state, page)
        return answer(page, A_MOMENT)

    return shown
