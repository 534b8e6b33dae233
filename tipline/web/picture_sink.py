"""Where an administrator's picture goes while it arrives: memory, bounded, and nowhere else."""

from __future__ import annotations

import io
from typing import Any

from tipline.web.request import NullSink

MOST_IN_MEMORY = 20 * 1024 * 1024


class MemorySink(io.BytesIO):
    """Keeps a file, but no more than one byte over the limit: enough to see that it is too large."""

    def write(self, data: Any) -> int:
        """Keep what fits and forget the rest."""
        super().write(bytes(data[: max(MOST_IN_MEMORY + 1 - self.tell(), 0)]))
        return len(data)


class OneInMemory:
    """A sink for forms with one picture: the first file is kept in memory, any other is thrown away."""

    def __init__(self) -> None:
        self._used = False

    def __call__(self) -> Any:
        """The place for the next file of the form."""
        if self._used:
            return NullSink()
        self._used = True
        return MemorySink()
