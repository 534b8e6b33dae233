"""One piece of an index: a full-text table in memory that can be written as bytes and read from them again.

It holds folded words and where they stand, not the texts, and never touches a disk (SECURITY 26).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from tipline.services import folding

_TABLES = """
CREATE TABLE tip (row INTEGER PRIMARY KEY, id TEXT NOT NULL, records INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (original, work, content = '', columnsize = 0, tokenize = 'ascii');
"""
_FIND = "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC"
_HOLDS = "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?"
HIGHEST = (1 << 62) - 1


@dataclass(frozen=True)
class Entry:
    """One tip in an image: its place in the order of arrival, its id, and how many records its words come from."""

    row: int
    tip_id: str
    records: int


class Image:
    """The words of some tips. Used by several threads, one at a time: its index holds the lock."""

    def __init__(self, content: bytes | None = None) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if content is not None:
            self._connection.deserialize(content)
        for setting in ("temp_store = MEMORY", "journal_mode = OFF", "cache_size = -128", "trusted_schema = OFF"):
            self._connection.execute(f"PRAGMA {setting}")
        if content is None:
            self._connection.executescript(f"{_TABLES}PRAGMA user_version = {folding.FORM};")
        self._lock = threading.Lock()
        self.segment_id: str | None = None
        self.added = 0
        self.entries = {
            tip_id: Entry(row, tip_id, records)
            for row, tip_id, records in self._connection.execute("SELECT row, id, records FROM tip")
        }
        [[form]] = self._connection.execute("PRAGMA user_version")
        self.is_current = form == folding.FORM
        self.highest = max((entry.row for entry in self.entries.values()), default=0)

    @classmethod
    def sealed(cls, segment_id: str, content: bytes) -> Self:
        """The image that a segment holds."""
        image = cls(content)
        image.segment_id = segment_id
        return image

    def add(self, entries: Iterable[tuple[Entry, str, str]]) -> None:
        """Add tips with their folded words: of the original, and of everything else.

        A tip that is in it already comes under a new row; what its old row finds is then nobody's.
        """
        taken = list(entries)
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany("DELETE FROM tip WHERE id = ?", [(entry.tip_id,) for entry, _, _ in taken])
            self._connection.executemany(
                "INSERT INTO tip (row, id, records) VALUES (?, ?, ?)",
                [(entry.row, entry.tip_id, entry.records) for entry, _, _ in taken],
            )
            self._connection.executemany(
                "INSERT INTO words (rowid, original, work) VALUES (?, ?, ?)",
                [(entry.row, original, work) for entry, original, work in taken],
            )
            self._connection.execute("COMMIT")
        self.added += len(taken)
        for entry, _, _ in taken:
            self.entries[entry.tip_id] = entry
            [[form]] = self._connection.execute("PRAGMA user_version")
        self.is_current = form == folding.FORM
        self.highest = max(self.highest, entry.row)

    def find(self, expression: str, before: int) -> list[int]:
        """The rows below ``before`` that fit, the highest first."""
        with self._lock:
            return [row for (row,) in self._connection.execute(_FIND, (expression, before))]

    def holds(self, expression: str, row: int) -> bool:
        """Whether this row fits."""
        with self._lock:
            return self._connection.execute(_HOLDS, (expression, row)).fetchone() is not None

    def content(self) -> bytes:
        """The image as bytes."""
        with self._lock:
            self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            return bytes(self._connection.serialize())

    def close(self) -> None:
        """Let go of the words."""
        with self._lock:
            self._connection.close()
        self.entries = {}
