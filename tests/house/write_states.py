"""Write docs/STATES.md from the table of statuses: ``python -m tests.house.write_states``."""

from __future__ import annotations

from pathlib import Path

from tipline.services import statuses

STATES = Path(__file__).resolve().parents[2] / "docs" / "STATES.md"

if __name__ == "__main__":
    STATES.write_text(statuses.diagram(), encoding="utf-8")
