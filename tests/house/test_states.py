"""The picture of the statuses in the documents is the table in the code."""

from __future__ import annotations

from tests.house.write_states import STATES
from tipline.services import statuses


def test_the_documented_states_are_the_table() -> None:
    assert STATES.read_text(encoding="utf-8") == statuses.diagram(), "run python -m tests.house.write_states"
