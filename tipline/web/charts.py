"""Charts as plain shapes: the server places the columns, a template draws them, a table says the same in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 140
GAP = 0.25  # of a column's place


@dataclass(frozen=True)
class Column:
    """One column of a chart, in the units of its drawing."""

    x: float
    y: float
    width: float
    height: float


def columns(numbers: Sequence[int]) -> tuple[Column, ...]:
    """One column for each number; zero has no height."""
    most = max(numbers, default=0)
    if not most:
        return ()
    place = WIDTH / len(numbers)
    found = []
    for position, number in enumerate(numbers):
        height = round(HEIGHT * number / most, 1)
        left = round(place * (position + GAP / 2), 1)
        found.append(Column(left, round(HEIGHT - height, 1), round(place * (1 - GAP), 1), height))
    return tuple(found)


def share(number: int, most: int) -> float:
    """How much of a bar's hundred a number takes."""
    return round(100 * number / most, 1) if most else 0
