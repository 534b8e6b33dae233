"""How many tips are taken of whom while many arrive: the rules for a crowd and against a flood.

There is a budget for the whole service and one for each network. Both are generous: thirty people behind one address
never notice them. The emptier the service's budget is, the fewer a single network may still take of it, so that a
flood from some networks leaves room for people in all others. Tips with a solved proof of work have the whole
capacity; those without have a quarter of it, and what looks like a machine a twentieth.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from tipline.errors import Full
from tipline.services.counters import Count, Counters

WINDOW = 600  # seconds in which the service's own budgets are counted
NETWORK_WINDOW = 3600
LEVELS = (0.25, 0.75, 1.5)  # of the capacity: from here on a proof of work is asked, then a harder one
PAGES_OF_A_TIP = 2  # that are counted: the first page and "send"
USES_OF_A_PAGE = 3  # a first page is shown once; a few more for those who go back, and no more


@dataclass(frozen=True)
class _Rule:
    """The part of the capacity; what a network may take in an hour at most, and what it may while there is any left."""

    share: float
    most: int
    fewest: int


class Kind(Enum):
    """What is taken."""

    DRAFT = "draft"
    HASTY_DRAFT = "hasty-draft"
    PROVEN = "proven"
    UNPROVEN = "unproven"
    DOUBTFUL = "doubtful"


RULES = {
    Kind.DRAFT: _Rule(0.8, 2400, 120),
    Kind.HASTY_DRAFT: _Rule(0.1, 120, 10),
    Kind.PROVEN: _Rule(1.0, 1200, 60),
    Kind.UNPROVEN: _Rule(0.25, 240, 30),
    Kind.DOUBTFUL: _Rule(0.05, 60, 5),
}
_CAME = Count("came", WINDOW)


class Budgets:
    """The budgets of one service. ``tips_per_hour`` is what it can take; counts may be shared by its processes."""

    def __init__(self, counters: Counters, tips_per_hour: float) -> None:
        self._counters = counters
        self._capacity = max(tips_per_hour * WINDOW / 3600, 1.0)

    def level(self, now: dt.datetime) -> int:
        """How much is going on: 0 in quiet hours, then 1, 2, 3. What was refused counts as well."""
        came = self._counters.read([_CAME], now)[0]
        load = came / PAGES_OF_A_TIP / self._capacity
        return sum(load >= start for start in LEVELS)

    def note_arrival(self, now: dt.datetime) -> None:
        """Count somebody who wants to begin or to send a tip."""
        self._counters.add([_CAME], now)

    def take(self, kind: Kind, network: str | None, now: dt.datetime) -> None:
        """Take one from the service's budget and from the network's. Raises Full, and then nothing is taken.

        Without a network there is the service's budget alone, and half of it.
        """
        rule = RULES[kind]
        limit = self._capacity * rule.share
        window = WINDOW if network is None else NETWORK_WINDOW
        counts = [Count(kind.value, WINDOW), Count(f"{kind.value}:{network or 'none'}", window)]
        used, mine = self._counters.read(counts, now)
        left = 1.0 - used / limit
        allowed = limit / 2 if network is None else max(rule.fewest, rule.most * left)
        if left <= 0 or mine >= allowed:
            raise Full
        self._counters.add(counts, now)

    def use_page(self, number: str, now: dt.datetime) -> bool:
        """Note that a first page with this number was sent in; whether that has happened too often for a person."""
        count = Count(f"page:{number}", NETWORK_WINDOW)
        used = self._counters.read([count], now)[0]
        self._counters.add([count], now)
        return used >= USES_OF_A_PAGE
