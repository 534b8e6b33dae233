"""Reads a stranger's file in pieces, in the child process that strips it (see ``stripping``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

PIECE = 64 * 1024


class Broken(Exception):  # noqa: N818 - says what is so
    """Not a whole file of its kind."""


class Bomb(Exception):  # noqa: N818
    """A few bytes that claim more pixels than anybody could show."""


class Source:
    """Standard input, read ahead in pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._held = bytearray()

    def exactly(self, size: int) -> bytes:
        """The next bytes. Raises Broken when the file ends before."""
        while len(self._held) < size:
            if not self._fill():
                raise Broken
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next bytes, in pieces, never held as a whole."""
        while size:
            taken = self.exactly(min(PIECE, size))
            size -= len(taken)
            yield taken

    def until(self, pattern: re.Pattern[bytes], out: IO[bytes]) -> bool:
        """Copy everything before the next match; False when the file ends without one."""
        while True:
            found = pattern.search(self._held)
            if found is not None:
                out.write(self._held[: found.start()])
                del self._held[: found.start()]
                return True
            # Half a match may stand at the end.
            keep = 1 if self._held.endswith(b"\xff") else 0
            out.write(self._held[: len(self._held) - keep])
            del self._held[: len(self._held) - keep]
            if not self._fill():
                return False

    def drain(self) -> int:
        """Read to the end and forget it; how many bytes that was."""
        count = len(self._held)
        self._held.clear()
        while piece := self._file.read(PIECE):
            count += len(piece)
        return count

    def _fill(self) -> bool:
        piece = self._file.read(PIECE)
        self._held += piece
        return bool(piece)


def webp_size(kind: bytes, start: bytes) -> tuple[int, int] | None:
    """Width and height by the start of a WebP chunk's body; None for chunks that do not say them."""
    if kind == b"VP8X" and len(start) >= 10:
        return int.from_bytes(start[4:7], "little") + 1, int.from_bytes(start[7:10], "little") + 1
    if kind == b"VP8 " and len(start) >= 10:
        return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
    if kind == b"VP8L" and len(start) >= 5:
        both = int.from_bytes(start[1:5], "little")
        return (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    return None
