"""docs/PRIVACY.md lists every stored column, each once, and nothing that is not stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tipline.models import Base

DOC = Path(__file__).resolve().parents[2] / "docs" / "PRIVACY.md"


def listed() -> list[list[str]]:
    """The rows of the table of columns, cell by cell."""
    rows = [line.strip("|").split("|") for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == 7 and row[2].strip() in {"O", "A"}]


def test_every_column_is_listed_once() -> None:
    named = Counter((row[0], column.strip()) for row in listed() for column in row[1].split(","))
    stored = Counter((table.name, column.name) for table in Base.metadata.tables.values() for column in table.columns)
    assert stored - named == Counter(), "not in docs/PRIVACY.md"
    assert named - stored == Counter(), "no longer stored"


def test_every_row_has_purpose_reader_protection_and_end() -> None:
    assert [row[:2] for row in listed() if not all(row)] == []
