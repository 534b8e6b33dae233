"""The request class: file parts go to a sink that was chosen before the body is read, never to a temp file.

Werkzeug would roll a large file part over to disk in clear. Here a view that takes files says first where they go
(``request.file_sink = …``); everywhere else file parts are thrown away as they arrive and a body is a text's size
(SECURITY 15).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, Any

from flask import Request
from werkzeug.exceptions import RequestTimeout

Sink = Callable[[], Any]

LARGEST_TEXT = 1024 * 1024  # the body of a request that brings no files
SLOWEST = 4 * 1024  # bytes a second, on average, after the grace
GRACE_SECONDS = 20.0
_PIECE = 64 * 1024
_SMALLEST_PIECE = 256
_SWIFT_SECONDS = 0.05


class NullSink:
    """Swallows what nobody asked for."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Forget the bytes."""
        self.size += len(data)
        return len(data)

    def read(self, _size: int = -1) -> bytes:
        """Nothing was kept."""
        return b""

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """There is only the start."""
        return 0

    def close(self) -> None:
        """Nothing to give back."""


class PacedBody:
    """A request's body that ends the request when it trickles: whoever sends slower than anybody needs to.

    A server waits until it has as much as it is asked for. So whoever sends slowly is asked for little at a time.
    """

    def __init__(self, body: IO[bytes]) -> None:
        self._body = body
        self._start = time.monotonic()
        self._size = 0
        self._piece = _SMALLEST_PIECE

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises RequestTimeout when they come too slowly."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        read = bytearray()
        while len(read) < size and (piece := self._next(size - len(read))):
            read += piece
        return bytes(read)

    def _next(self, most: int) -> bytes:
        asked = time.monotonic()
        piece = self._body.read(min(most, self._piece))
        self._size += len(piece)
        now = time.monotonic()
        is_swift = now - asked < _SWIFT_SECONDS
        self._piece = min(self._piece * 2, _PIECE) if is_swift else max(self._piece // 2, _SMALLEST_PIECE)
        elapsed = now - self._start
        if elapsed > GRACE_SECONDS and self._size < SLOWEST * (elapsed - GRACE_SECONDS):
            raise RequestTimeout
        return piece


class TipRequest(Request):
    """Flask's request with a choice of sink for file parts."""

    file_sink: Sink | None = None

    @property
    def max_content_length(self) -> int | None:
        """What the settings allow for requests with files, a text's size for all others."""
        if self._max_content_length is None and self.file_sink is None:
            return LARGEST_TEXT
        return super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    def _get_stream_for_parsing(self) -> Any:
        return PacedBody(super()._get_stream_for_parsing())

    def _get_file_stream(self, *_parts: Any, **_told: Any) -> Any:  # what a client says of its file decides nothing
        return NullSink() if self.file_sink is None else self.file_sink()
